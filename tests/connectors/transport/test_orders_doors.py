"""The order doors over real sockets: what is signed, what comes back, and what never left."""

import asyncio
import contextlib
import json
from random import Random

import pytest
from aiohttp import web

from connectors.binance.orders_sign import HmacSigner
from connectors.coinbase.orders_sign import JwtSigner
from connectors.orders import Request
from connectors.transport.backoff import BackoffParameters
from connectors.transport.connection import ConnectionParameters, Edge
from connectors.transport.counters import Counters
from connectors.transport.orders import DoorSetting
from connectors.transport.orders_binance import BinanceOrderDoor
from connectors.transport.orders_coinbase import CoinbaseOrderDoor
from connectors.transport.orders_hosts import ForbiddenHostError
from connectors.transport.stream import opener
from market.inputs import NO_ANSWER, NOT_SENT, STREAM, InputKind
from sim.server.demo import CDP_KEY, demo_private_pem
from tests.connectors.transport.venue_server import CLOCK, Inputs, VenueServer, free_port

SECRET = "nobody-may-see-this"
PLACE = Request("place7", "order.place", "", (("symbol", "BTCUSDT"),))
POST = Request("place7", "POST", "/api/v3/brokerage/orders", body=b'{"a":1}')
NOW_NS = 1_700_000_000 * 10**9


def setting(inputs, counters=None):
    return DoorSetting(
        inputs,
        Edge(opener("websockets"), CLOCK, counters or Counters(), Random(1)),
        ConnectionParameters(backoff=BackoffParameters(0.01, 0.05)),
        lambda venue: NOW_NS,
    )


@contextlib.asynccontextmanager
async def running(door):
    task = asyncio.ensure_future(door.run())
    try:
        yield door
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def binance(url, inputs):
    signer = HmacSigner("key", SECRET)
    return BinanceOrderDoor(venue="binance", url=url, signer=signer, setting=setting(inputs))


def coinbase(rest, ws, inputs):
    signer = JwtSigner(CDP_KEY, demo_private_pem())
    return CoinbaseOrderDoor(
        venue="coinbase", rest=rest, ws=ws, signer=signer, setting=setting(inputs)
    )


async def opened(inputs):
    await inputs.until(lambda: any(one.kind is InputKind.OPEN for one in inputs.all))


def reports(inputs):
    return [one for one in inputs.all if one.kind is InputKind.REPORT]


async def reported(inputs, count=1):
    await inputs.until(lambda: len(reports(inputs)) >= count)
    return reports(inputs)


async def test_a_request_to_binance_is_signed_for_the_venues_time_and_answers_are_frames():
    inputs = Inputs()
    async with VenueServer() as server, running(binance(server.url, inputs)) as door:
        await opened(inputs)
        door.submit(PLACE)
        await server.until(lambda: server.received[0])
        sent = json.loads(server.received[0][0])
        assert (sent["id"], sent["method"]) == ("place7", "order.place")
        assert sent["params"]["timestamp"] == NOW_NS // 10**6
        assert len(sent["params"]["signature"]) == 64
        await (await server.peer(0)).send('{"id":"place7","status":200}')
        (answer,) = await reported(inputs)
        assert answer[2:] == ("binance.orders#1", b'{"id":"place7","status":200}', STREAM, 200)
        assert SECRET not in str(inputs.all)


async def test_what_finds_the_channel_closed_never_left():
    inputs = Inputs()
    door = binance(f"ws://127.0.0.1:{await free_port()}", inputs)
    door.submit(PLACE)
    assert inputs.all == []
    (answer,) = await reported(inputs)
    assert (answer.note, answer.number) == ("place7", NOT_SENT)
    assert answer.data == b"the order channel is closed"


async def test_a_stream_that_is_dropped_is_opened_again_under_the_next_number():
    inputs = Inputs()
    async with VenueServer() as server, running(binance(server.url, inputs)) as door:
        await opened(inputs)
        door.reconnect("binance.orders#1", "asked for")
        await inputs.until(lambda: inputs.all[-1].source == "binance.orders#2")
        assert [one.kind.name for one in inputs.all] == ["OPEN", "CLOSE", "OPEN"]


async def test_binances_word_that_it_was_too_much_is_obeyed():
    inputs = Inputs()
    async with VenueServer() as server, running(binance(server.url, inputs)) as door:
        await opened(inputs)
        until_ms = NOW_NS // 10**6 + 60_000
        refusal = {
            "id": "x",
            "status": 429,
            "error": {"code": -1003, "msg": "", "data": {"retryAfter": until_ms}},
        }
        await (await server.peer(0)).send(json.dumps(refusal))
        await reported(inputs)
        door.submit(PLACE)
        (_, answer) = await reported(inputs, 2)
        assert answer.number == NOT_SENT
        assert server.received == [[]]


@pytest.mark.parametrize("url", ["wss://ws-api.binance.com/ws-api/v3", "ws://localhost:1"])
async def test_a_door_to_a_host_that_is_not_on_the_list_is_not_made(url):
    with pytest.raises(ForbiddenHostError):
        binance(url, Inputs())
    with pytest.raises(ForbiddenHostError):
        coinbase("http://127.0.0.1:1", url, Inputs())
    with pytest.raises(ForbiddenHostError):
        coinbase(url, "ws://127.0.0.1:1", Inputs())


class RestServer:
    """Answers requests as it is told to."""

    def __init__(self, answer):
        self.requests = []
        self._answer = answer

    async def __aenter__(self):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exc):
        await self._runner.cleanup()

    async def _handle(self, request):
        self.requests.append((request.method, request.path_qs, dict(request.headers)))
        return self._answer(request)


def dropped(request):
    request.transport.abort()
    return web.Response()


@contextlib.asynccontextmanager
async def coinbase_at(answer):
    """Yield a running door with its stream open, the server of its requests, and its inputs."""
    inputs = Inputs()
    async with (
        VenueServer() as stream,
        RestServer(answer) as rest,
        running(coinbase(rest.url, stream.url, inputs)) as door,
    ):
        await opened(inputs)
        yield door, rest, inputs, stream


async def test_a_request_to_coinbase_is_signed_and_its_answer_comes_with_its_tag():
    async with coinbase_at(lambda _: web.Response(body=b"{}")) as (door, rest, inputs, _):
        door.submit(POST)
        (answer,) = await reported(inputs)
        assert answer[2:] == ("coinbase.orders", b"{}", "place7", 200)
        ((method, path, headers),) = rest.requests
        assert (method, path) == ("POST", "/api/v3/brokerage/orders")
        assert headers["Authorization"].startswith("Bearer ")


async def test_a_subscription_goes_over_the_stream_with_a_token():
    async with coinbase_at(lambda _: web.Response()) as (door, _, inputs, stream):
        door.submit(Request("user", "subscribe", body=b'{"type":"subscribe","channel":"user"}'))
        await stream.until(lambda: stream.received[0])
        assert json.loads(stream.received[0][0])["jwt"].count(".") == 2
        await (await stream.peer(0)).send('{"channel":"user"}')
        (frame,) = await reported(inputs)
        assert frame[2:] == ("coinbase.orders#1", b'{"channel":"user"}', STREAM, 200)


async def test_a_connection_that_is_lost_leaves_the_outcome_unknown():
    async with coinbase_at(dropped) as (door, _, inputs, _):
        door.submit(POST)
        (answer,) = await reported(inputs)
        assert (answer.note, answer.number) == ("place7", NO_ANSWER)


async def test_a_request_that_found_nobody_never_left():
    inputs = Inputs()
    async with VenueServer() as stream:
        rest = f"http://127.0.0.1:{await free_port()}"
        async with running(coinbase(rest, stream.url, inputs)) as door:
            await opened(inputs)
            door.submit(POST)
            (answer,) = await reported(inputs)
            assert (answer.note, answer.number) == ("place7", NOT_SENT)


async def test_a_redirect_is_an_answer_and_is_not_followed():
    def away(_):
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with coinbase_at(away) as (door, rest, inputs, _):
        door.submit(POST)
        (answer,) = await reported(inputs)
        assert answer.number == 307
        assert len(rest.requests) == 1


async def test_coinbases_word_that_it_was_too_much_is_obeyed():
    def too_much(_):
        return web.Response(status=429, headers={"Retry-After": "60"})

    async with coinbase_at(too_much) as (door, rest, inputs, _):
        door.submit(POST)
        await reported(inputs)
        door.submit(POST)
        (_, answer) = await reported(inputs, 2)
        assert answer.number == NOT_SENT
        assert len(rest.requests) == 1


async def test_requests_before_the_door_is_open_never_left():
    inputs = Inputs()
    door = coinbase("http://127.0.0.1:1", "ws://127.0.0.1:1", inputs)
    door.submit(POST)
    door.submit(Request("user", "subscribe", body=b"{}"))
    answers = await reported(inputs, 2)
    assert [one.number for one in answers] == [NOT_SENT, NOT_SENT]
