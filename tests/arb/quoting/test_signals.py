"""The compiled estimates equal those that are written for reading, to the last bit."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.quoting.plain_signals import PlainSignals
from arb.quoting.signals import Signals

SECOND = 1_000_000_000
LOTS = st.integers(1, 10**9)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("touch"), st.integers(1, 10**7), st.integers(0, 50), LOTS, LOTS),
        st.tuples(st.just("trade"), st.integers(1, 10**7), LOTS, st.booleans()),
        st.tuples(st.just("rescale"), st.sampled_from((1, 10)), st.sampled_from((1, 10))),
        st.tuples(st.just("wait"), st.integers(0, 100 * SECOND)),
    ),
    max_size=30,
)


def seen(signals, now):
    return (
        (signals.bid, signals.bid_lots, signals.ask, signals.ask_lots, signals.mid),
        (signals.imbalance, signals.microprice, signals.order_flow(now)),
        (signals.volatility(now), signals.intensity(now), signals.first_ns),
        signals.vpin.value if signals.vpin is not None else None,
    )


@given(STEPS, st.sampled_from((0.5, 30.0)), st.sampled_from((0.0, 1e6)))
def test_both_twins_estimate_the_same(steps, half_life_s, bucket):
    now, grown = SECOND, 1
    twins = (Signals(half_life_s, bucket), PlainSignals(half_life_s, bucket))
    for what, *values in steps:
        if what == "wait":
            now += values[0]
        elif what == "rescale" and grown < 1000:
            grown *= 10
            for one in twins:
                one.rescale(*values)
        for one in twins:
            if what == "touch":
                bid, width, bids, asks = values
                one.on_touch((bid, bids, bid + width, asks), now)
            elif what == "trade":
                price, lots, buyer = values
                one.on_trade(price, lots, now, buyer=buyer)
        assert seen(twins[0], now) == seen(twins[1], now)


def test_the_same_touch_told_again_changes_nothing():
    signals = Signals()
    signals.on_touch((100, 5, 101, 7), SECOND)
    signals.on_touch((101, 6, 103, 2), 2 * SECOND)
    before = seen(signals, 3 * SECOND)
    signals.on_touch((101, 6, 103, 2), 3 * SECOND)
    assert seen(signals, 3 * SECOND) == before


def test_a_half_life_must_be_positive():
    with pytest.raises(ValueError, match="half_life_s"):
        Signals(0.0)


def test_numbers_that_do_not_fit_a_finer_grid_are_an_error():
    signals = Signals()
    signals.on_touch((1 << 61, 1, (1 << 61) + 1, 1), SECOND)
    with pytest.raises(OverflowError):
        signals.rescale(10, 1)


def test_signals_from_their_dump_go_on_to_the_last_bit():
    first = Signals(7.0, 50.0)
    steps = [(100 + at * at % 7, 3 + at % 5, 104 + at % 3, 2 + at % 4) for at in range(40)]
    for at, touch in enumerate(steps[:20]):
        first.on_touch(touch, at * 10**8 + 1)
        first.on_trade(103, 4, at * 10**8 + 2, buyer=bool(at % 2))
    again = Signals.load(first.dump(), copy.deepcopy(first.vpin))
    assert again.dump() == first.dump()
    for at, touch in enumerate(steps[20:], 20):
        now = at * 10**8 + 1
        for one in (first, again):
            one.on_touch(touch, now)
            one.on_trade(102, 4, now, buyer=True)
        assert again.volatility(now) == first.volatility(now)
        assert again.intensity(now) == first.intensity(now)
        assert again.order_flow(now) == first.order_flow(now)
        assert again.vpin == first.vpin
    assert again.dump() == first.dump()
