"""A venue's clock against ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.transport.offset import Offset, OffsetEstimator, OffsetParameters

MS = 1_000_000


def test_there_is_no_offset_before_the_first_round_trip():
    assert OffsetEstimator().offset() is None


def test_a_round_trip_is_known_to_half_its_length():
    estimator = OffsetEstimator(resolution_ns=0)
    estimator.add(1000 * MS, 1260 * MS, 1020 * MS)
    assert estimator.offset() == Offset(250 * MS, 10 * MS)


def test_the_median_of_the_shortest_round_trips_rules_out_slow_ones():
    estimator = OffsetEstimator(OffsetParameters(samples=5, best=3), resolution_ns=0)
    for offset_ms, round_trip_ms in ((100, 10), (104, 12), (102, 11), (900, 400), (-700, 300)):
        sent = 10_000 * MS
        estimator.add(sent, sent + (round_trip_ms // 2 + offset_ms) * MS, sent + round_trip_ms * MS)
    found = estimator.offset()
    assert abs(found.offset_ns - 102 * MS) <= MS
    assert found.doubt_ns == 11 * MS // 2


def test_only_the_last_samples_count():
    estimator = OffsetEstimator(OffsetParameters(samples=3, best=1), resolution_ns=0)
    estimator.add(0, 0, 0)
    for _ in range(3):
        estimator.add(0, 55 * MS, 10 * MS)
    assert estimator.offset() == Offset(50 * MS, 5 * MS)


def test_a_round_trip_that_ends_before_it_began_is_refused():
    estimator = OffsetEstimator()
    assert not estimator.add(100, 100, 99)
    assert estimator.offset() is None


def trips(estimator: OffsetEstimator, count: int, offset_ms: int) -> None:
    """Add round trips of 20 ms to a venue whose clock is so far ahead."""
    for _ in range(count):
        estimator.add(1000 * MS, (1010 + offset_ms) * MS, 1020 * MS)


def test_two_round_trips_are_enough_to_see_that_the_venue_set_its_clock():
    estimator = OffsetEstimator(resolution_ns=0)
    trips(estimator, 16, 0)
    trips(estimator, 1, 5000)
    assert estimator.offset() == Offset(0, 10 * MS)
    trips(estimator, 1, 5000)
    assert estimator.offset() == Offset(5000 * MS, 10 * MS)


def test_a_single_odd_reply_moves_nothing():
    estimator = OffsetEstimator(resolution_ns=0)
    trips(estimator, 8, 0)
    trips(estimator, 1, -9000)
    trips(estimator, 1, 0)
    assert estimator.offset() == Offset(0, 10 * MS)


def test_a_step_of_our_clock_shifts_what_was_measured():
    estimator = OffsetEstimator(resolution_ns=0)
    estimator.add(0, 60 * MS, 20 * MS)
    estimator.stepped(30 * MS)
    assert estimator.offset() == Offset(20 * MS, 10 * MS)


@given(
    st.integers(-(10**10), 10**10),
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=30),
)
def test_the_true_offset_lies_within_the_doubt(true_ns, legs):
    """Whatever the way there and back took, and with the venue cutting to milliseconds."""
    estimator = OffsetEstimator()
    now_ns = 10**18
    for there_ns, back_ns in legs:
        venue_ns = (now_ns + there_ns + true_ns) // MS * MS
        estimator.add(now_ns, venue_ns, now_ns + there_ns + back_ns)
        now_ns += 10**9
    found = estimator.offset()
    assert abs(found.offset_ns - true_ns) <= found.doubt_ns + 1


@pytest.mark.parametrize(("samples", "best"), [(4, 5), (5, 2), (5, 0)])
def test_parameters_out_of_range_are_refused(samples, best):
    with pytest.raises(ValueError, match="odd"):
        OffsetParameters(samples, best)
