"""What gateways ask about the account, and what they make of requests that never left."""

import json

import pytest

from connectors.binance.orders import BinanceOrders
from connectors.coinbase.orders import CoinbaseOrders
from connectors.orders import Balance, ClientIds, OpenOrder, Outlet
from market.inputs import NOT_SENT
from market.order import OrderEventKind
from tests.connectors.order_world import BTC_USD, BTCUSDT, PREFIX, listings, order

UNIT = 10**27


class Told:
    """Keeps what a gateway tells of the account."""

    def __init__(self, made, instrument):
        self.requests, self.events, self.told = [], [], []
        self.gateway = made(
            PREFIX,
            listings(instrument),
            Outlet(
                self.requests.append,
                self.events.append,
                listed=lambda *found: self.told.append(("orders", *found)),
                funds=lambda *found: self.told.append(("balances", *found)),
                stream=lambda good: self.told.append(("stream", good)),
            ),
        )

    def frame(self, **fields):
        self.gateway.frame(json.dumps(fields).encode())

    def reply(self, tag, row, status=200):
        self.gateway.reply(tag, status, json.dumps(row).encode())


@pytest.fixture
def binance():
    return Told(BinanceOrders, BTCUSDT)


@pytest.fixture
def coinbase():
    return Told(CoinbaseOrders, BTC_USD)


def test_open_orders_of_binance_are_told_with_ours_and_others(binance):
    binance.gateway.ask_open(7)
    (request,) = binance.requests
    assert (request.tag, request.method, request.params) == ("open7", "openOrders.status", ())
    rows = [
        {"symbol": "BTCUSDT", "orderId": 1, "clientOrderId": f"{PREFIX}-5", "executedQty": "0.3"},
        {"symbol": "BTCUSDT", "orderId": 2, "clientOrderId": "other-5", "executedQty": "1"},
        {"symbol": "XUSDT", "orderId": 3, "clientOrderId": f"{PREFIX}-6", "executedQty": "1"},
    ]
    binance.frame(id="open7", status=200, result=rows)
    ours = OpenOrder(5, "1", "BTCUSDT", 30_000)
    others = (OpenOrder(0, "2", "BTCUSDT", 0), OpenOrder(0, "3", "XUSDT", 0))
    assert binance.told == [("orders", 7, (ours, *others))]
    binance.gateway.end(ours)
    assert binance.requests[-1].params == (("symbol", "BTCUSDT"), ("orderId", "1"))


def test_balances_of_binance_are_told_whole_with_the_number_of_the_question(binance):
    binance.gateway.ask_balances(9)
    rows = {"balances": [{"asset": "BTC", "free": "1.5", "locked": "0.5"}]}
    binance.frame(id="balances9", status=200, result=rows)
    assert binance.told == [("balances", 9, (Balance("BTC", 3 * UNIT // 2, UNIT // 2),))]


def test_a_listing_of_binance_that_is_refused_or_damaged_tells_nothing(binance):
    binance.frame(id="open1", status=400, error={"code": -1003, "msg": "no"})
    binance.frame(id="open1", status=200, result=[{"symbol": "BTCUSDT"}])
    binance.frame(id="open1", status=200, result={})
    assert binance.told == []
    assert binance.gateway.counts == {"refused": 1, "row": 2}


def test_binance_says_whether_its_stream_is_subscribed_to(binance):
    binance.frame(id="user", status=200, result={"subscriptionId": 0})
    binance.frame(id="user", status=400, error={"code": -1021, "msg": "late"})
    binance.frame(subscriptionId=0, event={"e": "eventStreamTerminated"})
    assert binance.told == [("stream", True), ("stream", False), ("stream", False)]


def test_pages_of_coinbases_open_orders_are_told_as_one(coinbase):
    coinbase.gateway.ask_open(3)
    assert ("order_status", "OPEN") in coinbase.requests[0].params
    rows = [
        {"order_id": "a", "client_order_id": f"{PREFIX}-5", "filled_size": "0.5"},
        {"order_id": "b", "client_order_id": "x", "filled_size": "0"},
    ]
    rows = [{**row, "product_id": "BTC-USD"} for row in rows]
    coinbase.reply("open3", {"orders": rows[:1], "has_next": True, "cursor": "c1"})
    assert coinbase.told == []
    assert ("cursor", "c1") in coinbase.requests[1].params
    coinbase.reply("open3", {"orders": rows[1:], "has_next": False, "cursor": "c2"})
    ours = OpenOrder(5, "a", "BTC-USD", 50_000_000)
    assert coinbase.told == [("orders", 3, (ours, OpenOrder(0, "b", "BTC-USD", 0)))]
    coinbase.gateway.end(ours)
    assert json.loads(coinbase.requests[-1].body) == {"order_ids": ["a"]}


def test_pages_of_coinbases_balances_are_told_as_one(coinbase):
    def page(asset, more):
        held = {"available_balance": {"value": "2"}, "hold": {"value": "1"}}
        return {"accounts": [{"currency": asset, **held}], "has_next": more, "cursor": "c"}

    coinbase.gateway.ask_balances(4)
    coinbase.reply("balances4", page("BTC", True))
    coinbase.reply("balances4", page("USD", False))
    found = tuple(Balance(asset, 2 * UNIT, UNIT) for asset in ("BTC", "USD"))
    assert coinbase.told == [("balances", 4, found)]
    coinbase.gateway.ask_balances(5)
    coinbase.reply("balances5", page("ETH", False))
    assert coinbase.told[-1] == ("balances", 5, (Balance("ETH", 2 * UNIT, UNIT),))


def test_coinbases_first_frame_of_the_channel_says_that_it_is_subscribed_to(coinbase):
    frame = {"channel": "user", "timestamp": "2026-01-01T00:00:00Z", "events": []}
    for number in (0, 1, 5):
        coinbase.frame(**frame, sequence_num=number)
    coinbase.frame(type="error", message="authentication failure")
    assert coinbase.told == [("stream", True), ("stream", True), ("stream", False)]
    assert coinbase.gateway.counts == {"gap": 1, "refused": 1}


@pytest.mark.parametrize("venue", ["binance", "coinbase"])
def test_what_never_left_is_refused_in_our_own_words(venue, request):
    desk = request.getfixturevalue(venue)
    desk.gateway.place(order())
    for tag in ("place7", "cancel7", "replace7n1", "query7n1", "fills7", "user"):
        desk.gateway.reply(tag, NOT_SENT, b"no room")
    assert [(one.kind, one.reason) for one in desk.events] == [
        (OrderEventKind.REJECTED, "not sent: no room"),
        (OrderEventKind.CANCEL_REJECTED, "not sent: no room"),
        (OrderEventKind.REPLACE_REJECTED, "not sent: no room"),
    ]
    assert desk.told == [("stream", False)]
    assert desk.gateway.counts == {"not_sent": 6}


def test_ids_are_nobodys_until_the_run_has_a_prefix():
    ids = ClientIds()
    with pytest.raises(ValueError, match="no prefix"):
        ids.of(1)
    with pytest.raises(ValueError, match="no order of ours"):
        ids.read("-1")
    ids.begin("cq")
    assert ids.read(ids.of(12)) == 12
