"""The probe measures one frame of so many, by stage and venue, as its plain twin does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.plain_probe import PlainProbe
from market.probe import STAGES, UNKNOWN, Probe, Ticks

marks = st.lists(st.integers(2, len(STAGES) - 2), max_size=12)
frames = st.lists(
    st.tuples(
        st.sampled_from(["binance.ws.1#1", "binance.ws.2", "coinbase.ws.1"]),
        marks,
        st.one_of(st.just(UNKNOWN), st.integers(-1_000, 10**10)),
    ),
    max_size=20,
)


def measured(kind, given_frames, every, anchor):
    probe = kind(Ticks(7), every)
    probe.anchor_ns = anchor
    for number, (source, stages, lag) in enumerate(given_frames):
        probe.start(number * 100)
        for stage in stages:
            probe.mark(stage)
        probe.end(source, lag)
    return {
        venue: [(one.count, one.sum, one.max) for one in rows]
        for venue, rows in probe.venues.items()
    }


@given(frames, st.integers(1, 4), st.sampled_from([UNKNOWN, 0, -5_000]))
def test_any_frames_give_the_twins_histograms(given_frames, every, anchor):
    assert measured(Probe, given_frames, every, anchor) == measured(
        PlainProbe, given_frames, every, anchor
    )


def test_time_between_two_marks_belongs_to_the_later_ones_stage():
    """The same stage gone through twice is one value of the sum, and the total is all of it."""
    book, cache = STAGES.index("book"), STAGES.index("cache")
    seen = measured(Probe, [("binance.ws.1", [book, cache, book], 250)], 1, UNKNOWN)["binance"]
    found = dict(zip(STAGES, seen, strict=True))
    assert found["book"] == (1, 14, 14)
    assert found["cache"] == (1, 7, 7)
    assert found["total"] == (1, 21, 21)
    assert found["venue"] == (1, 250, 250)
    assert found["socket"] == found["decode"] == (0, 0, 0)


def test_with_an_anchor_the_way_from_the_socket_counts():
    """A frame stamped 1,000 ns before the first mark waited for so long, and so did the total."""
    decode = STAGES.index("decode")
    probe = Probe(Ticks(1_000), 1)
    probe.anchor_ns = 5_000_000
    probe.start(5_000_000)
    probe.mark(decode)
    probe.end("binance.ws.1")
    found = dict(zip(STAGES, probe.venues["binance"], strict=True))
    assert (found["socket"].sum, found["total"].sum) == (1_000, 2_000)


def test_one_of_so_many_frames_is_measured():
    probe = Probe(Ticks(), 3)
    assert [probe.start(0) for _ in range(7)] == [False, False, True] * 2 + [False]


def test_many_epochs_of_a_connection_are_one_venue():
    """Sources come and go for months; what is kept is by venue."""
    probe = Probe(Ticks(), 1)
    for number in range(1_000):
        probe.start(0)
        probe.mark(STAGES.index("book"))
        probe.end(f"binance.ws.1#{number}")
    assert list(probe.venues) == ["binance"]
    assert probe.venues["binance"][STAGES.index("book")].count == 1_000


def test_a_mark_outside_the_stages_and_a_rate_of_none_are_refused():
    for kind in (Probe, PlainProbe):
        with pytest.raises(IndexError):
            kind(Ticks(), 1).mark(len(STAGES))
        with pytest.raises(IndexError):
            kind(Ticks(), 1).mark(-1)
        with pytest.raises(ValueError, match="measured"):
            kind(Ticks(), 0)
