"""Streams of the simulated Binance beside orders: time units, frames told once, halts."""

import aiohttp
import pytest

from engine.code import Side, State, Tif
from sim.market.listing import BINANCE
from sim.server.binance import BinanceRules, BinanceServer
from sim.server.binance_limits import OrderLimits, WeightLimits
from sim.server.keys import ApiKey

from .binance_world import KEY, OTHER_KEY, OTHER_SECRET, serving
from .helpers import dial, read, send, within
from .test_binance_ws_api import line, listening

LIMIT = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.5", "price": "49000"}


@pytest.fixture
async def venue():
    async with serving() as served:
        yield served


@pytest.mark.parametrize("unit", ["MICROSECOND", "microsecond"])
async def test_a_connection_may_ask_for_microseconds(venue, unit):
    names = "btcusdt@trade/btcusdt@bookTicker"
    plain = f"{venue.server.ws_url}/ws/{names}"
    async with dial(plain) as one, dial(f"{plain}?timeUnit={unit}") as other:
        await send(other, method="LIST_SUBSCRIPTIONS", id=1)
        assert (await read(other, lambda f: "id" in f))["result"] == names.split("/")
        await send(one, method="LIST_SUBSCRIPTIONS", id=1)
        await read(one, lambda f: "id" in f)
        venue.trade(50_000)
        venue.step()
        trades = [await read(socket, lambda f: f.get("e") == "trade") for socket in (one, other)]
        assert trades[0]["T"] == trades[1]["T"] // 1000
        tickers = [await read(socket, lambda f: "u" in f) for socket in (one, other)]
        assert tickers[0] == tickers[1]
        await send(other, method="UNSUBSCRIBE", params=names.split("/"), id=2)
        assert (await read(other, lambda f: f.get("id") == 2))["result"] is None
        await send(other, method="LIST_SUBSCRIPTIONS", id=3)
        assert (await read(other, lambda f: f.get("id") == 3))["result"] == []


async def test_a_combined_connection_in_microseconds_is_told_plain_names(venue):
    url = f"{venue.server.ws_url}/stream?streams=btcusdt@trade&timeUnit=MICROSECOND"
    async with dial(url) as socket:
        await send(socket, method="LIST_SUBSCRIPTIONS", id=1)
        await read(socket, lambda f: "id" in f)
        venue.trade(50_000)
        venue.step()
        assert (await read(socket))["stream"] == "btcusdt@trade"


async def test_orders_of_clients_are_public_market_data(venue):
    url = f"{venue.server.ws_url}/ws/btcusdt@depth@100ms/btcusdt@trade/btcusdt@bookTicker"
    async with dial(url) as socket:
        await send(socket, method="LIST_SUBSCRIPTIONS", id=1)
        await read(socket, lambda f: "id" in f)
        await venue.order(**LIMIT | {"price": "49995"})
        await venue.order(side="BUY", type="MARKET", quantity="0.25")
        trade = await read(socket, lambda f: f.get("e") == "trade")
        assert (trade["p"], trade["q"], trade["m"]) == ("50010.00000000", "0.25000000", False)
        left = ["50010.00000000", "0.75000000"]
        await read(socket, lambda f: f.get("e") == "depthUpdate" and left in f["a"])


async def test_a_take_profit_reached_in_a_halt_waits_for_the_next_trade(venue):
    placed = await venue.order(side="SELL", type="TAKE_PROFIT", quantity="0.5", stopPrice="50010")
    venue.quote(Side.BUY, 50_010, 0.1, tif=Tif.IOC)
    venue.exchange.set_state("BTC-USDT.BINANCE", State.HALTED)
    venue.step()
    order = {"symbol": "BTCUSDT", "orderId": placed["orderId"]}
    assert (await venue.ok("GET", "order", **order))["status"] == "NEW"
    venue.exchange.set_state("BTC-USDT.BINANCE", State.OPEN)
    venue.quote(Side.BUY, 50_010, 0.1, tif=Tif.IOC)
    venue.step()
    assert (await venue.ok("GET", "order", **order))["status"] == "FILLED"


async def test_a_take_profit_that_cannot_be_paid_when_it_is_reached_expires(venue):
    """The fee of what it takes now is more than was reserved at its stop price."""
    await venue.order(
        side="SELL", type="MARKET", quantity="0.1", key=OTHER_KEY, secret=OTHER_SECRET
    )
    async with listening(venue) as api:
        for level in (1, 2, 3):  # the book is empty above, but for one dear offer
            request = {"side": "BUY", "type": "MARKET", "quantity": str(level)}
            await venue.order(**request, key=OTHER_KEY, secret=OTHER_SECRET)
        venue.quote(Side.SELL, 60_000, 20)
        placed = await venue.order(side="BUY", type="TAKE_PROFIT", quantity="19", stopPrice="49985")
        await api.event("executionReport")
        venue.quote(Side.SELL, 49_980, 2, tif=Tif.IOC)
        venue.step()
        event = await api.event("executionReport")
        assert (event["x"], event["X"], event["i"], event["eR"]) == (
            "EXPIRED",
            "EXPIRED",
            placed["orderId"],
            "INSUFFICIENT_BALANCES",
        )
    order = {"symbol": "BTCUSDT", "orderId": placed["orderId"]}
    assert (await venue.ok("GET", "order", **order))["status"] == "EXPIRED"
    assert await venue.ok("GET", "openOrders") == []


async def test_a_stop_that_cannot_be_paid_when_it_is_reached_expires(venue):
    """It buys at the next offers, which cost more than was reserved at its stop price."""
    async with listening(venue) as api:
        await venue.order(side="BUY", type="STOP_LOSS", quantity="19", stopPrice="50010")
        assert (await api.event("executionReport"))["x"] == "NEW"
        venue.quote(Side.SELL, 60_000, 20)
        venue.quote(Side.BUY, 50_010, 0.1, tif=Tif.IOC)
        venue.step()
        told = [await api.event("executionReport") for _ in range(2)]
    assert [(e["x"], e["X"], e.get("eR")) for e in told] == [
        ("NEW", "NEW", None),
        ("EXPIRED", "EXPIRED", "INSUFFICIENT_BALANCES"),
    ]


async def test_a_replacement_beyond_the_limit_of_orders_cancels_only_where_it_may():
    async with serving(rules=BinanceRules(orders=OrderLimits(per_day=1))) as venue:
        placed = await venue.order(**LIMIT)
        params = {
            **LIMIT,
            "symbol": "BTCUSDT",
            "cancelReplaceMode": "STOP_ON_FAILURE",
            "cancelOrderId": placed["orderId"],
        }
        status, body, _ = await venue.signed("POST", "order/cancelReplace", **params)
        assert (status, body["code"]) == (429, -1015)
        status, body, _ = await venue.signed(
            "POST", "order/cancelReplace", **params, orderRateLimitExceededMode="CANCEL_ONLY"
        )
        assert (status, body["code"]) == (409, -2021)
        assert body["data"]["newOrderResponse"]["code"] == -1015
        assert await venue.ok("GET", "openOrders") == []


async def test_a_period_of_more_than_a_day_is_refused(venue):
    for path in ("myTrades", "allOrders"):
        times = {"startTime": 1, "endTime": 86_400_002}
        code = await venue.refused("GET", path, symbol="BTCUSDT", **times)
        assert code == (-1127, "More than 24 hours between startTime and endTime.")


async def test_what_nobody_reads_is_refused_before_the_filters(venue):
    code = await venue.refused(
        "POST", "order", symbol="BTCUSDT", **LIMIT | {"price": "0.001"}, hello="1"
    )
    assert code[0] == -1104


async def test_binary_replies_are_refused(venue):
    status, body, _ = await venue.request("GET", "time", headers={"X-MBX-SBE": "3:1"})
    assert (status, body) == (400, {"code": -1155, "msg": "SBE is not enabled."})


async def test_the_api_tells_when_to_come_back():
    rules = BinanceRules(weight=WeightLimits(per_minute=40))
    async with serving(rules=rules) as venue, line(venue) as api:
        frame = {"status": 200}
        while frame["status"] == 200:
            frame = await api.ask("exchangeInfo")
        assert (frame["status"], frame["error"]["code"]) == (429, -1003)
        data = frame["error"]["data"]
        assert 0 < data["retryAfter"] - data["serverTime"] <= 60_000


async def test_a_connection_to_the_api_is_refused_beyond_the_weight():
    async with serving(rules=BinanceRules(weight=WeightLimits(per_minute=0))) as venue:
        async with within(), aiohttp.ClientSession() as session:
            url = f"{venue.server.http_url}/ws-api/v3"
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await session.ws_connect(url)
        assert refusal.value.status == 429
        assert refusal.value.headers["Retry-After"]


async def test_without_a_market_core_there_are_no_accounts(venue):
    """The keys of a venue that only shows a market open nothing."""
    shown = BinanceServer(venue.feed, venue.pump.now_ns, keys=[ApiKey(BINANCE, KEY, "x", "y")])
    await shown.start()
    url = f"{shown.http_url}/api/v3"
    async with within(), aiohttp.ClientSession(headers={"X-MBX-APIKEY": KEY}) as session:
        for path, status in (("account?timestamp=1&signature=0", 404), ("exchangeInfo", 200)):
            async with session.get(f"{url}/{path}") as reply:
                assert reply.status == status
    await shown.stop()
