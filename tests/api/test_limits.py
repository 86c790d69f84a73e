"""How often somebody may ask, whoever else asks."""

import pytest

from api import limits
from api.limits import Rates
from api.route import RefusedError


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def taken(rates, name, times):
    """Return how many of so many requests were let through."""
    passed = 0
    for _ in range(times):
        try:
            rates.take(name)
        except RefusedError as error:
            refused = error
        else:
            passed += 1
    if passed < times:
        assert refused.status == 429
        assert int(refused.headers["Retry-After"]) >= 1
    return passed


def test_a_burst_is_let_through_then_the_rate(clock):
    rates = Rates(10, clock)
    assert taken(rates, "a", 30) == 20
    clock.now += 0.55
    assert taken(rates, "a", 30) == 5
    clock.now += 1_000
    assert taken(rates, "a", 30) == 20
    assert rates.refused == 45


def test_one_caller_takes_nothing_from_another(clock):
    rates = Rates(1, clock)
    taken(rates, "a", 10)
    assert taken(rates, "b", 2) == 2


def test_a_rate_below_one_lets_one_through(clock):
    rates = Rates(0.25, clock)
    assert taken(rates, "a", 3) == 1
    clock.now += 4.0
    assert taken(rates, "a", 3) == 1


def test_callers_beyond_the_bound_push_out_the_one_longest_unseen(clock, monkeypatch):
    monkeypatch.setattr(limits, "CALLERS_MAX", 3)
    rates = Rates(1, clock)
    for name in "abc":
        taken(rates, name, 9)
    taken(rates, "a", 1)
    taken(rates, "d", 9)
    assert len(rates._held) == 3
    assert taken(rates, "a", 1) == 0
    assert taken(rates, "b", 2) == 2
