"""Faults that last for a time: what they do to frames, connections and REST, and their end."""

import asyncio
import json
import time

import aiohttp
import pytest

from sim.server.faults import Fault, Faults, FrameSpell, skewed
from sim.server.spell import Kind, Spell, SpellOrder

from .helpers import closed, dial, read, until, within

DEPTH = "btcusdt@depth@100ms"


def depth_url(world):
    return f"{world.binance.ws_url}/ws/{DEPTH}"


def laid(server, kind, seconds, **fields):
    spell = Spell(server, SpellOrder(Kind(kind), seconds, **fields))
    spell.begin()
    return spell


class Always:
    """A random source for which everything happens."""

    def random(self):
        return 0.0


def test_a_spell_meets_frames_until_it_is_taken_off_and_counts_them():
    faults = Faults()
    faults.spell = FrameSpell(Fault.DROP, 0.5, Always(), channel="depth")
    assert [faults.meet(name) is not None for name in ("a@depth", "a@trade", "b@depth")] == [
        True,
        False,
        True,
    ]
    assert faults.spell.hits == 2
    faults.spell = None
    assert faults.meet("a@depth") is None


def test_whoever_watches_is_told_of_each_frame_and_whether_it_is_whole():
    faults, told = Faults(), []
    faults.watch = lambda channel, whole: told.append((channel, whole))
    faults.order(Fault.DROP, "a")
    faults.order(Fault.REPEAT, "a")
    for name in ("a", "a", "b"):
        faults.meet(name)
    assert told == [("a", False), ("a", True), ("b", True)]


class Notes:
    """A client that writes down what it is sent."""

    def __init__(self):
        self.texts = []

    def send(self, text):
        self.texts.append(text)


def test_a_reordered_frame_comes_after_the_next_of_its_channel_for_each_client():
    faults, clients = Faults(), [Notes(), Notes()]
    faults.order(Fault.REORDER, "a")
    for name, text in (("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")):
        hit = faults.meet(name)
        for client in clients:
            if hit is None:
                client.send(text)
            else:
                hit.send(client, text)
    assert [client.texts for client in clients] == [["2", "3", "1", "4"]] * 2


def test_a_skew_moves_every_time_of_a_frame_and_nothing_else():
    binance = '{"e":"trade","E":1700000000123,"T":1700000000123456,"p":"1.5"}'
    assert json.loads(skewed(binance, -2_000_000_000)) == {
        "e": "trade",
        "E": 1699999998123,
        "T": 1699999998123456,
        "p": "1.5",
    }
    coinbase = '{"timestamp":"2026-01-01T00:00:59.5Z","time":"soon","price":"2"}'
    assert json.loads(skewed(coinbase, 10**9)) == {
        "timestamp": "2026-01-01T00:01:00.5Z",
        "time": "soon",
        "price": "2",
    }


async def test_a_delay_keeps_the_order_and_the_gap_free_ids(world):
    async with dial(depth_url(world)) as socket:
        before = await read(socket)
        spell = laid(world.binance, "delay", 0.5, amount_ms=400)
        for _ in range(8):
            after = await read(socket)
            assert after["U"] == before["u"] + 1
            before = after
        await until(lambda: spell.over)


async def test_a_delay_says_how_late_what_is_sent_now_will_be(world):
    assert world.binance.late_ns() < 10**6
    world.binance.delay(5.0)
    assert world.binance.late_ns() > 4 * 10**9
    world.binance.delay(0.0)
    assert world.binance.late_ns() > 3 * 10**9  # behind what was delayed before


async def test_a_gap_loses_everything_and_then_goes_on(world):
    async with dial(depth_url(world)) as socket:
        before = await read(socket)
        spell = laid(world.binance, "gap", 0.3)
        after = await read(socket, lambda frame: frame["U"] != before["u"] + 1)
        assert after["U"] > before["u"] + 1
        assert spell.over
        assert spell.acted >= 2
        assert before["u"] > 0


async def test_disconnects_come_again_until_the_end(world):
    spell = laid(world.binance, "disconnect", 0.5, rate=20.0)
    for _ in range(2):
        async with dial(depth_url(world)) as socket:
            assert await closed(socket) is None
    await until(lambda: spell.over)
    assert spell.acted >= 2
    async with dial(depth_url(world)) as socket:
        await read(socket)


async def test_a_rate_limit_tells_to_wait_counts_who_does_not_and_ends(world):
    url = f"{world.binance.http_url}/api/v3/time"
    async with within(), aiohttp.ClientSession() as session:
        spell = laid(world.binance, "rate-limit", 0.8)
        async with session.get(url) as reply:
            assert (reply.status, reply.headers["Retry-After"]) == (429, "1")
            assert (await reply.json())["code"] == -1003
        await asyncio.sleep(0.3)
        async with session.get(url) as reply:
            assert reply.status == 429
        assert (spell.acted, spell.carried_on) == (2, 1)
        await until(lambda: spell.over)
        async with session.get(url) as reply:
            assert reply.status == 200


async def test_a_stale_snapshot_is_what_was_answered_before(world):
    url = f"{world.binance.http_url}/api/v3/depth?symbol=BTCUSDT&limit=5"

    async def last_id(session):
        async with session.get(url) as reply:
            return (await reply.json(content_type=None))["lastUpdateId"]

    async with within(), aiohttp.ClientSession() as session:
        first = await last_id(session)
        spell = laid(world.binance, "stale-snapshot", 0.5)
        now_ns = world.market.now_ns
        await until(lambda: world.market.now_ns > now_ns + 2 * 10**8)
        assert await last_id(session) == first
        assert spell.acted == 1
        await until(lambda: spell.over)
        assert await last_id(session) > first


async def test_a_skewed_venue_is_wrong_in_rest_and_in_frames_alike(world):
    url = f"{world.binance.http_url}/api/v3/time"
    async with within(), dial(depth_url(world)) as socket, aiohttp.ClientSession() as session:
        spell = laid(world.binance, "skew", 0.5, amount_ms=-3_600_000)
        frame = await read(socket, lambda one: one["E"] / 1000 < time.time() - 3000)
        async with session.get(url) as reply:
            told = (await reply.json())["serverTime"]
        assert abs(told - frame["E"]) < 60_000
        await until(lambda: spell.over)
        assert world.binance.clock.skew_ns == 0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"seconds": 0.0}, "seconds"),
        ({"seconds": 601.0}, "seconds"),
        ({"seconds": 1.0, "rate": 1.5}, "rate"),
        ({"seconds": 1.0, "kind": Kind.STALL, "rate": 0.5}, "stall has none"),
        ({"seconds": 1.0, "kind": Kind.DELAY, "amount_ms": -1}, "not negative"),
        ({"seconds": 1.0, "kind": Kind.SKEW, "amount_ms": 10**9}, "beyond"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(fields, said):
    with pytest.raises(ValueError, match=said):
        SpellOrder(**{"kind": Kind.DROP, **fields})
