"""Whatever an account does, the events it is told make up what queries answer."""

import json
from collections import Counter
from decimal import Decimal
from random import Random

from engine.code import Side, State, Tif
from sim.exchange.order import Refused
from sim.server.binance_account import Queries
from sim.server.binance_call import Call
from sim.server.binance_entry import draft, read_order
from sim.server.binance_error import ApiError
from sim.server.binance_market import MarketData
from sim.server.binance_params import Params
from sim.server.binance_streams import Subscription
from sim.server.binance_trading import Trading

from .binance_world import BTC, Binance

STAMP_NS = 10**6
STEPS = 120
OPEN = ("NEW", "PARTIALLY_FILLED")
MODES = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT")
KINDS = ("place", "place", "place", "others", "others", "others", "cancel", "amend", "state")
TYPES = (
    "LIMIT",
    "LIMIT",
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)


def price(draw):
    return draw.randint(49_960, 50_040)


def wish(draw):
    """Return the parameters of an order, sensible in form."""
    kind = draw.choice(TYPES)
    params = {
        "type": kind,
        "side": draw.choice(("BUY", "SELL")),
        "quantity": draw.choice(("0.1", "0.5", "2")),
        "selfTradePreventionMode": draw.choice(MODES),
    }
    if "LIMIT" in kind:
        params["price"] = str(price(draw))
    if kind in {"LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"}:
        params["timeInForce"] = draw.choice(("GTC", "GTC", "GTC", "IOC", "FOK"))
    if "_LOSS" in kind or "PROFIT" in kind:
        params["stopPrice"] = str(price(draw))
    return params


class Told:
    """What a client knows that only listens."""

    def __init__(self):
        self.orders, self.balances, self.fills = {}, {}, []
        self.seen = Counter()

    def take(self, payload):
        event = json.loads(payload)["event"]
        if event["e"] == "outboundAccountPosition":
            self.balances |= {row["a"]: (row["f"], row["l"]) for row in event["B"]}
            return
        before = self.orders.get(event["i"])
        assert event["x"] == "NEW" if before is None else before["X"] in OPEN
        self.seen[event["x"]] += 1
        self.seen["reached"] += before is not None and event["x"] == "NEW"
        if event["x"] == "TRADE":
            self.fills.append((event["t"], event["i"], event["L"], event["l"], event["n"]))
            filled = Decimal(before["z"]) + Decimal(event["l"])
            assert Decimal(event["z"]) == filled
        self.orders[event["i"]] = event


def step(venue, desk, draw):
    """Do something; a refusal is an answer like any other."""
    kind = draw.choice(KINDS)
    open_orders = desk.open_orders(venue.alice, BTC)
    try:
        if kind == "place":
            new = draft(read_order(Params(wish(draw)), desk.new_id), BTC, desk)
            desk.place(venue.alice, new)
        elif kind == "others":
            tif = draw.choice((Tif.GTC, Tif.IOC))
            venue.quote(draw.choice(list(Side)), price(draw), draw.choice((0.1, 1)), tif=tif)
        elif kind == "state":
            state = draw.choice((State.OPEN, State.OPEN, State.HALTED))
            venue.exchange.set_state(BTC.id, state)
        elif open_orders and kind == "cancel":
            desk.cancel(draw.choice(open_orders), "bye")
        elif open_orders:
            order = draw.choice(open_orders)
            desk.amend(order, (order.qty + order.filled) // 2, desk.new_id())
    except (ApiError, Refused):
        pass
    venue.exchange.advance(venue.exchange.now_ns + STAMP_NS)
    desk.on_events(venue.exchange.take_events())


def test_events_make_up_what_queries_answer():
    seen = Counter()
    for seed in range(12):
        seen += check(Random(seed))
    for outcome in ("NEW", "TRADE", "CANCELED", "REPLACED", "EXPIRED", "TRADE_PREVENTION"):
        assert seen[outcome]
    assert seen["reached"] > 10  # orders that waited for their price, of both kinds


def check(draw):
    """Do many steps and compare; returns how often each execution was told."""
    venue = Binance()
    venue.fill_book()
    venue.feed.publish(venue.exchange.take_events(), ())
    desk = venue.server._desk
    market = MarketData(venue.feed, dict)
    endpoints = Trading(desk, market).endpoints() | Queries(desk, market).endpoints()
    told = Told()
    desk._streams.add(Subscription(0, venue.alice, STAMP_NS, told.take))
    for _ in range(STEPS):
        step(venue, desk, draw)

    def ask(name, **params):
        call = Call(Params(params), venue.exchange.now_ns, STAMP_NS, venue.alice)
        return endpoints[name].answer(call)

    every = ask("allOrders", symbol="BTCUSDT")
    rows = {row["orderId"]: row for row in every}
    assert [row["orderId"] for row in every] == sorted(rows)
    assert rows.keys() == told.orders.keys()
    for order_id, event in told.orders.items():
        row = rows[order_id]
        assert (event["X"], event["q"], event["z"], event["Z"], event["w"]) == (
            row["status"],
            row["origQty"],
            row["executedQty"],
            row["cummulativeQuoteQty"],
            row["isWorking"],
        )
        client_id = event["C"] if event["x"] == "CANCELED" else event["c"]
        assert client_id == row["clientOrderId"]
        assert ask("order.status", symbol="BTCUSDT", origClientOrderId=client_id) == row
    still_open = {row["orderId"] for row in ask("openOrders.status")}
    assert still_open == {order_id for order_id, event in told.orders.items() if event["X"] in OPEN}
    trades = ask("myTrades", symbol="BTCUSDT")
    assert [(t["id"], t["orderId"], t["price"], t["qty"], t["commission"]) for t in trades] == (
        told.fills
    )
    account = {
        row["asset"]: (row["free"], row["locked"]) for row in ask("account.status")["balances"]
    }
    assert told.balances.items() <= account.items()
    if told.orders:
        assert set(told.balances) == {"BTC", "USDT"}
    return told.seen
