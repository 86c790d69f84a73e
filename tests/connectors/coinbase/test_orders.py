"""The order gateway of Coinbase Advanced Trade: what it asks and how it reads the answers."""

import json

import pytest

from connectors.coinbase.orders import PAGES_MAX, CoinbaseOrders
from connectors.orders import Balance
from market.order import OrderEvent, OrderEventKind, Side, Tif, Type
from tests.connectors.order_world import BTC_USD, PREFIX, Heard, listings, order

Kind = OrderEventKind
UNIT = 10**27
ID = "52cf0a2e-1f4c-4b3b-8a0d-5f1c3b6a7d10"
TIME = "2026-08-09T21:05:48.1703Z"
TIME_NS = 1_786_309_548_170_300_000
LOTS = 10**8

USER = {
    "order_id": ID, "client_order_id": "cq7-7", "cumulative_quantity": "0",
    "leaves_quantity": "1", "avg_price": "0", "filled_value": "0", "total_fees": "0",
    "status": "OPEN", "product_id": "BTC-USD", "creation_time": TIME, "order_side": "BUY",
    "order_type": "Limit", "cancel_reason": "", "reject_reason": "", "post_only": "true",
    "limit_price": "50000", "time_in_force": "GOOD_UNTIL_CANCELLED",
}  # fmt: skip
ROW = {
    "order_id": ID, "client_order_id": "cq7-7", "product_id": "BTC-USD", "side": "BUY",
    "order_configuration":
        {"limit_limit_gtc": {"base_size": "1", "limit_price": "50000", "post_only": False}},
    "status": "OPEN", "created_time": TIME, "filled_size": "0", "average_filled_price": "0",
    "filled_value": "0", "total_fees": "0", "last_fill_time": None, "cancel_message": "",
    "reject_reason": "REJECT_REASON_UNSPECIFIED",
}  # fmt: skip
FILL = {
    "entry_id": "e", "trade_id": "t", "order_id": ID, "trade_time": TIME, "trade_type": "FILL",
    "price": "50000", "size": "0.25", "commission": "50", "product_id": "BTC-USD",
    "liquidity_indicator": "TAKER", "size_in_quote": False, "side": "BUY",
}  # fmt: skip


def filled(size, value, fees, **more):
    return {"cumulative_quantity": size, "filled_value": value, "total_fees": fees, **more}


def row(size="0", value="0", fees="0", **more):
    return ROW | {"filled_size": size, "filled_value": value, "total_fees": fees} | more


class Desk:
    def __init__(self):
        self.heard = Heard()
        self.gateway = CoinbaseOrders(PREFIX, listings(BTC_USD), self.heard.outlet)
        self.number = -1

    def update(self, *rows, kind="update", number=None):
        self.number = self.number + 1 if number is None else number
        frame = {
            "channel": "user", "timestamp": TIME, "sequence_num": self.number,
            "events": [{"type": kind, "orders": [USER | row for row in rows]}],
        }  # fmt: skip
        self.gateway.frame(json.dumps(frame).encode())
        return self.heard.take()

    def reply(self, tag, body, status=200):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.gateway.reply(tag, status, data)
        return self.heard.take()

    def placed(self, **fields):
        fields.setdefault("lots", LOTS)
        self.gateway.place(order(**fields))
        self.heard.requests.clear()
        return self

    def asked(self, **fields):
        fields.setdefault("queries", 1)
        fields.setdefault("venue_id", ID)
        self.gateway.query(order(**fields))
        return self.heard.requests.pop()

    @property
    def last(self):
        return self.heard.requests[-1]


@pytest.fixture
def desk():
    return Desk()


LIMIT = {"base_size": "1", "limit_price": "50000"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"limit_limit_gtc": LIMIT | {"post_only": False}}),
        ({"post_only": True}, {"limit_limit_gtc": LIMIT | {"post_only": True}}),
        ({"tif": Tif.IOC}, {"sor_limit_ioc": LIMIT}),
        ({"tif": Tif.FOK}, {"limit_limit_fok": LIMIT}),
        ({"type": Type.MARKET, "tif": Tif.IOC}, {"market_market_ioc": {"base_size": "1"}}),
    ],
)
def test_each_kind_of_order_is_spelled_as_the_venue_wants_it(desk, fields, expected):
    desk.gateway.place(order(side=Side.SELL, lots=LOTS, **fields))
    request = desk.last
    assert (request.tag, request.method) == ("place7", "POST")
    assert request.path == "/api/v3/brokerage/orders"
    assert json.loads(request.body) == {
        "client_order_id": "cq7-7", "product_id": "BTC-USD", "side": "SELL",
        "order_configuration": expected,
    }  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [
        {"type": Type.STOP_LIMIT},
        {"tif": Tif.DAY},
        {"tif": Tif.FOK, "post_only": True},
        {"type": Type.MARKET, "post_only": True},
    ],
)
def test_what_the_venue_has_not_is_rejected_here(desk, fields):
    desk.gateway.place(order(**fields))
    assert desk.heard.requests == []
    assert [one.kind for one in desk.heard.events] == [Kind.REJECTED]


def test_a_cancel_and_an_edit_name_the_id_of_the_venue(desk):
    desk.gateway.cancel(order(venue_id=ID))
    cancel = desk.last
    assert (cancel.tag, cancel.path) == ("cancel7", "/api/v3/brokerage/orders/batch_cancel")
    assert json.loads(cancel.body) == {"order_ids": [ID]}
    desk.gateway.replace(order(venue_id=ID, new_price=4_999_950, new_lots=LOTS // 2))
    edit = desk.last
    assert (edit.tag, edit.path) == ("replace7n1", "/api/v3/brokerage/orders/edit")
    assert json.loads(edit.body) == {"order_id": ID, "price": "49999.5", "size": "0.5"}


def test_without_that_id_they_are_refused_so_that_it_is_asked_for(desk):
    desk.gateway.cancel(order())
    desk.gateway.replace(order())
    kinds = [one.kind for one in desk.heard.events]
    assert kinds == [Kind.CANCEL_REJECTED, Kind.REPLACE_REJECTED]
    assert desk.heard.requests == []


def test_a_new_order_is_accepted_by_its_reply(desk):
    done = {"order_id": ID, "product_id": "BTC-USD", "side": "SELL", "client_order_id": "cq7-7"}
    body = {
        "success": True, "failure_reason": "UNKNOWN_FAILURE_REASON", "order_id": ID,
        "success_response": done, "order_configuration": {},
    }  # fmt: skip
    assert desk.reply("place7", body) == [OrderEvent(Kind.ACCEPTED, 7, venue_id=ID)]


def refused(**error):
    head = {"success": False, "failure_reason": "UNKNOWN_FAILURE_REASON", "order_id": ""}
    return head | {"error_response": error}


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, refused(error="INSUFFICIENT_FUND", message="Too poor", error_details="",
                      new_order_failure_reason="INSUFFICIENT_FUND"),
         "INSUFFICIENT_FUND Too poor"),
        (200, refused(error="UNKNOWN_FAILURE_REASON", message="small",
                      preview_failure_reason="PREVIEW_INVALID_BASE_SIZE_TOO_SMALL"),
         "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL small"),
        (200, refused(), "UNKNOWN_FAILURE_REASON"),
        (400, {"error": "INVALID_ARGUMENT", "error_details": "x", "message": "bad"},
         "INVALID_ARGUMENT bad"),
        (429, {"errors": [{"id": "rate_limit_exceeded", "message": "Too many requests"}]},
         "rate_limit_exceeded Too many requests"),
        (401, b"Unauthorized\n", "HTTP 401"),
    ],
)  # fmt: skip
def test_a_refused_order_keeps_the_words_of_the_venue(desk, status, body, reason):
    assert desk.reply("place7", body, status) == [OrderEvent(Kind.REJECTED, 7, reason=reason)]


@pytest.mark.parametrize("tag", ["place7", "cancel7", "replace7n1", "query7n1", "fills7"])
@pytest.mark.parametrize(("status", "data"), [(0, b""), (500, b"{}"), (503, b"<p>"), (408, b"")])
def test_an_unknown_outcome_is_no_event(desk, tag, status, data):
    assert desk.reply(tag, data, status) == []
    assert desk.gateway.counts == {"unknown_outcome": 1}


def test_a_reply_that_cannot_be_read_is_no_event(desk):
    assert desk.reply("place7", b"{") == []
    assert desk.reply("place7", {"success": True}) == []
    assert desk.gateway.counts == {"row": 2}


def test_each_row_of_a_cancel_is_looked_at(desk):
    fine = {"success": True, "failure_reason": "UNKNOWN_CANCEL_FAILURE_REASON", "order_id": ID}
    assert desk.reply("cancel7", {"results": [fine]}) == []
    bad = fine | {"success": False, "failure_reason": "UNKNOWN_CANCEL_ORDER"}
    assert desk.reply("cancel7", {"results": [bad]}) == [
        OrderEvent(Kind.CANCEL_REJECTED, 7, reason="UNKNOWN_CANCEL_ORDER")
    ]


def test_an_edit_is_answered_by_its_own_reply_only(desk):
    for lots in (1, 2):
        desk.gateway.replace(order(venue_id=ID, new_price=1, new_lots=lots))
    done = {"success": True, "success_response": {"order_id": ID}, "errors": []}
    assert desk.reply("replace7n1", done) == []
    assert desk.gateway.counts == {"late": 1}
    assert desk.reply("replace7n2", done) == [OrderEvent(Kind.REPLACED, 7)]
    failed = {
        "edit_failure_reason": "ORDER_NOT_FOUND",
        "preview_failure_reason": "UNKNOWN_PREVIEW_FAILURE_REASON",
    }
    assert desk.reply("replace7n2", {"success": False, "errors": [failed]}) == [
        OrderEvent(Kind.REPLACE_REJECTED, 7, reason="ORDER_NOT_FOUND")
    ]


def test_updates_are_told_apart_by_the_running_sum(desk):
    desk.placed()
    assert desk.update({}) == [OrderEvent(Kind.ACCEPTED, 7, TIME_NS, cumulative=0, venue_id=ID)]
    first = filled("0.25", "12500", "50")
    (fill,) = desk.update(first)
    assert fill == OrderEvent(
        Kind.FILL, 7, TIME_NS, 5_000_000, 25_000_000, 25_000_000,
        fee=50 * UNIT, fee_asset="USD", maker=True, venue_id=ID,
    )  # fmt: skip
    assert desk.update(first, kind="snapshot") == []
    (fill, end) = desk.update(filled("1", "49998.5", "200.0000001", status="FILLED"))
    assert (fill.price, fill.lots, fill.cumulative) == (4_999_800, 75_000_000, LOTS)
    assert fill.fee == 150 * UNIT + UNIT // 10**7
    assert (fill.kind, end.kind, end.cumulative) == (Kind.FILL, Kind.FILLED, LOTS)


def test_an_older_update_changes_nothing(desk):
    desk.placed()
    desk.update(filled("0.25", "12500", "50"))
    assert desk.update(filled("0.1", "5000", "20")) == []
    assert desk.gateway.counts == {"stale": 1}


@pytest.mark.parametrize(
    ("status", "kind"),
    [("CANCELLED", Kind.CANCELED), ("EXPIRED", Kind.EXPIRED), ("FAILED", Kind.REJECTED)],
)
def test_each_end_is_told_with_its_reason(desk, status, kind):
    desk.placed()
    (event,) = desk.update({"status": status, "cancel_reason": "User requested cancel"})
    assert (event.kind, event.cumulative) == (kind, 0)
    assert event.reason == "User requested cancel"


def test_one_row_for_fills_at_several_prices_makes_the_fills_be_asked_for(desk):
    desk.placed()
    assert desk.update(filled("0.3", "15000.01", "60")) == []
    request = desk.last
    assert (request.tag, request.method) == ("fills7", "GET")
    assert request.path == "/api/v3/brokerage/orders/historical/fills"
    assert dict(request.params) == {"order_ids": ID, "limit": "1000"}
    desk.update(filled("0.3", "15000.01", "60"))
    assert len(desk.heard.requests) == 1
    later = FILL | {"price": "50000.2", "size": "0.05", "commission": "10",
                    "liquidity_indicator": "MAKER"}  # fmt: skip
    first, second = desk.reply("fills7", {"fills": [later, FILL], "cursor": ""})
    assert (first.price, first.lots, first.cumulative) == (5_000_000, 25_000_000, 25_000_000)
    assert (second.price, second.lots, second.cumulative) == (5_000_020, 5_000_000, 30_000_000)
    assert [one.maker for one in (first, second)] == [False, True]
    assert [one.fee for one in (first, second)] == [50 * UNIT, 10 * UNIT]
    assert [one.trade_id for one in (first, second)] == ["", ""]
    (third,) = desk.update(filled("0.4", "20000.01", "80"))
    assert (third.price, third.lots, third.fee) == (5_000_000, 10_000_000, 20 * UNIT)


def test_two_fills_whose_mean_is_a_price_are_not_taken_for_one(desk):
    desk.placed()
    desk.update(filled("0.1", "5000", "20", number_of_fills="1"))
    assert desk.update(filled("0.3", "15000", "60", number_of_fills="3")) == []
    assert desk.last.tag == "fills7"


def test_pages_of_fills_are_joined(desk):
    desk.placed()
    desk.update(filled("0.3", "15000.01", "60"))
    assert desk.reply("fills7", {"fills": [FILL | {"size": "0.05"}], "cursor": "next"}) == []
    assert dict(desk.last.params)["cursor"] == "next"
    events = desk.reply("fills7", {"fills": [FILL], "cursor": ""})
    assert [one.cumulative for one in events] == [25_000_000, 30_000_000]


def test_fills_of_others_and_other_kinds_are_left(desk):
    desk.placed()
    desk.update(filled("0.3", "15000.01", "60"))
    rows = [FILL | {"order_id": "other"}, FILL | {"trade_type": "REVERSAL"}]
    assert desk.reply("fills7", {"fills": rows, "cursor": ""}) == []


def test_an_end_in_such_a_row_is_told_at_once_so_that_the_store_asks(desk):
    desk.placed()
    (end,) = desk.update(filled("1", "49999.999", "60", status="FILLED"))
    assert (end.kind, end.cumulative) == (Kind.FILLED, LOTS)
    assert desk.heard.requests == []


def test_a_query_by_the_id_of_the_venue(desk):
    request = desk.placed().asked()
    assert (request.tag, request.method) == ("query7n1", "GET")
    assert request.path == f"/api/v3/brokerage/orders/historical/{ID}"
    status, fill = desk.reply("query7n1", {"order": row("0.25", "12500", "50")})
    assert status == OrderEvent(
        Kind.STATUS, 7, TIME_NS, 5_000_000, LOTS, 25_000_000, venue_id=ID, query=1
    )
    assert (fill.kind, fill.lots) == (Kind.FILL, 25_000_000)


def test_an_order_that_is_over_is_told_after_its_fills(desk):
    desk.placed().asked()
    body = {"order": row("0.3", "15000.01", "60", status="CANCELLED", cancel_message="by us")}
    assert desk.reply("query7n1", body) == []
    assert desk.last.tag == "fills7n1"
    rows = [FILL | {"price": "50000.2", "size": "0.05", "commission": "10"}, FILL]
    *fills, end = desk.reply("fills7n1", {"fills": rows, "cursor": ""})
    assert [one.lots for one in fills] == [25_000_000, 5_000_000]
    assert (end.kind, end.cumulative, end.reason) == (Kind.CANCELED, 30_000_000, "by us")
    assert end.query == 1


def test_an_end_is_not_told_while_the_list_of_its_fills_is_behind(desk):
    desk.placed().asked()
    desk.reply("query7n1", {"order": row("0.3", "15000.01", "60", status="CANCELLED")})
    assert desk.reply("fills7n1", {"fills": [FILL], "cursor": ""}) == []
    assert desk.gateway.counts == {"short": 1}
    desk.asked(queries=2)
    desk.reply("query7n2", {"order": row("0.3", "15000.01", "60", status="CANCELLED")})
    rest = FILL | {"price": "50000.2", "size": "0.05", "commission": "10"}
    events = desk.reply("fills7n2", {"fills": [rest, FILL], "cursor": ""})
    assert [one.kind for one in events] == [Kind.FILL, Kind.FILL, Kind.CANCELED]


def test_fills_that_no_query_asked_for_are_asked_for_again_when_no_answer_comes(desk):
    desk.placed()
    desk.update(filled("0.3", "15000.01", "60"))
    for _ in range(PAGES_MAX):
        assert desk.last.tag == "fills7"
        desk.heard.requests[:-1] = []
        desk.reply("fills7", b"", 0)
    assert len(desk.heard.requests) == 1
    assert desk.gateway.counts == {"unknown_outcome": PAGES_MAX, "pages": 1}
    desk.update(filled("0.3", "15000.01", "60"))
    assert [one.tag for one in desk.heard.requests] == ["fills7", "fills7"]


def test_what_was_filled_before_a_restart_is_not_told_again(desk):
    desk.asked(filled=25_000_000)
    assert desk.reply("query7n1", {"order": row("0.3", "15000.01", "60")}) == []
    rows = [FILL | {"price": "50000.2", "size": "0.05", "commission": "10"}, FILL]
    status, fill = desk.reply("fills7n1", {"fills": rows, "cursor": ""})
    assert (status.kind, status.query) == (Kind.STATUS, 1)
    assert (fill.lots, fill.cumulative, fill.fee) == (5_000_000, 30_000_000, 10 * UNIT)


def test_fills_of_an_order_from_before_a_restart_wait_until_it_is_asked_about(desk):
    assert desk.update(filled("0.25", "12500", "50")) == []
    assert (desk.heard.requests, desk.gateway.counts) == ([], {"untold": 1})
    (end,) = desk.update(filled("0.25", "12500", "50", status="CANCELLED"))
    assert (end.kind, end.cumulative) == (Kind.CANCELED, 25_000_000)


def test_unknown_carries_the_number_of_its_query(desk):
    desk.placed().asked(queries=2)
    missing = {"error": "NOT_FOUND", "message": "order not found"}
    assert desk.reply("query7n1", missing, 404) == []
    assert desk.gateway.counts == {"late": 1}
    assert desk.reply("query7n2", missing, 404) == [
        OrderEvent(Kind.UNKNOWN, 7, reason="NOT_FOUND order not found", query=2)
    ]


def test_an_order_without_an_id_of_the_venue_is_looked_for(desk):
    request = desk.placed().asked(venue_id="")
    assert (request.tag, request.path) == ("find7n1", "/api/v3/brokerage/orders/historical/batch")
    assert dict(request.params) == {
        "product_ids": "BTC-USD", "start_date": "2023-11-14T22:12:20Z", "limit": "1000",
    }  # fmt: skip
    page = {"orders": [ROW | {"client_order_id": "x"}], "has_next": True, "cursor": "more"}
    assert desk.reply("find7n1", page) == []
    assert dict(desk.last.params)["cursor"] == "more"
    (status,) = desk.reply("find7n1", {"orders": [ROW], "has_next": False, "cursor": ""})
    assert (status.kind, status.venue_id) == (Kind.STATUS, ID)


def test_one_that_is_nowhere_is_unknown(desk):
    desk.placed().asked(venue_id="", queries=4)
    (event,) = desk.reply("find7n4", {"orders": [], "has_next": False, "cursor": ""})
    assert (event.kind, event.query) == (Kind.UNKNOWN, 4)


def test_a_search_ends_after_so_many_pages_without_an_answer(desk):
    desk.placed().asked(venue_id="")
    for _ in range(PAGES_MAX):
        assert desk.reply("find7n1", {"orders": [], "has_next": True, "cursor": "on"}) == []
    assert desk.gateway.counts == {"pages": 1}


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"client_order_id": "hand made"}, "stranger"),
        ({"product_id": "ETH-USD"}, "stranger"),
        ({"cumulative_quantity": "0.000000001"}, "off_grid"),
        ({"cumulative_quantity": "1e-3"}, "number"),
        ({"cumulative_quantity": "-1"}, "row"),
        ({"status": "WONDERFUL"}, "row"),
        ({"order_id": None}, "row"),
    ],
)
def test_a_row_that_cannot_be_read_is_counted_and_spoils_no_other(desk, fields, name):
    desk.placed()
    events = desk.update(fields, {})
    assert [one.kind for one in events] == [Kind.ACCEPTED]
    assert desk.gateway.counts == {name: 1}


def test_a_gap_in_the_numbers_is_counted(desk):
    desk.update({}, number=0)
    desk.update({}, number=2)
    assert desk.gateway.counts == {"gap": 1}
    desk.gateway.subscribe()
    desk.update({}, number=0)
    assert desk.gateway.counts == {"gap": 1}


def test_other_frames_are_not_for_orders(desk):
    for frame in (
        {"channel": "heartbeats", "sequence_num": 0, "events": [{"heartbeat_counter": 3}]},
        {"channel": "subscriptions", "sequence_num": 1, "events": [{"subscriptions": {}}]},
    ):
        desk.gateway.frame(json.dumps(frame).encode())
    assert (desk.heard.events, desk.gateway.counts) == ([], {})
    desk.gateway.frame(b'{"type":"error","message":"authentication failure"}')
    assert desk.gateway.counts == {"refused": 1}


def test_the_user_channel_is_asked_for_with_heartbeats(desk):
    desk.gateway.subscribe(("BTC-USD",))
    bodies = [json.loads(one.body) for one in desk.heard.requests]
    assert [one["channel"] for one in bodies] == ["heartbeats", "user"]
    assert bodies[1] == {"type": "subscribe", "channel": "user", "product_ids": ["BTC-USD"]}


def test_balances_come_by_pages(desk):
    desk.gateway.ask_balances()
    assert desk.last.path == "/api/v3/brokerage/accounts"

    def account(name, free):
        balance = {"value": free, "currency": name}
        return {"currency": name, "available_balance": balance, "hold": {"value": "0.5"}}

    more = {"accounts": [account("USD", "10")], "has_next": True, "cursor": "on"}
    desk.reply("balances", more)
    assert dict(desk.last.params)["cursor"] == "on"
    desk.reply("balances", {"accounts": [account("BTC", "1")], "has_next": False, "cursor": ""})
    assert desk.heard.balances == [
        Balance("USD", 10 * UNIT, UNIT // 2),
        Balance("BTC", UNIT, UNIT // 2),
    ]
