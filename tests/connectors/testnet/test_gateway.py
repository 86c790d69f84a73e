"""The gateway of the test networks tells what ccxt's rows mean, whole and once."""

import json

import pytest

from connectors.orders import ClientIds, OpenOrder, Outlet, Tag
from connectors.testnet.client_ids import UuidClientIds
from connectors.testnet.gateway import MISSES_MAX, CcxtOrders
from market.amount import amount_of
from market.grid import Grid
from market.inputs import NO_ANSWER, NOT_SENT
from market.instrument import Instrument
from market.order import OrderEventKind, Side, Tif, Type
from tests.connectors.order_world import BTCUSDT, PREFIX, listings, order

Kind = OrderEventKind
BTC_USD = Instrument("coinbase-exchange", "BTC-USD", "BTC", "USD", Grid(2), Grid(8))
ROW = {
    "id": "33",
    "clientOrderId": "cq7-7",
    "timestamp": 1_700_000_000_000,
    "lastUpdateTimestamp": 1_700_000_000_500,
    "price": "50000.00000000",
    "amount": "1.00000000",
    "filled": "0.00000000",
    "status": "open",
    "trades": [],
    "info": {},
}
TRADE = {
    "id": "56",
    "order": "33",
    "timestamp": 1_700_000_000_600,
    "price": "49999.50",
    "amount": "0.4",
    "takerOrMaker": "maker",
    "fee": {"currency": "USDT", "cost": "19.9998"},
}
STAMP = 1_700_000_000_500 * 10**6


class World:
    """A gateway, and all that it sent and told."""

    def __init__(self, venue="binance", instrument=BTCUSDT):
        self.requests, self.events, self.lists, self.funds, self.streams = [], [], [], [], []
        self.outlet = Outlet(
            self.requests.append,
            self.events.append,
            listed=lambda *told: self.lists.append(told),
            funds=lambda *told: self.funds.append(told),
            stream=self.streams.append,
        )
        self.gateway = CcxtOrders(venue, PREFIX, listings(instrument), self.outlet)

    @property
    def counts(self):
        return dict(self.gateway.counts)

    def sent(self):
        """Return method and parameters of the one request since the last call."""
        (request,) = self.requests
        self.requests.clear()
        self.tag = request.tag
        assert (request.path, request.body) == ("", b"")
        return request.method, dict(request.params)

    def told(self):
        told, self.events[:] = list(self.events), []
        return told

    def kinds(self):
        return [event.kind for event in self.told()]

    def answer(self, data=None, status=200, tag=None, message=""):
        line = {"tag": tag or self.tag, "status": status}
        line |= {"data": data} if status == 200 else {"message": message}
        self.gateway.reply(tag or self.tag, status, json.dumps(line).encode())

    def frame(self, event, rows, native="BTCUSDT"):
        line = {"event": event, "native": native, "data": rows}
        self.gateway.frame(json.dumps(line).encode())

    def live(self, **fields):
        """Have an order accepted, resting unless it says otherwise."""
        made = order(**fields)
        self.gateway.place(made)
        self.sent()
        self.answer(ROW)
        self.told()
        return made


def test_a_limit_order_is_sent_as_exact_text():
    world = World()
    world.gateway.place(order(price=5_000_001, lots=150_001, tif=Tif.IOC, side=Side.SELL))
    assert world.sent() == (
        "place",
        {"native": "BTCUSDT", "client_id": "cq7-7", "side": "sell", "amount": "1.50001",
         "type": "limit", "price": "50000.01", "tif": "IOC"},
    )  # fmt: skip


def test_post_only_and_market_orders_have_their_own_form():
    world = World()
    world.gateway.place(order(post_only=True))
    assert world.sent()[1]["post_only"] == "true"
    world.gateway.place(order(8, type=Type.MARKET))
    assert "price" not in world.sent()[1]


@pytest.mark.parametrize(
    "fields",
    [{"type": Type.STOP}, {"tif": Tif.DAY}, {"post_only": True, "tif": Tif.IOC},
     {"type": Type.MARKET, "post_only": True}],
)  # fmt: skip
def test_what_cannot_be_said_is_rejected_here(fields):
    world = World()
    world.gateway.place(order(**fields))
    assert not world.requests
    assert world.kinds() == [Kind.REJECTED]


def test_coinbase_gets_ids_in_the_form_of_a_uuid():
    world = World("coinbase-exchange", BTC_USD)
    world.gateway.place(order())
    assert world.sent()[1]["client_id"] == UuidClientIds(ClientIds(PREFIX)).of(7)


def test_an_accepted_order_is_told_with_its_fills_and_its_end():
    world = World()
    world.gateway.place(order())
    world.sent()
    trade = TRADE | {"order": None, "timestamp": None, "amount": "1", "takerOrMaker": None}
    world.answer(ROW | {"status": "closed", "filled": "1", "trades": [trade]})
    accepted, fill, end = world.told()
    assert (accepted.kind, accepted.venue_id, accepted.ts_event) == (Kind.ACCEPTED, "33", STAMP)
    assert (fill.kind, fill.price, fill.lots) == (Kind.FILL, 4_999_950, 100_000)
    assert (fill.trade_id, fill.maker, fill.ts_event) == ("56", False, STAMP)
    assert (fill.fee, fill.fee_asset) == (amount_of("19.9998"), "USDT")
    assert (end.kind, end.cumulative) == (Kind.FILLED, 100_000)


def test_an_order_that_cannot_rest_is_looked_after_at_once():
    world = World("coinbase-exchange", BTC_USD)
    world.gateway.place(order(tif=Tif.IOC, lots=10**8))
    world.sent()
    world.answer(ROW)
    assert world.kinds() == [Kind.ACCEPTED]
    assert world.sent()[0] == "query"
    world.answer(ROW | {"status": "canceled", "filled": "0.4"})
    assert not world.told()
    assert world.sent() == ("trades", {"native": "BTC-USD", "venue_id": "33"})
    world.answer([TRADE])
    fill, end = world.told()
    assert (fill.kind, fill.lots) == (Kind.FILL, 40_000_000)
    assert (end.kind, end.cumulative) == (Kind.CANCELED, 40_000_000)


def test_an_order_that_came_back_rejected_is_no_order():
    world = World("coinbase-exchange", BTC_USD)
    world.gateway.place(order(post_only=True))
    world.sent()
    world.answer(ROW | {"status": "rejected", "info": {"reject_reason": "post only"}})
    (event,) = world.told()
    assert (event.kind, event.reason) == (Kind.REJECTED, "post only")


def test_a_refusal_is_told_in_the_venues_words():
    world = World()
    world.gateway.place(order())
    world.sent()
    world.answer(status=400, message="InsufficientFunds: no funds")
    (event,) = world.told()
    assert (event.kind, event.reason) == (Kind.REJECTED, "InsufficientFunds: no funds")


@pytest.mark.parametrize("status", [NO_ANSWER, 408, 500, 503])
def test_an_unknown_outcome_is_told_to_nobody(status):
    world = World()
    world.gateway.place(order())
    world.sent()
    world.gateway.reply(world.tag, status, b"the connection was lost")
    assert not world.told()
    assert world.counts == {"unknown_outcome": 1}


def test_what_never_left_did_not_happen():
    world = World()
    made = order()
    for ask, kind in ((world.gateway.place, Kind.REJECTED), (world.gateway.cancel, None)):
        ask(made)
        world.sent()
        world.gateway.reply(world.tag, NOT_SENT, b"too late to be sent")
        assert world.kinds() == [kind or Kind.CANCEL_REJECTED]
    world.gateway.query(made)
    world.sent()
    world.gateway.reply(world.tag, NOT_SENT, b"no connection")
    assert not world.told()
    assert world.counts == {"not_sent": 3}


def test_a_cancel_ends_an_order_by_its_answer():
    world = World()
    made = world.live()
    world.gateway.cancel(made)
    assert world.sent() == ("cancel", {"native": "BTCUSDT", "client_id": "cq7-7"})
    world.answer(ROW | {"status": "canceled"})
    assert world.kinds() == [Kind.CANCELED]


def test_a_cancel_with_fills_that_were_not_told_asks_for_them_first():
    world = World()
    made = world.live()
    world.gateway.cancel(made)
    world.sent()
    done = ROW | {"status": "canceled", "filled": "0.4"}
    world.answer(done)
    assert world.sent()[0] == "query"
    world.answer(done)
    world.sent()
    world.answer([TRADE])
    assert world.kinds() == [Kind.FILL, Kind.CANCELED]


def test_a_cancel_whose_answer_says_nothing_is_looked_after():
    """Coinbase answers with the id alone, and forgets an order that ended without a fill."""
    world = World("coinbase-exchange", BTC_USD)
    made = world.live(lots=10**8)
    world.gateway.cancel(made)
    world.sent()
    world.answer({"id": None, "status": None, "filled": None})
    assert world.sent()[0] == "query"
    world.answer(status=404)
    (event,) = world.told()
    assert (event.kind, event.cumulative) == (Kind.CANCELED, 0)


def test_a_refused_cancel_is_told():
    world = World()
    world.gateway.cancel(world.live())
    world.sent()
    world.answer(status=404, message="OrderNotFound: Unknown order sent.")
    assert world.kinds() == [Kind.CANCEL_REJECTED]


def test_a_change_in_one_step_is_refused():
    world = World()
    world.gateway.replace(world.live())
    assert world.kinds() == [Kind.REPLACE_REJECTED]


def test_a_query_tells_an_open_order_before_its_fills():
    world = World()
    world.gateway.query(order(queries=3))
    assert world.sent()[0] == "query"
    world.answer(ROW | {"filled": "0.4"})
    assert not world.told()
    world.sent()
    world.answer([TRADE, TRADE | {"order": "34"}])
    status, fill = world.told()
    assert (status.kind, status.query, status.cumulative) == (Kind.STATUS, 3, 40_000)
    assert (status.price, status.lots, status.venue_id) == (5_000_000, 100_000, "33")
    assert fill.kind is Kind.FILL


def test_a_query_of_what_is_known_asks_no_trades():
    world = World()
    world.gateway.query(order(queries=1, filled=40_000))
    world.sent()
    world.answer(ROW | {"filled": "0.4", "status": "canceled"})
    (event,) = world.told()
    assert (event.kind, event.query, event.cumulative) == (Kind.CANCELED, 1, 40_000)
    assert not world.requests


def test_an_unknown_order_is_told_to_who_asked():
    world = World()
    world.gateway.query(order(queries=2))
    world.sent()
    world.answer(status=404, message="OrderNotFound: Order does not exist.")
    (event,) = world.told()
    assert (event.kind, event.query) == (Kind.UNKNOWN, 2)


def test_the_answer_to_an_older_query_is_late():
    world = World()
    for number in (1, 2):
        world.gateway.query(order(queries=number))
    world.answer(ROW, tag=Tag("query", 7, 1).text)
    assert not world.told()
    assert world.counts == {"late": 1}


def test_a_list_of_fills_that_is_short_is_not_told():
    world = World()
    world.gateway.query(order(queries=1))
    world.sent()
    world.answer(ROW | {"filled": "0.5", "status": "canceled"})
    world.sent()
    world.answer([TRADE])
    assert not world.told()
    assert world.counts == {"short": 1}


def test_the_stream_tells_fills_once():
    world = World()
    world.live()
    for _ in range(3):
        world.frame("trades", [TRADE, TRADE | {"id": "57", "order": "99"}])
    assert world.kinds() == [Kind.FILL]
    assert world.counts == {"repeated": 2, "stranger": 3}


def test_a_look_finds_fills_that_the_stream_lost():
    world = World()
    world.live()
    found = ROW | {"filled": "0.4"}
    world.frame("open", [found])
    assert world.sent()[0] == "query"
    world.answer(found)
    world.frame("open", [found])
    assert world.sent()[0] == "trades"
    world.answer([TRADE])
    assert world.kinds() == [Kind.FILL]
    world.frame("open", [found])
    assert not world.requests


@pytest.mark.parametrize("status", [NO_ANSWER, NOT_SENT, 400, 503])
def test_a_question_of_our_own_that_fails_is_asked_at_the_next_look(status):
    world = World()
    world.live()
    found = ROW | {"filled": "0.4"}
    for _ in range(3):
        world.frame("open", [found])
        assert world.sent()[0] == "query"
        world.frame("open", [found])
        assert not world.requests
        world.answer(status=status)
    for _ in range(3):
        world.frame("open", [found])
        world.sent()
        world.answer(found)
        assert world.sent()[0] == "trades"
        world.frame("open", [found])
        assert not world.requests
        world.answer(status=status)


def test_a_question_that_an_older_process_took_along_is_asked_again():
    world = World()
    world.live()
    world.frame("open", [])
    world.sent()
    world.gateway.subscribe()
    world.frame("open", [])
    assert world.sent()[0] == "query"


def test_a_look_finds_that_an_order_is_over():
    world = World()
    world.live()
    world.frame("open", [])
    assert world.sent()[0] == "query"
    world.answer(ROW | {"status": "expired", "info": {"expiryReason": "HALT"}})
    (event,) = world.told()
    assert (event.kind, event.reason, event.query) == (Kind.EXPIRED, "HALT", 0)
    world.frame("open", [ROW])
    assert world.counts == {"over": 1}


def test_a_look_at_another_instrument_says_nothing_of_an_order():
    world = World()
    world.live()
    world.frame("open", [], native="ETHUSDT")
    assert not world.requests


def test_an_order_that_was_taken_is_gone_only_when_it_is_missed_again():
    world = World()
    world.live()
    for turn in range(1, MISSES_MAX + 1):
        world.frame("open", [])
        world.sent()
        world.answer(status=404)
        assert world.kinds() == ([Kind.CANCELED] if turn == MISSES_MAX else [])


def test_the_open_orders_are_listed_with_those_of_others():
    world = World()
    world.gateway.ask_open(5)
    assert world.sent() == ("open", {})
    rows = [
        ROW | {"native": "BTCUSDT", "filled": "0.4"},
        ROW | {"native": "BTCUSDT", "id": "34", "clientOrderId": "web-1"},
        ROW | {"native": "ETHUSDT", "id": "35"},
    ]
    world.answer(rows)
    ours, foreign = OpenOrder(7, "33", "BTCUSDT", 40_000), OpenOrder(0, "34", "BTCUSDT", 0)
    assert world.lists == [(5, (ours, foreign, OpenOrder(0, "35", "ETHUSDT", 0)))]
    world.gateway.end(ours)
    assert world.sent() == ("cancel", {"native": "BTCUSDT", "venue_id": "33"})


def test_balances_are_exact():
    world = World()
    world.gateway.ask_balances(4)
    assert world.sent() == ("balances", {})
    world.answer({"BTC": ["0.1", "0.200000000000000001"], "USDT": ["1", "0"]})
    ((number, funds),) = world.funds
    assert number == 4
    assert [(one.asset, one.free, one.locked) for one in funds] == [
        ("BTC", amount_of("0.1"), amount_of("0.200000000000000001")),
        ("USDT", amount_of("1"), 0),
    ]


def test_the_stream_is_there_when_it_is_asked_for():
    world = World()
    world.gateway.subscribe()
    assert world.streams == [True]


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({"filled": 0.4}, "row"),
        ({"filled": "4e-1"}, "number"),
        ({"filled": "0.400001"}, "off_grid"),
        ({"filled": None}, "row"),
        ({"status": "odd"}, "row"),
        ({"status": None}, "row"),
        ({"id": 33}, "row"),
        ({"lastUpdateTimestamp": "soon"}, "row"),
        ({"lastUpdateTimestamp": 1.5}, "row"),
        ({"trades": None}, "row"),
        ({"trades": [TRADE | {"price": 49_999.5}]}, "row"),
        ({"trades": [TRADE | {"fee": {"cost": 1.5, "currency": "USDT"}}]}, "row"),
        ({"trades": [7]}, "row"),
    ],
)
def test_a_number_that_is_no_text_is_counted_and_never_used(change, count):
    world = World()
    world.gateway.place(order())
    world.sent()
    world.answer(ROW | change)
    assert Kind.FILL not in world.kinds()
    assert world.counts == {count: 1}


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"7", b"null", b"\xff", b'{"event":"open"}'])
def test_what_is_no_line_is_counted(data):
    world = World()
    world.gateway.frame(data)
    world.gateway.reply("place7", 200, data)
    world.gateway.reply("no tag!", 200, data)
    assert sum(world.counts.values()) == 3
    assert not world.told()
