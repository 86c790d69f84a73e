"""Filling a frame from Python: what a decoder that is not compiled does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.frame import Frame, Kind, Refusal, SymbolTable
from market.grid import Grid

INT64 = st.integers(-(2**63), 2**63 - 1)
LEVELS = st.lists(st.tuples(INT64, INT64), max_size=4)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(Kind),
            "slot": st.integers(-1, 5),
            "first": INT64,
            "last": INT64,
            "prev": INT64,
            "ts_event": INT64,
            "bid": st.tuples(INT64, INT64),
            "ask": st.tuples(INT64, INT64),
            "seller": st.booleans(),
            "bids": LEVELS,
            "asks": LEVELS,
        }
    ),
    max_size=5,
)


@given(EVENTS, EVENTS)
def test_a_filled_frame_gives_back_its_events_and_nothing_of_the_one_before(before, events):
    frame = Frame()
    frame.fill(before, 2, 9)
    assert frame.fill(events, 1, 7) == len(events)
    assert [frame.event(at) for at in range(frame.count)] == events
    assert (frame.count, frame.channel, frame.sequence) == (len(events), 1, 7)


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("last", 2**63, OverflowError),
        ("slot", 2**31, OverflowError),
        ("kind", 99, ValueError),
        ("bids", [(1,)], ValueError),
        ("bid", None, TypeError),
        ("last", "7", TypeError),
        ("asks", [("1", 2)], TypeError),
    ],
)
def test_what_is_no_event_is_raised_and_leaves_the_frame_empty(key, value, error):
    good = {
        "kind": Kind.DIFF,
        "slot": 0,
        "first": 1,
        "last": 2,
        "prev": 0,
        "ts_event": 3,
        "bid": (0, 0),
        "ask": (0, 0),
        "seller": False,
        "bids": [(1, 2)],
        "asks": [],
    }
    frame = Frame()
    with pytest.raises(error):
        frame.fill([good, good | {key: value}])
    assert frame.count == 0
    with pytest.raises(KeyError):
        frame.fill([{name: field for name, field in good.items() if name != "prev"}])
    assert frame.fill([good]) == 1


def test_more_events_than_a_frame_may_hold_are_refused():
    one = {"kind": 0, "slot": -1, "first": 0, "last": 0, "prev": 0, "ts_event": 0}
    one |= {"bid": (0, 0), "ask": (0, 0), "seller": False, "bids": [], "asks": []}
    frame = Frame()
    assert frame.fill([one] * 65_536) == 65_536
    assert frame.fill([one] * 65_537) == Refusal.OVER_LIMIT
    assert (frame.count, frame.refusal) == (0, Refusal.OVER_LIMIT)


def test_a_refused_frame_is_empty_and_names_the_symbol():
    frame = Frame()
    assert frame.refuse(Refusal.UNKNOWN_SYMBOL, b"XYZ") == -3
    assert (frame.count, frame.refusal, frame.symbol) == (0, -3, b"XYZ")
    with pytest.raises(ValueError, match="-99"):
        frame.refuse(-99)


def test_a_symbol_gives_its_row():
    symbols = SymbolTable()
    symbols.put(b"BTC-USDT", 3, Grid(1), Grid(8, 10))
    assert symbols.row(b"BTC-USDT") == (3, 1, 1, 8, 10)
    assert symbols.row(b"BTC") is None
