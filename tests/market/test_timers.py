"""Timers fire by (deadline, id), whatever the order in which they were set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market import timers as module
from market.timers import NEVER, Timers


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(0, 60))
def test_due_timers_come_out_in_order_of_deadline_then_id(deadlines, until):
    timers = Timers()
    ids = [timers.set(deadline, "t", None) for deadline in deadlines]
    fired = []
    while (timer := timers.pop_due(until)) is not None:
        fired.append((timer.deadline_ns, timer.id))
    assert fired == sorted(
        (deadline, one) for deadline, one in zip(deadlines, ids, strict=True) if deadline <= until
    )
    assert timers.next_ns == min((d for d in deadlines if d > until), default=NEVER)


def test_ids_are_counters():
    timers = Timers()
    assert [timers.set(9, "t", None) for _ in range(3)] == [1, 2, 3]


def test_a_cancelled_timer_never_fires():
    timers = Timers()
    first, second = timers.set(5, "a", None), timers.set(7, "b", None)
    assert timers.cancel(first, 5)
    assert not timers.cancel(first, 5)
    assert timers.next_ns == 7
    assert timers.pop_due(10).id == second
    assert timers.next_ns == NEVER
    assert len(timers) == 0


def test_the_limit_is_stated(monkeypatch):
    monkeypatch.setattr(module, "TIMERS_MAX", 2)
    timers = Timers()
    timers.set(1, "a", None)
    timers.set(1, "a", None)
    with pytest.raises(OverflowError, match="more than 2 timers"):
        timers.set(1, "a", None)
