"""Whatever is sent to the simulated Binance is answered, and in its own words."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.server.binance_ws_api import ApiSession
from tests.effort import examples

from .binance_world import KEY, SECRET, Binance, serving, sign

NAMES = (
    "symbol",
    "symbols",
    "side",
    "type",
    "timeInForce",
    "quantity",
    "quoteOrderQty",
    "price",
    "stopPrice",
    "icebergQty",
    "newClientOrderId",
    "origClientOrderId",
    "orderId",
    "strategyId",
    "strategyType",
    "limit",
    "fromId",
    "startTime",
    "endTime",
    "interval",
    "windowSize",
    "newQty",
    "cancelReplaceMode",
    "cancelOrderId",
    "subscriptionId",
    "selfTradePreventionMode",
    "newOrderRespType",
    "returnRateLimits",
    "recvWindow",
    "omitZeroBalances",
)
values = st.one_of(
    st.sampled_from(
        (
            "BTCUSDT",
            "BUY",
            "SELL",
            "LIMIT",
            "MARKET",
            "STOP_LOSS",
            "TAKE_PROFIT",
            "GTC",
            "IOC",
            "STOP_ON_FAILURE",
            "49000",
            "0.5",
            "0",
            "99999999999999999999",
            "0.00000001",
            "1m",
            "",
            "a",
            "é",
        )
    ),
    st.integers(-(2**70), 2**70).filter(lambda n: -(2**63) <= n < 2**64),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.lists(st.text(max_size=3), max_size=2),
    st.text(max_size=8),
)


class Wire:
    """A client that keeps what it is sent."""

    def __init__(self):
        self.sent = []

    def send(self, text):
        self.sent.append(json.loads(text))


def api_of(venue):
    api = venue.server._api
    methods = [*api._endpoints, *api._session_calls, "userDataStream.start", "nothing", 7, None]
    session = ApiSession(Wire(), venue.server._meters.of(None), 10**6, True, 0)
    return api, methods, session


@settings(max_examples=examples(0.6))
@given(st.data())
def test_every_frame_of_the_api_is_answered_by_a_result_or_an_error_of_the_venue(data):
    with asyncio.Runner() as runner:
        runner.run(answer_all(data))


async def answer_all(data):
    venue = Binance()
    venue.fill_book()
    venue.pump.start()
    venue.step()
    api, methods, session = api_of(venue)
    for _ in range(4):
        params = data.draw(st.dictionaries(st.sampled_from(NAMES), values, max_size=9))
        if data.draw(st.booleans()):
            texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in params.items()}
            params = {k: v for k, v in texts.items() if v != "null"}
            params |= {"apiKey": KEY, "timestamp": str(venue.stamp())}
            payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
            params["signature"] = sign(SECRET, payload)
        method = data.draw(st.sampled_from(methods))
        frame = {"id": data.draw(values), "method": method, "params": params}
        api.received(session, json.dumps(frame))
        reply = session.client.sent[-1]
        assert ("result" in reply) == (reply["status"] == 200)
        if reply["status"] != 200:
            assert reply["error"]["code"] < -999
            assert reply["error"]["code"] != -1000
    venue.pump.stop()
    api.closed(session)


@settings(max_examples=examples(0.4))
@given(st.text(max_size=40))
def test_every_text_is_answered(text):
    with asyncio.Runner() as runner:
        runner.run(answer_text(text))


async def answer_text(text):
    venue = Binance()
    venue.pump.start()
    api, _, session = api_of(venue)
    api.received(session, text)
    assert session.client.sent[0]["status"] == 400
    venue.pump.stop()


@pytest.mark.parametrize(
    "query",
    [
        "%",
        "%ff=%fe&symbol=%00",
        "&&&=&=",
        "symbol",
        "symbol=BTCUSDT&limit=99999999999999999999",
        "symbol=BTCUSDT&limit=%D9%A1",
        "symbols=%5B%5D",
        "symbol=BTCUSDT&symbols=%5B%5D",
        "x" * 4000,
    ],
)
async def test_every_query_is_answered_by_the_venue(query):
    async with serving() as venue:
        for path in ("depth", "ticker/24hr", "exchangeInfo", "order", "klines"):
            status, body, _ = await venue.request("GET", path, query, {"X-MBX-APIKEY": KEY})
            assert status in {200, 400}
            assert status == 200 or body["code"] < -1000
