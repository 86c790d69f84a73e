"""The lookout looks in intervals and when something stirs, and outlives errors of every kind."""

import asyncio
from contextlib import asynccontextmanager

import ccxt
import pytest

from connectors.testnet import lookout as module
from connectors.testnet.calls import OK, REFUSED, Answer
from connectors.testnet.lookout import Lookout
from connectors.testnet.networks import network
from tests.sim.server.helpers import until

TRADE = {"id": "56", "order": "33", "price": "1", "amount": "2", "info": {"long": 1}, "cost": "2"}


class Venue:
    """An exchange and its calls; what comes is drawn from lists, the last of each again."""

    def __init__(self):
        self.orders = [[]]
        self.failing = 0
        self.looks = 0
        self.watched = 0
        self.clocks = 0
        self.stream = asyncio.Queue()

    def symbol(self, native):
        return f"{native} by ccxt"

    async def open(self, native):
        self.looks += 1
        if self.failing:
            self.failing -= 1
            return Answer(REFUSED, message="too much")
        return Answer(OK, self.orders.pop(0) if len(self.orders) > 1 else self.orders[0])

    async def watch_my_trades(self, symbol):
        assert symbol == "BTCUSDT by ccxt"
        self.watched += 1
        found = await self.stream.get()
        if isinstance(found, Exception):
            raise found
        return found

    async def load_time_difference(self):
        self.clocks += 1
        if self.clocks == 1:
            raise ccxt.RequestTimeout("no time")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    for name, value in (
        ("LOOK_S", 0.01), ("LOOK_LEAST_S", 0.001), ("STREAM_PAUSE_S", 0.001), ("CLOCK_S", 0.001),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)


@asynccontextmanager
async def looking(venue, name="binance"):
    told = []
    lookout = Lookout(ccxt, venue, network(name), venue, ["BTCUSDT"])
    running = asyncio.create_task(lookout.run(lambda event, fields: told.append((event, fields))))
    try:
        yield lookout, told
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def events(told, name):
    return [fields for event, fields in told if event == name]


async def test_it_looks_again_and_again_while_an_order_is_open():
    venue = Venue()
    venue.orders = [[{"id": "33"}]] * 5 + [[]]
    async with looking(venue) as (_, told):
        await until(lambda: len(events(told, "open")) == 6)
        assert events(told, "open")[0] == {"native": "BTCUSDT", "data": [{"id": "33"}]}
        assert venue.looks == 6


async def test_what_stirs_makes_it_look_at_once():
    venue = Venue()
    async with looking(venue) as (lookout, told):
        await until(lambda: venue.looks == 1)
        for looks in (2, 3, 4):
            lookout.stir("BTCUSDT")
            await until(lambda wanted=looks: len(events(told, "open")) == wanted)
        lookout.stir("of nobody")
        assert len(events(told, "open")) == 4


async def test_trades_of_an_exact_stream_are_told_and_looked_at():
    venue = Venue()
    async with looking(venue) as (_, told):
        await until(lambda: venue.looks == 1)
        await venue.stream.put([TRADE])
        await until(lambda: venue.looks == 2)
        assert events(told, "trades") == [
            {
                "native": "BTCUSDT",
                "data": [{"id": "56", "order": "33", "price": "1", "amount": "2"}],
            }
        ]


async def test_trades_without_fees_are_only_looked_at():
    venue = Venue()
    async with looking(venue, "coinbase-exchange") as (_, told):
        await until(lambda: venue.looks == 1)
        await venue.stream.put([TRADE])
        await until(lambda: venue.looks == 2)
        assert events(told, "trades") == []
        assert venue.clocks == 0


async def test_errors_of_looks_stream_and_clock_are_told_and_outlived():
    venue = Venue()
    venue.failing = 3
    for _ in range(3):
        venue.stream.put_nowait(ccxt.NetworkError("gone"))
    async with looking(venue) as (_, told):
        await until(lambda: events(told, "open") and venue.watched > 3 and venue.clocks > 2)
        assert events(told, "trouble").count({"what": "look", "message": "too much"}) == 3
        assert events(told, "trouble").count({"what": "stream", "message": "NetworkError"}) == 3
        assert events(told, "trouble").count({"what": "clock", "message": "RequestTimeout"}) == 1


async def test_what_nobody_thought_of_ends_it():
    """The process then ends too, which is a lost connection and begins anew."""
    venue = Venue()
    venue.stream.put_nowait(TypeError("a mistake"))
    lookout = Lookout(ccxt, venue, network("binance"), venue, ["BTCUSDT"])
    with pytest.raises(ExceptionGroup):
        await lookout.run(lambda event, fields: None)


def test_many_instruments_are_looked_at_more_seldom():
    def look_s(count):
        natives = [str(number) for number in range(count)]
        return Lookout(ccxt, None, network("binance"), None, natives)._look_s

    assert look_s(1) == look_s(8) == module.LOOK_S
    assert look_s(80) == 10 * module.LOOK_S
