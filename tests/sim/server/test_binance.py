"""The simulated Binance over real sockets."""

import aiohttp
import pytest
import websockets
from websockets.asyncio.client import connect

from sim.server.binance import BinanceRules
from sim.server.counts import Rule
from sim.server.world import SimulatedWorld

from .helpers import apply_levels, closed, dial, read, read_many, send, until, within

DEPTH = "btcusdt@depth@100ms"


async def fetch(world, path):
    url = world.binance.http_url + path
    async with within(), aiohttp.ClientSession() as session, session.get(url) as reply:
        return await reply.json()


async def test_a_book_kept_by_the_documented_rule_is_the_markets(told):
    world, truth = told
    async with dial(f"{world.binance.ws_url}/ws/{DEPTH}") as socket:
        buffer = await read_many(socket, 2)
        snapshot = await fetch(world, "/api/v3/depth?symbol=BTCUSDT&limit=5000")
        book_id = snapshot["lastUpdateId"]
        assert buffer[0]["U"] <= book_id
        bids, asks = dict(snapshot["bids"]), dict(snapshot["asks"])
        assert (bids, asks) == truth.book_at("BTC-USDT.BINANCE", book_id)
        applied = 0
        while applied < 5:
            diff = buffer.pop(0) if buffer else await read(socket)
            if diff["u"] <= book_id:
                continue
            assert diff["U"] <= book_id + 1
            apply_levels(bids, diff["b"])
            apply_levels(asks, diff["a"])
            book_id = diff["u"]
            applied += 1
            assert (bids, asks) == truth.book_at("BTC-USDT.BINANCE", book_id)
    assert not world.binance.counts.violations


@pytest.mark.parametrize(
    ("path", "wrapped"),
    [
        (f"/ws/{DEPTH}", False),
        (f"/ws/{DEPTH}/ethusdt@trade", False),
        (f"/stream?streams={DEPTH}/ethusdt@trade", True),
        ("/stream?streams=btcusdt%40depth%40100ms", True),
    ],
)
async def test_streams_named_in_the_url_are_sent_at_once(world, path, wrapped):
    async with dial(world.binance.ws_url + path) as socket:
        frame = await read(socket, lambda f: f.get("e", f.get("stream")) in {"depthUpdate", DEPTH})
        assert (frame.get("stream") == DEPTH) is wrapped
        assert (frame["data"] if wrapped else frame)["s"] == "BTCUSDT"


@pytest.mark.parametrize("path", ["/ws", "/ws/0", "/stream", "/stream/3", "/stream/ws/1"])
async def test_streams_are_subscribed_on_every_bare_path(world, path):
    async with dial(world.binance.ws_url + path) as socket:
        await send(socket, method="SUBSCRIBE", params=["ethusdt@bookTicker"], id="a-1")
        frames = await read_many(socket, 2)
        assert {"result": None, "id": "a-1"} in frames
        frame = await read(socket, lambda f: "id" not in f)
        assert ("stream" in frame) is path.startswith("/stream")


@pytest.mark.parametrize("request_id", [0, -7, "0", "9d2c", None])
async def test_the_subscribe_family_answers_under_the_id_it_was_sent(world, request_id):
    async def ask(**message):
        await send(socket, id=request_id, **message)
        return await read(socket, lambda f: "result" in f and f["id"] == request_id)

    async with dial(f"{world.binance.ws_url}/ws") as socket:
        names = ["dogeusdt@depth@1000ms", "dogeusdt@trade"]
        assert (await ask(method="SUBSCRIBE", params=names))["result"] is None
        assert (await ask(method="LIST_SUBSCRIPTIONS"))["result"] == [
            "dogeusdt@depth",
            "dogeusdt@trade",
        ]
        await ask(method="UNSUBSCRIBE", params=["dogeusdt@depth"])
        assert (await ask(method="LIST_SUBSCRIPTIONS"))["result"] == ["dogeusdt@trade"]


async def test_the_combined_form_is_a_property_of_the_connection(world):
    async with dial(f"{world.binance.ws_url}/ws/{DEPTH}") as socket:
        await send(socket, method="GET_PROPERTY", params=["combined"], id=1)
        assert (await read(socket, lambda f: f.get("id") == 1))["result"] is False
        await send(socket, method="SET_PROPERTY", params=["combined", True], id=2)
        await read(socket, lambda f: f.get("id") == 2)
        assert (await read(socket))["stream"] == DEPTH


async def test_a_stream_subscribed_twice_is_sent_once(world):
    async with dial(f"{world.binance.ws_url}/ws/{DEPTH}") as socket:
        await send(socket, method="SUBSCRIBE", params=[DEPTH, DEPTH], id=1)
        await read(socket, lambda f: f.get("id") == 1)
        diffs = await read_many(socket, 3)
        assert [d["U"] for d in diffs[1:]] == [d["u"] + 1 for d in diffs[:-1]]


@pytest.mark.parametrize(
    ("text", "code", "request_id"),
    [
        ("{nope", 3, None),
        ("[]", 2, None),
        ('{"method":"SUBSCRIB","params":["a@b"],"id":1}', 2, 1),
        ('{"method":"SUBSCRIBE","params":["btcusdt"],"id":1}', 2, 1),
        ('{"method":"SUBSCRIBE","params":[7],"id":1}', 2, 1),
        ('{"method":"SUBSCRIBE","params":"a@b","id":1}', 2, 1),
        ('{"method":"SUBSCRIBE","id":"x"}', 2, "x"),
        ('{"method":"LIST_SUBSCRIPTIONS","id":1.5}', 2, None),
        ('{"method":"LIST_SUBSCRIPTIONS","id":true}', 2, None),
        ('{"method":"GET_PROPERTY","params":["speed"],"id":2}', 0, 2),
        ('{"method":"SET_PROPERTY","params":["combined",1],"id":2}', 1, 2),
        ('{"method":"SET_PROPERTY","params":["combined",true,1],"id":2}', 2, 2),
    ],
)
async def test_a_control_frame_that_makes_no_sense_is_answered_by_an_error(
    world, text, code, request_id
):
    async with dial(f"{world.binance.ws_url}/ws") as socket:
        await socket.send(text)
        answer = await read(socket)
        assert answer["error"]["code"] == code
        assert answer["id"] == request_id
    assert world.binance.counts.refused == 1


async def test_book_tickers_share_the_id_space_of_the_diffs(told):
    world, truth = told
    url = f"{world.binance.ws_url}/stream?streams=ethusdt@bookTicker/ethusdt@depth@100ms"
    async with dial(url) as socket:
        tickers = await read_many(socket, 5, lambda f: f["stream"].endswith("bookTicker"))
    for ticker in (frame["data"] for frame in tickers):
        bids, asks = truth.book_at("ETH-USDT.BINANCE", ticker["u"])
        assert (ticker["b"], ticker["B"]) == max(bids.items(), key=lambda row: float(row[0]))
        assert (ticker["a"], ticker["A"]) == min(asks.items(), key=lambda row: float(row[0]))


async def test_partial_depth_carries_neither_event_nor_symbol(world):
    async with dial(f"{world.binance.ws_url}/ws/btcusdt@depth5@100ms") as socket:
        frame = await read(socket)
    assert list(frame) == ["lastUpdateId", "bids", "asks"]
    assert len(frame["bids"]) == len(frame["asks"]) == 5


def rules_world(**rules):
    return SimulatedWorld(seed=3, binance_rules=BinanceRules(**rules))


async def test_more_than_five_messages_in_a_second_close_the_connection(world):
    async with dial(f"{world.binance.ws_url}/ws") as socket:
        for number in range(6):
            await send(socket, method="LIST_SUBSCRIPTIONS", id=number)
        assert await closed(socket) == 1008
    assert world.binance.counts.violations == {Rule.MESSAGE_RATE: 1}


async def test_a_connection_beyond_the_rate_is_refused():
    async with rules_world(connections=2) as world:
        url = f"{world.binance.ws_url}/ws"
        async with dial(url), dial(url):
            with pytest.raises(websockets.InvalidStatus) as refusal:
                await connect(url)
        response = refusal.value.response
        assert response.status_code == 429
        assert response.headers["Retry-After"]
        assert world.binance.counts.violations == {Rule.CONNECTION_RATE: 1}


async def test_streams_beyond_the_limit_are_refused():
    async with rules_world(streams=2) as world:
        async with dial(f"{world.binance.ws_url}/ws/a@trade/b@trade") as socket:
            await send(socket, method="SUBSCRIBE", params=["c@trade"], id=1)
            assert (await read(socket))["error"]["code"] == 2
        async with dial(f"{world.binance.ws_url}/ws/a@trade/b@trade/c@trade") as socket:
            assert await closed(socket) == 1008
        assert world.binance.counts.violations == {Rule.STREAM_LIMIT: 2}


async def test_pings_are_sent_and_an_answering_client_is_kept():
    async with rules_world(ping_s=0.05, messages_per_s=1000) as world:
        async with dial(f"{world.binance.ws_url}/ws") as socket:
            await until(lambda: world.binance.clients)
            (client,) = world.binance.clients
            await until(lambda: client.timer_set("pong"))
            await until(lambda: not client.timer_set("pong"))
            await send(socket, method="LIST_SUBSCRIPTIONS", id=1)
            await read(socket)
        assert not world.binance.counts.violations


async def test_a_client_that_answers_no_ping_is_dropped():
    async with rules_world(ping_s=0.02, pong_s=0.1) as world:
        async with within(), aiohttp.ClientSession() as session:
            url = f"{world.binance.http_url}/ws"
            async with session.ws_connect(url, autoping=False) as socket:
                while (await socket.receive()).type is aiohttp.WSMsgType.PING:
                    pass
                assert socket.close_code == 1008
        assert world.binance.counts.violations == {Rule.PONG_MISSING: 1}


async def test_a_connection_ends_after_its_life_and_is_told_before():
    async with rules_world(life_s=0.3, notice_s=0.2) as world:
        socket = await dial(f"{world.binance.ws_url}/ws")
        assert list(await read(socket)) == ["e", "E"]
        assert await closed(socket) == 1001


async def test_a_shutdown_is_announced_in_the_form_of_the_connection(world):
    async with dial(f"{world.binance.ws_url}/stream") as socket:
        await until(lambda: world.binance.clients)
        world.binance.announce_shutdown()
        frame = await read(socket)
    assert frame["stream"] == "!serverShutdown"
    assert frame["data"]["e"] == "serverShutdown"


async def test_compression_is_offered_and_not_forced(world):
    url = f"{world.binance.ws_url}/ws/{DEPTH}"
    async with dial(url) as packed, dial(url, compression=None) as plain:
        assert packed.protocol.extensions
        assert not plain.protocol.extensions
        assert (await read(packed))["e"] == (await read(plain))["e"] == "depthUpdate"


async def test_every_subscriber_gets_the_same_frame(world):
    url = f"{world.binance.ws_url}/ws/{DEPTH}"
    async with dial(url) as one, dial(url) as other:
        left = {frame["U"]: frame for frame in await read_many(one, 4)}
        right = {frame["U"]: frame for frame in await read_many(other, 4)}
    common = left.keys() & right.keys()
    assert common
    assert all(left[key] == right[key] for key in common)
