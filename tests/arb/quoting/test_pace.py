"""A pace lets so many changes through at once and in the long run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.quoting.pace import Pace
from arb.quoting.plain_pace import PlainPace

SECOND = 1_000_000_000


@given(
    rate=st.integers(0, 999_999),
    burst=st.integers(0, 999_999),
    start=st.integers(0, 2 * 10**18),
    pauses=st.lists(st.integers(0, 2 * SECOND) | st.integers(0, 10**18), max_size=40),
)
def test_both_twins_let_the_same_through(rate, burst, start, pauses):
    twins = Pace.of(rate, burst), PlainPace.of(rate, burst)
    now = start
    for pause in [0, *pauses]:
        now += pause
        assert twins[0].take(now) is twins[1].take(now)
        assert twins[0].tokens == twins[1].tokens


def test_after_a_burst_changes_come_one_by_one():
    pace = Pace.of(4, 10)
    assert [pace.take(SECOND) for _ in range(11)] == [True] * 10 + [False]
    assert not pace.take(SECOND + SECOND // 4 - 1)
    assert pace.take(SECOND + SECOND // 4)


def test_without_a_rate_nothing_is_held_back():
    pace = Pace.of(0, 0)
    assert all(pace.take(0) for _ in range(100))


def test_an_absurd_pace_is_refused():
    with pytest.raises(ValueError, match="is none"):
        Pace.of(1_000_000, 1)
