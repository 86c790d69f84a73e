"""The order gateway of Binance spot: what it asks and how it reads the answers."""

import json

import pytest

from connectors.binance.orders import BinanceOrders
from connectors.orders import Balance
from market.order import OrderEvent, OrderEventKind, Side, Tif, Type
from tests.connectors.order_world import BTCUSDT, ODD, PREFIX, Heard, listings, order

Kind = OrderEventKind
MS = 10**6
STAMP = 1507725176595
UNIT = 10**27

#: The reply of the venue's documentation, with an id of ours and a grid of two decimals.
FULL = {
    "symbol": "BTCUSDT", "orderId": 28, "orderListId": -1, "clientOrderId": "cq7-7",
    "transactTime": STAMP, "price": "0.00000000", "origQty": "10.00000000",
    "executedQty": "10.00000000", "origQuoteOrderQty": "0.000000",
    "cummulativeQuoteQty": "10.00000000", "status": "FILLED", "timeInForce": "GTC",
    "type": "MARKET", "side": "SELL", "workingTime": STAMP, "selfTradePreventionMode": "NONE",
    "fills": [
        {"price": "4000.00000000", "qty": "1.00000000", "commission": "4.00000000",
         "commissionAsset": "USDT", "tradeId": 56},
        {"price": "3999.00000000", "qty": "9.00000000", "commission": "-0.00000001",
         "commissionAsset": "BNB", "tradeId": 57},
    ],
}  # fmt: skip
REPORT = {
    "e": "executionReport", "E": STAMP, "s": "BTCUSDT", "c": "cq7-7", "S": "BUY", "o": "LIMIT",
    "f": "GTC", "q": "1.00000000", "p": "50000.00000000", "P": "0.00000000", "F": "0.00000000",
    "g": -1, "C": "", "x": "NEW", "X": "NEW", "r": "NONE", "i": 28, "l": "0.00000000",
    "z": "0.00000000", "L": "0.00000000", "n": "0", "N": None, "T": STAMP, "t": -1, "I": 3,
    "w": True, "m": False, "M": False, "O": STAMP, "Z": "0.00000000", "Y": "0.00000000",
    "Q": "0.00000000", "W": STAMP, "V": "NONE",
}  # fmt: skip
TRADE = {
    "x": "TRADE", "X": "PARTIALLY_FILLED", "l": "0.10000000", "L": "50000.00000000",
    "z": "0.30000000", "n": "5.00000000", "N": "USDT", "t": 56, "m": True,
}  # fmt: skip


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def gateway(heard):
    return BinanceOrders(PREFIX, listings(BTCUSDT, ODD), heard.outlet)


def told(gateway, tag, result, status=200):
    name = "result" if status == 200 else "error"
    gateway.frame(json.dumps({"id": tag, "status": status, name: result}).encode())


def report(gateway, **fields):
    frame = {"subscriptionId": 0, "event": REPORT | fields}
    gateway.frame(json.dumps(frame).encode())


LIMIT = {"type": "LIMIT", "price": "50000"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, LIMIT | {"timeInForce": "GTC"}),
        ({"tif": Tif.IOC}, LIMIT | {"timeInForce": "IOC"}),
        ({"tif": Tif.FOK}, LIMIT | {"timeInForce": "FOK"}),
        ({"post_only": True}, {"type": "LIMIT_MAKER", "price": "50000"}),
        ({"type": Type.MARKET, "tif": Tif.IOC}, {"type": "MARKET"}),
    ],
)
def test_each_kind_of_order_is_spelled_as_the_venue_wants_it(gateway, heard, fields, expected):
    gateway.place(order(side=Side.SELL, **fields))
    (request,) = heard.requests
    assert (request.tag, request.method, request.path) == ("place7", "order.place", "")
    assert dict(request.params) == expected | {
        "symbol": "BTCUSDT", "side": "SELL", "quantity": "1", "newClientOrderId": "cq7-7",
        "newOrderRespType": "FULL",
    }  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [
        {"type": Type.STOP},
        {"tif": Tif.GTD},
        {"tif": Tif.IOC, "post_only": True},
        {"type": Type.MARKET, "post_only": True},
    ],
)
def test_what_the_venue_has_not_is_rejected_here(gateway, heard, fields):
    gateway.place(order(**fields))
    assert heard.requests == []
    (event,) = heard.events
    assert (event.kind, event.order) == (Kind.REJECTED, 7)
    assert event.reason.startswith("unsupported")


def test_ticks_and_lots_of_odd_steps_are_spelled_exactly(gateway, heard):
    gateway.place(order(slot=1, price=3, lots=7))
    params = dict(heard.requests[0].params)
    assert (params["price"], params["quantity"]) == ("0.15", "70")


def test_cancel_names_the_client_id(gateway, heard):
    gateway.cancel(order())
    (request,) = heard.requests
    assert (request.tag, request.method) == ("cancel7", "order.cancel")
    assert dict(request.params) == {"symbol": "BTCUSDT", "origClientOrderId": "cq7-7"}


def test_a_query_has_a_twin_over_rest(gateway, heard):
    gateway.query(order(queries=3))
    gateway.query(order(queries=4), rest=True)
    socket, rest = heard.requests
    assert (socket.tag, socket.method, socket.path) == ("query7n3", "order.status", "")
    assert (rest.tag, rest.method, rest.path) == ("query7n4", "GET", "/api/v3/order")
    assert socket.params == rest.params


def test_a_smaller_size_keeps_the_place_in_the_queue(gateway, heard):
    gateway.replace(order(new_price=5_000_000, new_lots=50_000, filled=1))
    (request,) = heard.requests
    assert (request.tag, request.method) == ("replace7n1", "order.amend.keepPriority")
    assert dict(request.params) == {
        "symbol": "BTCUSDT", "origClientOrderId": "cq7-7", "newClientOrderId": "cq7-7",
        "newQty": "0.5",
    }  # fmt: skip
    told(gateway, "replace7n1", {"transactTime": STAMP, "executionId": 1, "amendedOrder": {}})
    assert heard.take() == [OrderEvent(Kind.REPLACED, 7, STAMP * MS)]


@pytest.mark.parametrize("change", [(5_000_001, 50_000), (5_000_000, 100_001), (5_000_000, 1)])
def test_any_other_change_is_refused_here(gateway, heard, change):
    gateway.replace(order(new_price=change[0], new_lots=change[1], filled=2))
    assert heard.requests == []
    assert [one.kind for one in heard.events] == [Kind.REPLACE_REJECTED]


def test_the_answer_to_an_older_change_is_not_taken_for_that_of_a_newer(gateway, heard):
    for lots in (50_000, 40_000):
        gateway.replace(order(new_price=5_000_000, new_lots=lots))
    told(gateway, "replace7n1", {"transactTime": STAMP})
    assert heard.events == []
    assert gateway.counts == {"late": 1}


def test_a_full_reply_is_ack_fills_and_end(gateway, heard):
    gateway.place(order(lots=1_000_000))
    told(gateway, "place7", FULL)
    accepted, first, second, end = heard.events
    assert accepted == OrderEvent(Kind.ACCEPTED, 7, STAMP * MS, venue_id="28")
    assert first == OrderEvent(
        Kind.FILL, 7, STAMP * MS, 400_000, 100_000,
        trade_id="56", fee=4 * UNIT, fee_asset="USDT", venue_id="28",
    )  # fmt: skip
    assert (second.fee, second.fee_asset, second.lots) == (-UNIT // 10**8, "BNB", 900_000)
    assert (end.kind, end.cumulative) == (Kind.FILLED, 1_000_000)


def test_the_shortest_reply_is_an_ack(gateway, heard):
    gateway.place(order())
    keys = ("symbol", "orderId", "orderListId", "clientOrderId", "transactTime")
    told(gateway, "place7", {key: FULL[key] for key in keys})
    assert heard.events == [OrderEvent(Kind.ACCEPTED, 7, STAMP * MS, venue_id="28")]


def test_an_expired_remainder_says_why(gateway, heard):
    gateway.place(order())
    reason = "UNFILLED_IOC_QUANTITY_EXPIRED"
    row = FULL | {"status": "EXPIRED", "fills": [], "executedQty": "0", "expiryReason": reason}
    told(gateway, "place7", row)
    assert (heard.events[-1].kind, heard.events[-1].reason) == (Kind.EXPIRED, reason)


@pytest.mark.parametrize(
    ("tag", "code", "message", "kind"),
    [
        ("place7", -2010, "Account has insufficient balance for requested action.", Kind.REJECTED),
        ("place7", -2010, "Order would immediately match and take.", Kind.REJECTED),
        ("place7", -1013, "Filter failure: LOT_SIZE", Kind.REJECTED),
        ("place7", -1003, "Too much request weight used", Kind.REJECTED),
        ("cancel7", -2011, "Unknown order sent.", Kind.CANCEL_REJECTED),
    ],
)
def test_refusals_keep_the_words_of_the_venue(gateway, heard, tag, code, message, kind):
    told(gateway, tag, {"code": code, "msg": message}, 400)
    assert heard.events == [OrderEvent(kind, 7, reason=f"{code} {message}")]


@pytest.mark.parametrize("tag", ["place7", "cancel7", "query7n0", "replace7n1"])
@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, -1006, "An unexpected response was received from the message bus."),
        (400, -1007, "Timeout waiting for response from backend server."),
        (503, -1008, "Server is currently overloaded with other requests."),
        (500, -1000, "An unknown error occurred while processing the request."),
        (400, -2010, "Duplicate order sent."),
    ],
)
def test_an_unknown_outcome_is_no_event(gateway, heard, tag, status, code, message):
    told(gateway, tag, {"code": code, "msg": message}, status)
    assert heard.events == []
    assert gateway.counts == {"unknown_outcome": 1}


@pytest.mark.parametrize(("status", "data"), [(0, b""), (502, b"<html>"), (504, b"{}")])
def test_a_rest_reply_that_says_nothing_is_no_event(gateway, heard, status, data):
    gateway.reply("query7n1", status, data)
    assert heard.events == []
    assert gateway.counts == {"unknown_outcome": 1}


def test_unknown_carries_the_number_of_its_query(gateway, heard):
    gateway.query(order(queries=3))
    error = {"code": -2013, "msg": "Order does not exist."}
    told(gateway, "query7n2", error, 400)
    told(gateway, "query7n3", error, 400)
    assert gateway.counts == {"late": 1}
    (event,) = heard.events
    assert event == OrderEvent(Kind.UNKNOWN, 7, reason="-2013 Order does not exist.", query=3)
    gateway.query(order(queries=4), rest=True)
    gateway.reply("query7n4", 400, json.dumps(error).encode())
    assert heard.events[-1].query == 4


QUERIED = {
    key: FULL[key] for key in ("symbol", "orderId", "price", "origQty", "executedQty", "status")
} | {"updateTime": STAMP}  # fmt: skip
OPEN = QUERIED | {"status": "PARTIALLY_FILLED", "price": "49000.00", "executedQty": "9"}
ROWS = [
    {"symbol": "BTCUSDT", "id": 56 + i, "orderId": 28, "price": "50000.00", "qty": qty,
     "commission": "0.5", "commissionAsset": "USDT", "time": STAMP + i, "isMaker": i == 0}
    for i, qty in enumerate(["4.00000000", "5.00000000"])
]  # fmt: skip


def test_an_open_order_is_told_before_the_fills_that_are_asked_for(gateway, heard):
    gateway.query(order(queries=1, filled=400_000))
    told(gateway, "query7n1", OPEN)
    assert heard.events == []
    trades = heard.requests[-1]
    assert (trades.tag, trades.method) == ("trades7n1", "myTrades")
    assert dict(trades.params) == {"symbol": "BTCUSDT", "orderId": "28", "limit": "1000"}
    told(gateway, "trades7n1", [*ROWS, ROWS[0] | {"orderId": 29}])
    status, *fills = heard.take()
    assert status == OrderEvent(
        Kind.STATUS, 7, STAMP * MS, 4_900_000, 1_000_000, 900_000, venue_id="28", query=1
    )
    assert [(one.kind, one.lots, one.trade_id, one.maker) for one in fills] == [
        (Kind.FILL, 400_000, "56", True),
        (Kind.FILL, 500_000, "57", False),
    ]


def test_an_order_that_is_over_is_told_after_its_fills(gateway, heard):
    gateway.query(order(queries=1))
    told(gateway, "query7n1", QUERIED | {"status": "CANCELED", "executedQty": "9"})
    assert heard.events == []
    told(gateway, "trades7n1", ROWS)
    assert [one.kind for one in heard.events] == [Kind.FILL, Kind.FILL, Kind.CANCELED]
    assert heard.events[-1].cumulative == 900_000


def test_an_end_is_not_told_while_the_list_of_its_trades_is_behind(gateway, heard):
    gateway.query(order(queries=1))
    told(gateway, "query7n1", QUERIED | {"status": "CANCELED", "executedQty": "9"})
    told(gateway, "trades7n1", ROWS[:1])
    assert (heard.events, gateway.counts) == ([], {"short": 1})


def test_trades_are_not_asked_for_where_all_fills_are_known(gateway, heard):
    gateway.query(order(queries=1, filled=1_000_000))
    told(gateway, "query7n1", QUERIED)
    assert [one.kind for one in heard.events] == [Kind.FILLED]
    assert len(heard.requests) == 1


def test_trades_are_asked_for_the_way_that_the_query_went(gateway, heard):
    gateway.query(order(queries=1), rest=True)
    gateway.reply("query7n1", 200, json.dumps(QUERIED).encode())
    trades = heard.requests[-1]
    assert (trades.tag, trades.method, trades.path) == ("trades7n1", "GET", "/api/v3/myTrades")
    gateway.reply("trades7n1", 200, json.dumps([ROWS[0] | {"qty": "10"}]).encode())
    assert [one.kind for one in heard.events] == [Kind.FILL, Kind.FILLED]


def test_a_full_page_of_trades_is_continued(gateway, heard):
    gateway.query(order(queries=1))
    told(gateway, "query7n1", QUERIED)
    page = [ROWS[0] | {"id": 100 + i, "qty": "0.001"} for i in range(1000)]
    told(gateway, "trades7n1", page)
    assert dict(heard.requests[-1].params)["fromId"] == "1100"
    assert Kind.FILLED not in [one.kind for one in heard.events]
    told(gateway, "trades7n1", [ROWS[0] | {"id": 1100, "qty": "9"}])
    assert heard.events[-1].kind is Kind.FILLED


def test_trades_of_an_older_query_are_left(gateway, heard):
    gateway.query(order(queries=1))
    told(gateway, "query7n1", QUERIED)
    gateway.query(order(queries=2))
    told(gateway, "trades7n1", ROWS)
    assert heard.events == []
    assert gateway.counts == {"late": 1}


ENDS = [
    ("CANCELED", "CANCELED", "NONE", None, Kind.CANCELED, ""),
    ("EXPIRED", "EXPIRED", "NONE", "INSUFFICIENT_LIQUIDITY", Kind.EXPIRED, None),
    ("TRADE_PREVENTION", "EXPIRED_IN_MATCH", "NONE", None, Kind.EXPIRED, ""),
    ("REJECTED", "REJECTED", "INSUFFICIENT_BALANCES", None, Kind.REJECTED, None),
]


@pytest.mark.parametrize(("what", "status", "reject", "expiry", "kind", "reason"), ENDS)
def test_reports_tell_each_end(gateway, heard, what, status, reject, expiry, kind, reason):
    expected = (reject if kind is Kind.REJECTED else expiry) if reason is None else reason
    report(gateway, x=what, X=status, r=reject, eR=expiry, z="0.30000000")
    assert heard.events == [
        OrderEvent(kind, 7, STAMP * MS, cumulative=30_000, venue_id="28", reason=expected)
    ]


def test_reports_tell_acceptance_and_fills(gateway, heard):
    report(gateway)
    report(gateway, **TRADE)
    accepted, fill = heard.events
    assert accepted == OrderEvent(Kind.ACCEPTED, 7, STAMP * MS, cumulative=0, venue_id="28")
    assert fill == OrderEvent(
        Kind.FILL, 7, STAMP * MS, 5_000_000, 10_000, 30_000, "56", 5 * UNIT, "USDT", True, "28"
    )  # fmt: skip


def test_a_cancel_report_names_the_order_by_its_original_id(gateway, heard):
    report(gateway, x="CANCELED", X="CANCELED", c="something", C="cq7-8")
    assert [(one.kind, one.order) for one in heard.events] == [(Kind.CANCELED, 8)]


@pytest.mark.parametrize("what", ["REPLACED", "TRADE_PREVENTION"])
def test_reports_that_leave_an_order_open_are_no_event(gateway, heard, what):
    report(gateway, x=what)
    assert (heard.events, gateway.counts) == ([], {})


def test_microseconds_are_told_from_milliseconds(gateway, heard):
    report(gateway, T=STAMP * 1000)
    assert heard.events[0].ts_event == STAMP * MS


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"c": "somebody-7"}, "stranger"),
        ({"c": "cq7-07"}, "stranger"),
        ({"s": "ETHUSDT"}, "stranger"),
        (TRADE | {"L": "50000.001"}, "off_grid"),
        (TRADE | {"l": "-1"}, "number"),
        (TRADE | {"n": "1e3"}, "number"),
        (TRADE | {"t": "56"}, "row"),
        ({"X": "WONDERFUL", "x": "CANCELED"}, "row"),
        ({"T": None}, "row"),
    ],
)
def test_what_cannot_be_read_is_counted_by_name(gateway, heard, fields, name):
    report(gateway, **fields)
    assert (heard.events, gateway.counts) == ([], {name: 1})


def test_balances_come_by_event_and_by_reply(gateway, heard):
    rows = [{"a": "ETH", "f": "10000.5", "l": "0.25"}]
    event = {"e": "outboundAccountPosition", "E": 1, "u": 1, "B": rows}
    gateway.frame(json.dumps({"subscriptionId": 0, "event": event}).encode())
    gateway.ask_balances()
    assert heard.requests[-1].method == "account.status"
    told(gateway, "balances", {"balances": [{"asset": "BTC", "free": "1", "locked": "0"}]})
    assert heard.balances == [
        Balance("ETH", 10_000 * UNIT + UNIT // 2, UNIT // 4),
        Balance("BTC", UNIT, 0),
    ]


def test_a_subscription_is_asked_for_by_its_name(gateway, heard):
    gateway.subscribe()
    assert heard.requests[0].method == "userDataStream.subscribe.signature"
    told(gateway, "user", {"subscriptionId": 0})
    assert gateway.counts == {}
    told(gateway, "user", {"code": -2015, "msg": "Invalid API-key"}, 401)
    assert gateway.counts == {"refused": 1}


@pytest.mark.parametrize(
    ("kind", "name"), [("serverShutdown", "serverShutdown"), ("new kind", "other_event")]
)
def test_other_events_are_counted_by_name(gateway, heard, kind, name):
    gateway.frame(json.dumps({"subscriptionId": 0, "event": {"e": kind, "E": STAMP}}).encode())
    assert (heard.events, gateway.counts) == ([], {name: 1})
