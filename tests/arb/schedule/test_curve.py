"""What is due by when: exact, never less than before by time alone, and all of it at the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.schedule.curve import BINS_MAX, PPM, Even, Participation, Profiled, Seen, Window

WINDOW = Window(1_000, 2_000)


@pytest.mark.parametrize(
    ("now", "due"),
    [(0, 0), (1_000, 0), (1_001, 0), (1_500, 5), (1_999, 9), (2_000, 10), (9_999, 10)],
)
def test_twap_is_due_by_the_time_passed(now, due):
    assert Even(WINDOW).due(10, now) == due


@pytest.mark.parametrize(
    ("now", "due"),
    [(0, 0), (1_000, 0), (1_250, 300), (1_499, 598), (1_500, 600), (1_750, 600), (1_875, 800)],
)
def test_a_given_profile_is_followed_and_even_within_a_part(now, due):
    assert Profiled(WINDOW, (3, 3, 0, 4)).due(1_000, now) == due
    assert Profiled(WINDOW, (3, 3, 0, 4)).due(1_000, 2_000) == 1_000


def test_a_profile_that_no_volume_could_follow_is_refused():
    for weights in ((), (0, 0), (1, -1), (1,) * (BINS_MAX + 1)):
        with pytest.raises(ValueError, match="weights"):
            Profiled(WINDOW, weights)


def test_a_window_without_length_and_a_share_of_nothing_are_refused():
    with pytest.raises(ValueError, match="end after"):
        Window(5, 5)
    for share in (0, PPM + 1):
        with pytest.raises(ValueError, match="participation"):
            Participation(WINDOW, share)
    with pytest.raises(ValueError, match="equal parts"):
        Seen(WINDOW, 1_000, 3)


def test_without_volume_before_the_window_the_seen_profile_is_even():
    curve = Seen(WINDOW, 10_000, 10)
    assert curve.due(100, 1_300) == 30
    curve.hear(7, 1_000)
    curve.hear(7, 1_400)
    assert curve.due(100, 1_400) == 40


def test_more_volume_than_was_expected_moves_a_seen_profile_ahead():
    slow, fast = Seen(WINDOW, 10_000, 10), Seen(WINDOW, 10_000, 10)
    for at in range(0, 1_000, 100):
        slow.hear(10, at)
        fast.hear(10, at)
    slow.hear(10, 1_400)
    fast.hear(90, 1_400)
    assert slow.due(100, 1_500) < 50 < fast.due(100, 1_500)


def test_a_part_of_the_period_that_was_heard_before_is_expected_again():
    """Half of an earlier period's volume fell into its last tenth, and so it will again."""
    curve = Seen(Window(1_000, 2_000), 1_000, 10)
    for part in range(10):
        curve.hear(90 if part == 9 else 10, part * 100)
    for part in range(5):
        curve.hear(10, 1_000 + part * 100)
    # 50 have traded, and 40 + 90 are to come.
    assert curve.due(1_800, 1_500) == 1_800 * 50 // 180


def test_a_seen_profile_counts_whole_periods_at_their_mean():
    curve = Seen(Window(1_000, 5_000), 1_000, 10)
    for part in range(10):
        curve.hear(10, part * 100)
    curve.hear(100, 1_000)
    # 200 were heard in 1000 ns; three periods of it and one known by its parts are to come.
    assert curve.due(10**9, 1_000) == 10**9 * 100 // (100 + 3 * 200 + 110 + 90)


def test_pov_is_due_by_the_volume_inside_the_window():
    curve = Participation(WINDOW, 100_000)
    curve.hear(1_000, 999)
    curve.hear(55, 1_000)
    curve.hear(5, 1_999)
    curve.hear(1_000, 2_000)
    assert curve.due(100, 5_000) == 6
    assert curve.due(4, 5_000) == 4


@given(
    st.integers(1, 10**30),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any),
    st.lists(st.integers(0, 2_500), max_size=20),
)
def test_timed_curves_never_shrink_nor_pass_the_whole(whole, weights, times):
    for curve in (Even(WINDOW), Profiled(WINDOW, tuple(weights))):
        due = [curve.due(whole, now) for now in sorted(times)]
        assert due == sorted(due)
        assert all(0 <= one <= whole for one in due)


@given(
    st.integers(1, 10**30),
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 300)), max_size=40),
    st.integers(100, 5_000),
)
def test_curves_by_volume_stay_within_the_whole(whole, trades, period):
    curves = (Seen(WINDOW, period * 10, 10), Participation(WINDOW, 250_000))
    now = traded = 0
    for amount, pause in trades:
        now += pause
        traded += amount if 1_000 <= now < 2_000 else 0
        for curve in curves:
            curve.hear(amount, now)
            assert 0 <= curve.due(whole, now) <= whole
        assert curves[1].due(whole, now) == min(whole, traded // 4)
    assert curves[0].due(whole, 2_000 + now) == whole
