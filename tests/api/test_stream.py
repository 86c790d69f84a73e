"""The stream over real sockets: snapshots, sequences, questions, and ends."""

import asyncio
import os
from contextlib import asynccontextmanager
from socket import socketpair

import aiohttp
import orjson
import pytest

from api import stream as stream_module
from api.channels import CHANNELS, Key, text_frame
from api.stream import Stream
from api.stream_client import StreamClient

from .node_host import BOOK, NodeHost, ask, served

DEADLINE_S = 20.0
#: First byte of a text message.
TEXT = 0x81


@pytest.fixture
async def port(tmp_path):
    host = NodeHost().go_on(200)
    async with served(host, tmp_path) as opened:
        opened.host = host
        yield opened


@asynccontextmanager
async def connected(port, **options):
    async with (
        asyncio.timeout(DEADLINE_S),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{port.address}/v1/stream", **options) as socket,
    ):
        yield socket


async def hear(socket):
    return orjson.loads(await socket.receive_str())


async def until(socket, holds):
    """Return the first message for which something holds."""
    while not holds(found := await hear(socket)):
        pass
    return found


async def subscribe(socket, *channels, keys=None):
    question = {"op": "subscribe", "channels": channels, "id": 7}
    await socket.send_json(question if keys is None else question | {"keys": keys})
    return await until(socket, lambda one: one["type"] in ("subscribed", "error"))


async def test_a_subscription_begins_with_a_snapshot_of_each_key(port):
    async with connected(port) as socket:
        assert (await subscribe(socket, "quotes", "states"))["id"] == 7
        node = port.host.node
        seen = set()
        while len(seen) < 2 * len(node.instruments) + 1:
            message = await hear(socket)
            key = message["channel"], message["key"]
            if key not in seen:
                assert message["type"] == "snapshot"
            seen.add(key)
        assert ("states", "trading") in seen


async def test_updates_follow_with_sequences_that_leave_nothing_out(port):
    async with connected(port) as socket:
        await subscribe(socket, "quotes", keys=[BOOK])
        last = await hear(socket)
        assert last["type"] == "snapshot"
        for _ in range(5):
            port.host.go_on(60)
            message = await hear(socket)
            assert message["sequence"] == last["sequence"] + 1
            assert message["type"] == "update"
            last = message
        assert set(last["data"]) >= {"bid", "ask", "grade", "silence_ns", "version"}


async def test_every_channel_tells_of_a_market_that_moves(port):
    async with connected(port) as socket:
        answer = await subscribe(socket, *CHANNELS)
        assert (
            answer["keys"]
            == len(port.host.node.instruments) * 5 + len(port.host.node.edges) * 2 + 1
        )
        moving = asyncio.ensure_future(move(port.host))
        wanted = set(CHANNELS)
        while wanted:
            message = await hear(socket)
            if message["type"] == "update":
                wanted.discard(message["channel"])
        moving.cancel()


async def move(host):
    while True:
        host.go_on(20)
        await asyncio.sleep(0.02)


async def test_trades_of_the_stream_are_those_of_the_tape_each_once(port):
    async with connected(port) as socket:
        await subscribe(socket, "trades", keys=[BOOK])
        told = (await hear(socket))["data"]["trades"]
        slot, tape = port.host.node.slot_of(BOOK), port.host.node.tape
        for _ in range(8):
            before = tape.total(slot)[0]
            port.host.go_on(40)
            if tape.total(slot)[0] > before:
                told += (await hear(socket))["data"]["trades"]
        numbers = [one["id"] for one in told]
        assert numbers == [one[0] for one in tape.since(0, slot, 1 << 20)][-len(numbers) :]
        assert len(numbers) == len(set(numbers))


async def test_an_instrument_stands_for_the_edges_it_is_a_leg_of(port):
    async with connected(port) as socket:
        await subscribe(socket, "edges", keys=[BOOK])
        message = await hear(socket)
        assert BOOK in message["key"].split(">")


async def test_what_was_unsubscribed_is_not_told_any_more(port):
    async with connected(port) as socket:
        await subscribe(socket, "books", "quotes", keys=[BOOK])
        await socket.send_json({"op": "unsubscribe", "channels": ["books"]})
        await until(socket, lambda one: one["type"] == "unsubscribed")
        for _ in range(5):
            port.host.go_on(60)
            assert (await hear(socket))["channel"] == "quotes"


@pytest.mark.parametrize(
    "question",
    [
        "nonsense",
        "[]",
        '{"op": "dance"}',
        '{"op": "subscribe"}',
        '{"op": "subscribe", "channels": ["weather"]}',
        '{"op": "subscribe", "channels": ["quotes"], "keys": ["NO-SUCH.BINANCE"]}',
        '{"op": "ping", "extra": 1}',
    ],
)
async def test_a_wrong_question_is_answered_and_the_stream_goes_on(port, question):
    async with connected(port) as socket:
        await socket.send_str(question)
        assert (await hear(socket))["type"] == "error"
        await socket.send_json({"op": "ping", "id": 3})
        assert await hear(socket) == {"type": "pong", "id": 3}


async def test_bytes_and_too_many_questions_end_the_connection(port):
    async with connected(port) as socket:
        await socket.send_bytes(b"x")
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
    async with connected(port) as socket:
        for _ in range(100):
            await socket.send_json({"op": "ping"})
        while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        assert message.data == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_a_question_that_is_no_websocket_is_told_so(port):
    status, data = await ask(port, "GET", "/v1/stream")
    assert (status, data["error"]) == (426, "this is a WebSocket")


async def test_more_clients_than_there_is_room_for_are_turned_away(port, monkeypatch):
    monkeypatch.setattr(stream_module, "CLIENTS_MAX", 1)
    async with connected(port):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with connected(port):
                pass
        assert refused.value.status == 503


async def test_clients_are_forgotten_when_they_go_and_nothing_is_looked_at_for_them(port):
    stream = port.api.stream
    async with connected(port) as socket:
        await subscribe(socket, "quotes")
        assert len(stream.clients) == 1
    async with asyncio.timeout(DEADLINE_S):
        while stream.clients:
            await asyncio.sleep(0.01)
    assert stream._wanted == {}


async def test_closing_the_port_closes_each_client_in_order(tmp_path):
    async with aiohttp.ClientSession() as session:
        async with served(NodeHost().go_on(10), tmp_path) as port:
            socket = await session.ws_connect(f"{port.address}/v1/stream")
            await subscribe(socket, "quotes")
            waiting = asyncio.ensure_future(_last(socket))
        assert await waiting == aiohttp.WSCloseCode.GOING_AWAY


async def _last(socket):
    while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
        pass
    return message.data


async def test_an_update_is_encoded_once_for_all_clients():
    host = NodeHost().go_on(200)
    stream = Stream(host)
    pairs = [socketpair() for _ in range(50)]
    for ours, _ in pairs:
        client = StreamClient(ours.fileno())
        stream.join(client)
        stream.subscribe(client, stream.select(["quotes"], [BOOK]))
    loop = asyncio.get_running_loop()
    await stream.sweep(loop)
    feed = stream._wanted[Key("quotes", BOOK)]
    before = feed.sequence
    first = [theirs.recv(1 << 16) for _, theirs in pairs]
    host.go_on(60)
    await stream.sweep(loop)
    second = [theirs.recv(1 << 16) for _, theirs in pairs]
    assert feed.sequence == before + 1
    assert len(set(first)) == len(set(second)) == 1
    assert b'"update"' in second[0]
    # Who sends never takes the processor from the loop that woke it.
    assert os.sched_getscheduler(stream._sender.native_id) == os.SCHED_BATCH
    for client in list(stream.clients):
        stream.leave(client)
    stream.close()
    for ends in pairs:
        for end in ends:
            end.close()


@pytest.mark.parametrize("at", range(4))
async def test_who_subscribes_in_the_middle_of_a_look_misses_nothing_and_gets_nothing_twice(at):
    host = NodeHost().go_on(300)
    stream = Stream(host)
    loop = asyncio.get_running_loop()
    pairs = [socketpair() for _ in range(2)]
    clients = [StreamClient(ours.fileno()) for ours, _ in pairs]
    for one in clients:
        stream.join(one)
    keys = stream.select(["trades"], None)
    stream.subscribe(clients[0], keys)
    await stream.sweep(loop)
    host.go_on(100)
    before = sum(stream._feeds[key].sequence for key in keys)
    looking = asyncio.ensure_future(stream.sweep(loop))
    for _ in range(at):
        await asyncio.sleep(0)
    assert (sum(stream._feeds[key].sequence for key in keys) > before) == (at > 0)
    stream.subscribe(clients[1], keys)
    host.go_on(100)
    await looking
    for _ in range(3):
        await stream.sweep(loop)
        host.go_on(100)
    told = pairs[1][1].recv(1 << 20)
    stream.close()
    for client, ends in zip(clients, pairs, strict=True):
        client.close()
        for end in ends:
            end.close()
    last = {}
    for message in messages(told):
        key = message["key"]
        assert message["type"] == ("update" if key in last else "snapshot")
        assert message["sequence"] == last.get(key, message["sequence"] - 1) + 1
        last[key] = message["sequence"]
    assert len(last) == len(keys)


def messages(data):
    """Return the messages of a run of whole frames."""
    found = []
    while data:
        width = {126: 2, 127: 8}.get(data[1], 0)
        size = int.from_bytes(data[2 : 2 + width], "big") if width else data[1]
        if data[0] == TEXT:
            found.append(orjson.loads(data[2 + width : 2 + width + size]))
        data = data[2 + width + size :]
    return found


async def test_nobody_is_served_while_nobody_is_there():
    stream = Stream(NodeHost())
    task = asyncio.ensure_future(stream.run())
    await asyncio.sleep(0)
    assert not task.done()
    assert not stream.clients
    task.cancel()
    stream.close()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
async def test_a_frame_of_any_size_is_read_by_a_websocket_library(size):
    from websockets.frames import Frame
    from websockets.streams import StreamReader

    reader = StreamReader()
    reader.feed_data(text_frame(b"x" * size))
    parser = Frame.parse(reader.read_exact, mask=False)
    with pytest.raises(StopIteration) as done:
        next(parser)
    assert done.value.value.data == b"x" * size
