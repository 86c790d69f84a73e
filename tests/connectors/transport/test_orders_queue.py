"""Requests that wait for a venue's limits: none is lost, and none waits for long."""

import asyncio

import pytest

from connectors.orders import Request
from connectors.transport.budget import BudgetParameters
from connectors.transport.orders_queue import WAIT_NS, WAITING_MAX, OrderLimits, OrderQueue
from connectors.transport.pacer import Rate

LIMITS = OrderLimits(
    Rate(2, 10.0), BudgetParameters(burst=100, per_second=1.0), (("order.", 1), ("big", 90)), 3
)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.ns = 0

    def now_ns(self):
        return self.ns

    def monotonic_ns(self):
        return self.ns


class Line:
    """A queue with what it carried and refused."""

    def __init__(self, limits=LIMITS):
        self.clock = Clock()
        self.carried, self.refused = [], {}
        self.queue = OrderQueue(limits, self.clock, self._carry, self._refuse)

    def _carry(self, request):
        self.carried.append(request.tag)

    def _refuse(self, request, why):
        self.refused[request.tag] = why

    def add(self, *tags, method="order.x"):
        for tag in tags:
            self.queue.add(Request(tag, method))

    async def pass_ns(self, ns):
        self.clock.ns += ns
        self.queue.pump()
        await asyncio.sleep(0)
        self.queue.close()


@pytest.fixture
async def line():
    made = Line()
    yield made
    made.queue.close()


async def test_what_may_go_goes_within_the_call(line):
    line.add("place1", "cancel2")
    assert line.carried == ["place1", "cancel2"]


async def test_cancels_and_questions_overtake_new_orders_that_must_wait(line):
    line.add("place1", "place2")
    line.queue.in_flight = 0
    line.add("place3", "cancel1", "query2")
    assert line.carried == ["place1", "place2", "cancel1", "query2"]


async def test_an_order_that_waited_too_long_never_leaves(line):
    line.add("place1", "place2")
    line.queue.in_flight = 0
    line.add("place3")
    await line.pass_ns(WAIT_NS)
    assert line.refused == {}
    await line.pass_ns(1)
    assert line.refused == {"place3": "it waited too long for the venue's limits"}
    assert len(line.queue) == 0


async def test_at_most_so_many_are_under_way(line):
    line.add("cancel1", "cancel2", "cancel3", "cancel4")
    assert line.carried == ["cancel1", "cancel2", "cancel3"]
    line.queue.done()
    assert line.carried[-1] == "cancel4"


async def test_weights_are_spent_from_a_budget_that_refills(line):
    line.add("open1", method="big")
    line.add("cancel1")
    line.add("open2", method="big")
    assert line.carried == ["open1", "cancel1"]
    await line.pass_ns(WAIT_NS + 1)
    assert set(line.refused) == {"open2"}


async def test_what_is_too_much_is_refused_at_once_and_not_from_within_the_call(line):
    line.queue.in_flight = 3
    tags = [f"cancel{number}" for number in range(1, WAITING_MAX + 2)]
    line.add(*tags)
    assert line.refused == {}
    await asyncio.sleep(0)
    assert line.refused == {tags[-1]: "too many requests wait"}


async def test_a_venue_that_asks_for_a_pause_gets_it(line):
    line.queue.in_flight = 3
    line.add("cancel1")
    line.queue.pause(429, 5.0)
    await asyncio.sleep(0)
    assert line.refused == {"cancel1": "the venue asked for a pause (429)"}
    line.queue.in_flight = 0
    line.add("cancel2")
    await asyncio.sleep(0)
    assert line.carried == []
    assert line.refused["cancel2"] == "the venue asked for a pause"
    await line.pass_ns(5 * 10**9)
    line.add("cancel3")
    assert line.carried == ["cancel3"]


async def test_what_waits_for_a_closed_channel_is_refused(line):
    line.queue.in_flight = 3
    line.add("place1", "cancel2")
    line.queue.flush("closed")
    await asyncio.sleep(0)
    assert line.refused == {"place1": "closed", "cancel2": "closed"}


async def test_the_queue_looks_again_by_itself():
    line = Line(OrderLimits(Rate(1, 0.02), BudgetParameters(100, 100.0), (("", 1),), 9))
    loop = asyncio.get_running_loop()
    line.clock.monotonic_ns = lambda: round(loop.time() * 1e9)
    line.add("place1", "place2")
    async with asyncio.timeout(10):
        while len(line.carried) < 2:
            await asyncio.sleep(0.001)
    line.queue.close()
