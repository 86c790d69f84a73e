"""The WebSocket API of the simulated Binance, and the user data it sends."""

import base64
import json
from contextlib import asynccontextmanager
from decimal import Decimal
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from engine.code import Side, Tif
from sim.market.listing import BINANCE
from sim.server.keys import ApiKey

from .binance_world import FUNDS, KEY, OTHER_KEY, OTHER_SECRET, SECRET, serving, sign
from .helpers import read
from .test_binance_requests import pem

LIMIT = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.5", "price": "49000"}
PRIVATE = ed25519.Ed25519PrivateKey.from_private_bytes(b"7" * 32)
PAIR = ApiKey(BINANCE, "pair", "carol", public_key=pem(PRIVATE), balances=FUNDS)


@pytest.fixture
async def venue():
    async with serving(keys=[PAIR]) as served:
        yield served


class Line:
    """One connection: asks and collects the events that come in between."""

    def __init__(self, venue, socket):
        self.venue, self.socket = venue, socket
        self.number = 0
        self.events = []

    async def ask(self, method, request_id=None, **params):
        self.number += 1
        request_id = self.number if request_id is None else request_id
        await self.socket.send(json.dumps({"id": request_id, "method": method, "params": params}))
        while True:
            frame = await read(self.socket)
            if "status" in frame:
                assert frame["id"] == request_id
                return frame
            self.events.append(frame)

    async def signed(self, method, key=KEY, secret=SECRET, **params):
        params = {"apiKey": key, "timestamp": self.venue.stamp(), **params}
        payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
        signature = sign(secret, payload)
        if key == PAIR.key:
            signature = base64.b64encode(PRIVATE.sign(payload.encode())).decode()
        return await self.ask(method, signature=signature, **params)

    async def ok(self, method, **params):
        frame = await self.signed(method, **params)
        assert frame["status"] == 200, frame
        return frame["result"]

    async def event(self, kind):
        """Return the next event of a kind, dropping those before."""
        while True:
            frame = self.events.pop(0) if self.events else await read(self.socket)
            if frame["event"]["e"] == kind:
                return frame["event"]


@asynccontextmanager
async def line(venue, query=""):
    async with venue.api(query) as socket:
        yield Line(venue, socket)


@pytest.mark.parametrize("request_id", [0, "0", "a-b", -3, 2**40])
async def test_a_request_is_answered_under_its_id(venue, request_id):
    async with line(venue) as api:
        frame = await api.ask("ping", request_id)
        assert frame["id"] == request_id
        assert (frame["status"], frame["result"]) == (200, {})
        (limit,) = frame["rateLimits"]
        assert (limit["rateLimitType"], limit["limit"]) == ("REQUEST_WEIGHT", 6000)


async def test_limits_are_left_out_where_they_are_not_wanted(venue):
    async with line(venue) as api:
        assert "rateLimits" not in await api.ask("time", returnRateLimits=False)
        assert "rateLimits" in await api.ask("time")
    async with line(venue, "?returnRateLimits=false") as api:
        assert "rateLimits" not in await api.ask("time")
        assert "rateLimits" in await api.ask("time", returnRateLimits=True)


@pytest.mark.parametrize(
    ("method", "params", "weight"),
    [
        ("exchangeInfo", {"symbols": ["BTCUSDT"]}, 20),
        ("depth", {"symbol": "BTCUSDT", "limit": "10"}, 5),
        ("depth", {"symbol": "BTCUSDT", "limit": 1000}, 50),
        ("trades.recent", {"symbol": "BTCUSDT"}, 25),
        ("trades.aggregate", {"symbol": "BTCUSDT"}, 4),
        ("trades.historical", {"symbol": "BTCUSDT"}, 25),
        ("ticker.book", {}, 4),
        ("ticker.price", {"symbol": "BTCUSDT"}, 2),
        ("ticker.24hr", {"symbols": '["BTCUSDT"]'}, 2),
        ("ticker.24hr", {"type": "MINI"}, 80),
        ("avgPrice", {"symbol": "ETHUSDT"}, 2),
        ("ticker.tradingDay", {"symbol": "ETHUSDT", "type": "MINI"}, 4),
        ("ticker", {"symbols": ["BTCUSDT", "ETHUSDT"], "windowSize": "7m"}, 8),
        ("klines", {"symbol": "ETHUSDT", "interval": "1m"}, 2),
    ],
)
async def test_market_data_are_those_of_rest(venue, method, params, weight):
    paths = {
        "exchangeInfo": "exchangeInfo",
        "depth": "depth",
        "trades.recent": "trades",
        "trades.aggregate": "aggTrades",
        "trades.historical": "historicalTrades",
        "ticker.book": "ticker/bookTicker",
        "ticker.price": "ticker/price",
        "ticker.24hr": "ticker/24hr",
        "avgPrice": "avgPrice",
        "ticker.tradingDay": "ticker/tradingDay",
        "ticker": "ticker",
        "klines": "klines",
    }
    texts = {k: json.dumps(v) if isinstance(v, list) else v for k, v in params.items()}
    query = "&".join(f"{name}={text}" for name, text in texts.items())
    async with line(venue) as api:
        before = (await api.ask("ping"))["rateLimits"][0]["count"]
        frame = await api.ask(method, **params)
        after = frame["rateLimits"][0]["count"]
        assert after - before == weight or after == weight  # the minute may turn in between
    status, body, _ = await venue.request("GET", paths[method], quote(query, safe="=&"))
    assert status == 200
    clocks = {"serverTime", "openTime", "closeTime"}

    def timeless(value):
        if isinstance(value, dict):
            return {k: timeless(v) for k, v in value.items() if k not in clocks}
        return [timeless(v) for v in value] if isinstance(value, list) else value

    assert timeless(frame["result"]) == timeless(body)
    assert frame["result"]


@pytest.mark.parametrize(
    ("text", "code", "request_id"),
    [
        ("{nope", -1135, None),
        ("[]", -1135, None),
        ('{"id":1}', -1102, 1),
        ('{"id":1,"method":"fly"}', -1020, 1),
        ('{"id":1,"method":"ping","params":[]}', -1135, 1),
        ('{"id":1,"method":"ping","params":{"x":1}}', -1101, 1),
        ('{"id":1,"method":"depth","params":{"symbol":"NOPE"}}', -1121, 1),
        ('{"id":1,"method":"order.place","params":{"symbol":"BTCUSDT"}}', -2014, 1),
        ('{"id":1,"method":"userDataStream.subscribe"}', -2015, 1),
        ('{"id":1,"method":"userDataStream.unsubscribe"}', -2036, 1),
        ('{"id":1,"method":"session.logon"}', -2014, 1),
        ('{"id":1,"method":"userDataStream.start","params":{"apiKey":"k"}}', -1020, 1),
    ],
)
async def test_a_frame_that_makes_no_sense_is_answered_by_an_error(venue, text, code, request_id):
    async with venue.api() as socket:
        await socket.send(text)
        frame = await read(socket)
    assert (frame["id"], frame["error"]["code"]) == (request_id, code)
    assert frame["status"] >= 400


async def test_keys_to_listen_with_are_gone(venue):
    async with line(venue) as api:
        assert (await api.ask("userDataStream.ping", listenKey="x"))["status"] == 410


async def test_orders_are_placed_asked_for_and_canceled(venue):
    async with line(venue) as api:
        frame = await api.signed("order.place", symbol="BTCUSDT", **LIMIT)
        placed = frame["result"]
        assert (frame["status"], placed["status"]) == (200, "NEW")
        assert [row["rateLimitType"] for row in frame["rateLimits"]] == [
            "ORDERS",
            "ORDERS",
            "REQUEST_WEIGHT",
        ]
        order = {"symbol": "BTCUSDT", "orderId": str(placed["orderId"])}
        assert (await api.ok("order.status", **order))["status"] == "NEW"
        (row,) = await api.ok("openOrders.status")
        assert row["orderId"] == placed["orderId"]
        amended = await api.ok("order.amend.keepPriority", **order, newQty="0.4")
        assert amended["amendedOrder"]["qty"] == "0.40000000"
        body = await api.ok(
            "order.cancelReplace",
            **{**LIMIT, "symbol": "BTCUSDT", "price": "48000"},
            cancelReplaceMode="ALLOW_FAILURE",
            cancelOrderId=placed["orderId"],
        )
        new_id = body["newOrderResponse"]["orderId"]
        assert (await api.ok("order.cancel", symbol="BTCUSDT", orderId=new_id))["status"] == (
            "CANCELED"
        )
        await api.ok("order.place", symbol="BTCUSDT", **LIMIT)
        assert len(await api.ok("openOrders.cancelAll", symbol="BTCUSDT")) == 1
        assert len(await api.ok("allOrders", symbol="BTCUSDT")) == 3
        assert await api.ok("order.test", symbol="BTCUSDT", **LIMIT) == {}
        assert await api.ok("myTrades", symbol="BTCUSDT") == []
        assert (await api.ok("account.commission", symbol="BTCUSDT"))["symbol"] == "BTCUSDT"
        assert (await api.ok("account.status"))["canTrade"]


async def test_a_replacement_that_fails_tells_both_outcomes(venue):
    async with line(venue) as api:
        frame = await api.signed(
            "order.cancelReplace",
            symbol="BTCUSDT",
            **LIMIT,
            cancelReplaceMode="STOP_ON_FAILURE",
            cancelOrderId=1,
        )
    assert (frame["status"], frame["error"]["code"]) == (400, -2022)
    assert frame["error"]["data"]["newOrderResult"] == "NOT_ATTEMPTED"


async def test_a_signature_covers_the_parameters_in_order_of_their_names(venue):
    async with line(venue) as api:
        assert (await api.signed("account.status", secret="x"))["error"]["code"] == -1022
        frame = await api.signed("account.status", recvWindow=10_000, omitZeroBalances="true")
        assert frame["status"] == 200


async def test_a_session_of_an_ed25519_key_needs_no_signatures(venue):
    async with line(venue) as api:
        state = await api.ok("session.logon", key=PAIR.key)
        assert (state["apiKey"], state["returnRateLimits"]) == ("pair", True)
        assert state["authorizedSince"] >= state["connectedSince"]
        stamp = venue.stamp()
        frame = await api.ask("order.place", symbol="BTCUSDT", **LIMIT, timestamp=stamp)
        assert frame["result"]["status"] == "NEW"
        assert (await api.ask("openOrders.status"))["error"]["code"] == -1102
        assert (await api.ask("userDataStream.subscribe"))["result"] == {"subscriptionId": 0}
        assert (await api.ask("session.status"))["result"]["userDataStream"] is True
        state = (await api.ask("session.logout"))["result"]
        assert (state["apiKey"], state["authorizedSince"]) == (None, None)
        assert [frame["event"]["e"] for frame in api.events] == ["eventStreamTerminated"]
        frame = await api.ask("account.status", timestamp=stamp)
        assert frame["error"]["code"] == -2014


async def test_a_session_of_another_kind_of_key_is_refused(venue):
    async with line(venue) as api:
        frame = await api.signed("session.logon")
    assert frame["error"] == {"code": -4056, "msg": "HMAC_SHA256 API key is not supported."}


async def test_user_data_are_subscribed_once_an_account_and_listed(venue):
    async with line(venue) as api:
        subscribe = "userDataStream.subscribe.signature"
        assert await api.ok(subscribe) == {"subscriptionId": 0}
        other = {"key": OTHER_KEY, "secret": OTHER_SECRET}
        assert await api.ok(subscribe, **other) == {"subscriptionId": 1}
        assert (await api.signed(subscribe))["error"]["code"] == -2035
        frame = await api.ask("session.subscriptions")
        assert frame["result"] == [{"subscriptionId": 0}, {"subscriptionId": 1}]
        await api.ask("userDataStream.unsubscribe", subscriptionId=0)
        (ended,) = api.events
        assert (ended["subscriptionId"], ended["event"]["e"]) == (0, "eventStreamTerminated")
        assert await api.ok(subscribe) == {"subscriptionId": 2}
        await api.ask("userDataStream.unsubscribe")
        assert (await api.ask("session.subscriptions"))["result"] == []


@asynccontextmanager
async def listening(venue, query=""):
    async with line(venue, query) as api:
        await api.ok("userDataStream.subscribe.signature")
        yield api


async def test_a_new_order_is_told_with_every_field(venue):
    async with listening(venue) as api:
        placed = await venue.order(**LIMIT, newClientOrderId="mine", strategyId=7)
        event = await api.event("executionReport")
        stamp = placed["transactTime"]
        assert event.pop("I") > 0
        assert event == {
            "e": "executionReport",
            "E": stamp,
            "s": "BTCUSDT",
            "c": "mine",
            "S": "BUY",
            "o": "LIMIT",
            "f": "GTC",
            "q": "0.50000000",
            "p": "49000.00000000",
            "P": "0.00000000",
            "F": "0.00000000",
            "g": -1,
            "C": "",
            "x": "NEW",
            "X": "NEW",
            "r": "NONE",
            "i": placed["orderId"],
            "l": "0.00000000",
            "z": "0.00000000",
            "L": "0.00000000",
            "n": "0",
            "N": None,
            "T": stamp,
            "t": -1,
            "w": True,
            "m": False,
            "M": False,
            "O": stamp,
            "Z": "0.00000000",
            "Y": "0.00000000",
            "Q": "0.00000000",
            "W": stamp,
            "V": "EXPIRE_MAKER",
            "j": 7,
        }
        position = await api.event("outboundAccountPosition")
        held = {row["a"]: (row["f"], row["l"]) for row in position["B"]}
        assert held == {
            "BTC": ("10.00000000", "0.00000000"),
            "USDT": ("975475.50000000", "24524.50000000"),
        }


async def test_each_fill_is_told_on_its_own_with_its_fee(venue):
    async with listening(venue) as api:
        await venue.order(side="BUY", type="MARKET", quantity="1.5")
        found = [await api.event("executionReport") for _ in range(3)]
        assert [(e["x"], e["X"], e["l"], e["L"]) for e in found] == [
            ("NEW", "NEW", "0.00000000", "0.00000000"),
            ("TRADE", "PARTIALLY_FILLED", "1.00000000", "50010.00000000"),
            ("TRADE", "FILLED", "0.50000000", "50020.00000000"),
        ]
        last = found[-1]
        assert (last["n"], last["N"], last["m"], last["w"]) == ("25.01000000", "USDT", False, False)
        assert (last["z"], last["Z"], last["Y"]) == (
            "1.50000000",
            "75020.00000000",
            "25010.00000000",
        )
        assert found[1]["t"] + 1 == last["t"]
        position = await api.event("outboundAccountPosition")
        assert {row["a"]: row["f"] for row in position["B"]}["BTC"] == "11.50000000"


async def test_a_maker_is_told_when_another_takes_its_order(venue):
    async with listening(venue) as api:
        await venue.order(**LIMIT | {"price": "50005"})
        assert (await api.event("executionReport"))["x"] == "NEW"
        venue.quote(Side.SELL, 50_005, 0.2, tif=Tif.IOC)
        venue.step()
        event = await api.event("executionReport")
        assert (event["x"], event["X"], event["m"], event["l"], event["w"]) == (
            "TRADE",
            "PARTIALLY_FILLED",
            True,
            "0.20000000",
            True,
        )
        position = await api.event("outboundAccountPosition")
        assert {row["a"]: row["f"] for row in position["B"]}["BTC"] == "10.20000000"


async def test_the_end_of_an_order_is_told_by_its_kind(venue):
    async with listening(venue) as api:

        async def next_one():
            event = await api.event("executionReport")
            return event["x"], event["X"], event["c"], event["C"], event.get("eR")

        await venue.order(**LIMIT | {"quantity": "2"}, newClientOrderId="a")
        await next_one()
        order = {"symbol": "BTCUSDT", "origClientOrderId": "a"}
        await venue.ok("PUT", "order/amend/keepPriority", **order, newQty="1", newClientOrderId="b")
        assert await next_one() == ("REPLACED", "NEW", "b", "a", None)
        await venue.ok(
            "DELETE", "order", symbol="BTCUSDT", origClientOrderId="b", newClientOrderId="c"
        )
        assert await next_one() == ("CANCELED", "CANCELED", "c", "b", None)
        await venue.order(**LIMIT | {"timeInForce": "IOC"}, newClientOrderId="d")
        assert (await next_one())[:2] == ("NEW", "NEW")
        assert await next_one() == (
            "EXPIRED",
            "EXPIRED",
            "d",
            "",
            "UNFILLED_IOC_QUANTITY_EXPIRED",
        )
        await venue.order(**LIMIT | {"price": "50005"}, newClientOrderId="e")
        await next_one()
        await venue.order(**LIMIT | {"price": "50005", "side": "SELL"}, newClientOrderId="f")
        assert [await next_one() for _ in range(2)] == [
            ("NEW", "NEW", "f", "", None),
            ("TRADE_PREVENTION", "EXPIRED_IN_MATCH", "e", "", None),
        ]


async def test_a_stop_that_is_reached_is_told_as_new_on_the_book(venue):
    async with listening(venue) as api:
        for kind, stop in (("STOP_LOSS_LIMIT", "50010"), ("TAKE_PROFIT_LIMIT", "49990")):
            placed = await venue.order(
                side="BUY",
                type=kind,
                timeInForce="GTC",
                quantity="0.5",
                price="49500",
                stopPrice=stop,
            )
            event = await api.event("executionReport")
            assert (event["x"], event["w"], event["i"]) == ("NEW", False, placed["orderId"])
            assert "W" not in event
            side = Side.BUY if kind == "STOP_LOSS_LIMIT" else Side.SELL
            venue.quote(side, float(stop), 0.1, tif=Tif.IOC)
            venue.step()
            event = await api.event("executionReport")
            assert (event["x"], event["X"], event["w"], event["i"], event["P"], event["o"]) == (
                "NEW",
                "NEW",
                True,
                placed["orderId"],
                f"{stop}.00000000",
                kind,
            )


async def test_a_deposit_is_told_and_changes_the_balance(venue):
    async with listening(venue) as api:
        venue.server.deposit("alice", "USDT", Decimal("12.5"))
        event = await api.event("balanceUpdate")
        assert (event["a"], event["d"]) == ("USDT", "12.50000000")
        position = await api.event("outboundAccountPosition")
        assert position["B"] == [{"a": "USDT", "f": "1000012.50000000", "l": "0.00000000"}]


async def test_events_go_to_their_account_alone_and_to_each_of_its_connections(venue):
    micro = "?timeUnit=MICROSECOND"
    async with (
        listening(venue) as one,
        listening(venue, micro) as other,
        line(venue) as stranger,
    ):
        subscribe = "userDataStream.subscribe.signature"
        await stranger.ok(subscribe, key=OTHER_KEY, secret=OTHER_SECRET)
        await venue.order(**LIMIT)
        events = [await api.event("executionReport") for api in (one, other)]
        assert events[1]["E"] // 1000 == events[0]["E"]
        assert events[0]["i"] == events[1]["i"]
        await stranger.ask("ping")
        assert stranger.events == []


async def test_a_shutdown_is_announced_on_the_api_too(venue):
    async with line(venue) as api:
        await api.ask("ping")
        venue.server.announce_shutdown()
        assert (await api.event("serverShutdown"))["E"] > 0


async def test_a_connection_that_is_gone_is_forgotten(venue):
    async with listening(venue) as api:
        await api.ask("ping")
    async with listening(venue) as api:
        await venue.order(**LIMIT)
        assert (await api.event("executionReport"))["x"] == "NEW"
