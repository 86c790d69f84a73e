"""Windows in given time, and the pacer with a clock that only its own sleeping moves."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.transport.backoff import Backoff, BackoffParameters
from connectors.transport.counters import OVERFLOW, CounterKey, Counters
from connectors.transport.pacer import Pacer, Rate, Window

S = 1_000_000_000


class Slept:
    """Time that passes by sleeping alone."""

    def __init__(self):
        self.ns = 0

    def monotonic_ns(self):
        return self.ns

    async def sleep(self, seconds):
        until = self.ns + round(seconds * S)
        await asyncio.sleep(0)
        self.ns = max(self.ns, until)


@given(
    st.integers(1, 6),
    st.integers(1, 1000),
    st.lists(st.integers(0, 800), max_size=80),
)
def test_no_window_holds_more_than_its_count(count, window_ms, gaps):
    window = Window(Rate(count, window_ms / 1000))
    now, granted = 0, []
    for gap in gaps:
        now += gap * 1_000_000
        now += window.wait_ns(now)
        window.grant(now)
        granted.append(now)
    for index in range(len(granted) - count):
        assert granted[index + count] - granted[index] >= window_ms * 1_000_000


def test_a_grant_beyond_the_rate_is_a_fault():
    window = Window(Rate(1, 1.0))
    window.grant(0)
    with pytest.raises(AssertionError, match="beyond"):
        window.grant(S - 1)


@pytest.mark.parametrize("rate", [Rate(0, 1.0), Rate(1, 0.0)])
def test_a_rate_without_meaning_is_refused(rate):
    with pytest.raises(ValueError, match="positive"):
        Window(rate)


async def test_every_rate_holds_and_the_order_of_asking_is_kept():
    time = Slept()
    pacer = Pacer((Rate(2, 1.0), Rate(3, 10.0)), time.monotonic_ns, time.sleep)
    order = []

    async def ask(name):
        await pacer.acquire()
        order.append((name, time.ns))

    await asyncio.gather(*(ask(name) for name in range(7)))
    assert order == [(0, 0), (1, 0), (2, S), (3, 10 * S), (4, 10 * S), (5, 11 * S), (6, 20 * S)]


async def test_urgent_ones_overtake():
    time = Slept()
    pacer = Pacer((Rate(1, 1.0),), time.monotonic_ns, time.sleep)
    order = []

    async def ask(name, urgent):
        await pacer.acquire(urgent=urgent)
        order.append(name)

    await asyncio.gather(
        ask("first", urgent=False),
        ask("second", urgent=False),
        ask("late but urgent", urgent=True),
        ask("urgent too", urgent=True),
    )
    assert order == ["first", "late but urgent", "urgent too", "second"]


async def test_a_cancelled_waiter_takes_nothing():
    time = Slept()
    pacer = Pacer((Rate(1, 1.0),), time.monotonic_ns, time.sleep)
    await pacer.acquire()
    given_up = asyncio.ensure_future(pacer.acquire())
    next_one = asyncio.ensure_future(pacer.acquire())
    await asyncio.sleep(0)
    given_up.cancel()
    await next_one
    assert time.ns == S


class Half:
    """A random source that always says one half."""

    def random(self):
        return 0.5


def test_backoff_doubles_to_its_bound_and_starts_over_after_success():
    backoff = Backoff(BackoffParameters(first_s=1.0, longest_s=5.0), Half())
    delays = []
    for _ in range(6):
        delays.append(backoff.delay_s())
        backoff.failed()
    assert delays == [0.0, 0.75, 1.5, 3.0, 3.75, 3.75]
    backoff.succeeded()
    assert backoff.delay_s() == 0.0


def test_backoff_bears_any_number_of_failures():
    backoff = Backoff(BackoffParameters(), Half())
    backoff.failures = 10_000
    assert backoff.delay_s() == 22.5


def test_counters_add_up_by_name_and_are_bounded():
    counters = Counters(keys_max=2)
    counters.count("binance", "rest", "timeout")
    counters.count("binance", "rest", "timeout", 2)
    counters.count("coinbase", "ws", "lost")
    counters.count("coinbase", "ws", "silent")
    counters.count("coinbase", "ws", "dns")
    assert counters.snapshot() == {
        CounterKey("binance", "rest", "timeout"): 3,
        CounterKey("coinbase", "ws", "lost"): 1,
        OVERFLOW: 2,
    }
    assert counters.total("binance") == 3
    assert counters.total(reason="lost") == 1
