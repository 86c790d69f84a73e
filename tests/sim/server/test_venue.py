"""What a test may do to a venue: pause, stop, restart, cut off, and spoil its frames."""

import asyncio
import json
from itertools import pairwise

import aiohttp
import pytest

from sim.server.binance import BinanceRules
from sim.server.faults import Fault
from sim.server.venue import VenueServer
from sim.server.world import SimulatedWorld

from .helpers import closed, dial, read, read_many, send, until, within

DEPTH = "btcusdt@depth@100ms"


def depth_url(world):
    return f"{world.binance.ws_url}/ws/{DEPTH}"


async def level2(socket, product="BTC-USD"):
    await send(socket, type="subscribe", channel="level2", product_ids=[product])


async def test_a_paused_venue_is_silent_answers_rest_and_then_goes_on_without_a_gap(told):
    world, truth = told
    async with dial(depth_url(world)) as socket:
        before = await read(socket)
        world.binance.pause()
        changes = truth.changes["BTC-USDT.BINANCE"]
        reached = len(changes) + 50
        await until(lambda: len(changes) > reached)
        url = f"{world.binance.http_url}/api/v3/ping"
        async with within(), aiohttp.ClientSession() as session, session.get(url) as reply:
            assert reply.status == 200
        frames = world.binance.counts.frames
        await until(lambda: len(changes) > reached + 50)
        assert world.binance.counts.frames == frames
        world.binance.resume()
        ids = before["u"]
        while ids < changes[reached].update_id:
            diff = await read(socket)
            assert diff["U"] == ids + 1
            ids = diff["u"]


async def test_a_stall_ends_by_itself(world):
    async with dial(depth_url(world)) as socket:
        before = await read(socket)
        world.binance.stall(0.3)
        assert (await read(socket, lambda f: f["U"] > before["u"]))["e"] == "depthUpdate"


async def test_what_is_held_back_has_a_limit_and_is_a_gap_beyond_it(told, monkeypatch):
    world, truth = told
    monkeypatch.setattr("sim.server.venue.BACKLOG_EVENTS", 20)
    async with dial(depth_url(world)) as socket:
        before = await read(socket)
        world.binance.pause()
        changes = truth.changes["BTC-USDT.BINANCE"]
        reached = len(changes) + 100
        await until(lambda: len(changes) > reached)
        world.binance.resume()
        after = await read(socket, lambda f: f["u"] > changes[reached].update_id)
        assert after["U"] > before["u"] + 1


@pytest.mark.parametrize("abrupt", [False, True])
async def test_a_restarted_venue_has_its_port_again_and_the_market_went_on(told, abrupt):
    world, truth = told
    async with dial(depth_url(world)) as socket, dial(world.coinbase.ws_url) as other:
        await level2(other)
        before = await read(socket)
        url = depth_url(world)
        await world.binance.stop(abrupt=abrupt)
        assert await closed(socket) == (None if abrupt else 1001)
        with pytest.raises(ConnectionRefusedError):
            await dial(url)
        changes = truth.changes["BTC-USDT.BINANCE"]
        missed_ns = changes[-1].ts_ns + 250_000_000  # more than one diff covers
        await until(lambda: changes[-1].ts_ns > missed_ns)
        await read_many(other, 3)  # the other venue is not disturbed
        await world.binance.start(world.binance.port)
        assert depth_url(world) == url
        async with dial(url) as again:
            assert (await read(again))["U"] > before["u"] + 1


class Notebook(VenueServer):
    """A venue that writes down what it would send, and what it would not."""

    def __init__(self):
        super().__init__(lambda: 0)
        self.sent, self.lost = [], []

    def _publish(self, events):
        self.sent += events

    def _discard(self, events):
        self.lost += events

    def _add_routes(self, router):
        pass

    _opened = _received = _closed = None


async def test_what_was_held_back_when_a_venue_stopped_is_lost_and_keeps_its_order():
    venue = Notebook()
    await venue.start()
    venue.on_events([1])
    venue.pause()
    venue.on_events([2])
    await venue.stop()
    venue.on_events([3])
    await venue.start()
    venue.on_events([4])
    await venue.stop()
    assert (venue.sent, venue.lost) == ([1, 4], [2, 3])


async def test_what_was_held_back_is_sent_once_on_resume():
    venue = Notebook()
    await venue.start()
    venue.pause()
    venue.on_events([1])
    venue.on_events([2])
    assert venue.sent == []
    venue.resume()
    venue.on_events([3])
    venue.on_events([4])
    await venue.stop()
    assert (venue.sent, venue.lost) == ([1, 2, 3, 4], [])


async def test_a_taken_port_is_an_error_and_leaves_nothing_behind(world):
    other = SimulatedWorld(ports=(world.binance.port, 0), warm_up_ns=0)
    with pytest.raises(OSError, match="in use"):
        await other.start()
    assert not other.binance.clients


@pytest.mark.parametrize("abrupt", [False, True])
async def test_all_clients_may_be_cut_off_while_the_venue_stays(world, abrupt):
    async with dial(depth_url(world)) as one, dial(depth_url(world)) as other:
        await read(one)
        await read(other)
        world.binance.disconnect_all(abrupt)
        code = None if abrupt else 1001
        assert [await closed(one), await closed(other)] == [code, code]
    await until(lambda: not world.binance.clients)
    async with dial(depth_url(world)) as again:
        await read(again)


async def find_gap(socket, before):
    """Return the ids around the first hole in the diffs after one."""
    while True:
        after = await read(socket)
        if after["U"] != before["u"] + 1:
            return before["u"], after["U"]
        before = after


async def test_a_dropped_diff_is_a_gap_for_every_subscriber(world):
    async with dial(depth_url(world)) as one, dial(depth_url(world)) as other:
        before = [await read(one), await read(other)]
        world.binance.faults.order(Fault.DROP, DEPTH, frames=2)
        async with within():
            gaps = [await find_gap(one, before[0]), await find_gap(other, before[1])]
    assert gaps[0] == gaps[1]
    assert world.binance.faults.pending == 0
    assert world.binance.counts.faulted == 4


async def test_a_dropped_coinbase_frame_has_used_up_its_number(world):
    async with dial(world.coinbase.ws_url) as socket:
        await level2(socket)
        await read_many(socket, 3)
        world.coinbase.faults.order(Fault.DROP, "l2_data BTC-USD")
        numbers = [f["sequence_num"] for f in await read_many(socket, 6)]
    missing = set(range(3, 10)) - set(numbers)
    assert numbers == sorted(numbers)
    assert len(missing) == 1


async def test_a_spoiled_frame_arrives_as_ordered(world):
    faults = world.binance.faults
    async with within(), dial(depth_url(world)) as socket:
        await socket.recv()
        faults.order(Fault.TRUNCATE, DEPTH)
        faults.order(Fault.MALFORM, DEPTH)
        faults.order(Fault.OVERSIZE, DEPTH, size=2 << 20)
        faults.order(Fault.REPEAT, DEPTH)
        await until(lambda: not faults.pending)
        texts = []
        while len(texts) < 5 or len(texts[-1]) > 1 << 20 or texts[-1] == texts[-2]:
            texts.append(await socket.recv())

    def is_json(text):
        try:
            json.loads(text)
        except ValueError:
            return False
        return True

    assert [is_json(text) for text in texts].count(False) == 2
    assert [len(text) for text in texts].count(2 << 20) == 1
    assert sum(a == b for a, b in pairwise(texts)) == 1


async def test_a_client_that_does_not_read_is_cut_off_and_the_others_are_served():
    """A bare socket asks for streams and never reads; large frames fill what lies between."""
    rules = BinanceRules(queue_frames=100)
    world = SimulatedWorld(seed=3, binance_rules=rules, warm_up_ns=0)
    async with world:
        _, slow = await asyncio.open_connection("127.0.0.1", world.binance.port, limit=1)
        slow.write(
            b"GET /ws/btcusdt@bookTicker/ethusdt@bookTicker HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        await until(lambda: world.binance.clients)
        world.binance.faults.order(Fault.OVERSIZE, "btcusdt@bookTicker", size=16 << 20)
        await until(lambda: world.binance.counts.slow_clients)
        await until(lambda: not world.binance.clients)
        async with dial(depth_url(world)) as reader:
            await read(reader)
        slow.close()
    assert world.binance.counts.slow_clients == 1


async def test_a_slip_is_counted_when_the_loop_was_held_up_for_long(world, monkeypatch):
    """The market is never made to catch up with more than the limit in one go."""
    monkeypatch.setattr("sim.server.pump.STEPS_MAX", 1)
    now_ns = world.market.now_ns
    await until(lambda: world.market.now_ns > now_ns)
    held_until = asyncio.get_running_loop().time() + 0.05
    while asyncio.get_running_loop().time() < held_until:
        pass
    await until(lambda: world.slipped_ns > 0)
    async with dial(depth_url(world)) as socket:
        await read_many(socket, 2)
