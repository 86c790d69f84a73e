"""Whatever an account does, the events it is told make up what queries answer."""

import json
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.code import Side, State, Tif
from sim.exchange.order import Refused
from sim.server.binance_call import Call
from sim.server.binance_entry import draft, read_order
from sim.server.binance_error import ApiError
from sim.server.binance_market import MarketData
from sim.server.binance_params import Params
from sim.server.binance_streams import Subscription
from sim.server.binance_trading import Trading

from .binance_world import BTC, Binance

STAMP_NS = 10**6
prices = st.integers(49_960, 50_040)
sizes = st.sampled_from(["0.1", "0.5", "2"])
sides = st.sampled_from(["BUY", "SELL"])
modes = st.sampled_from(["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"])
common = {"side": sides, "quantity": sizes, "selfTradePreventionMode": modes}
orders = st.one_of(
    st.fixed_dictionaries(
        {
            **common,
            "type": st.sampled_from(["LIMIT"]),
            "timeInForce": st.sampled_from(["GTC", "IOC", "FOK"]),
            "price": prices.map(str),
        }
    ),
    st.fixed_dictionaries({**common, "type": st.just("LIMIT_MAKER"), "price": prices.map(str)}),
    st.fixed_dictionaries({**common, "type": st.just("MARKET")}),
    st.fixed_dictionaries(
        {
            **common,
            "type": st.sampled_from(["STOP_LOSS", "TAKE_PROFIT"]),
            "stopPrice": prices.map(str),
        }
    ),
    st.fixed_dictionaries(
        {
            **common,
            "type": st.sampled_from(["STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"]),
            "timeInForce": st.just("GTC"),
            "stopPrice": prices.map(str),
            "price": prices.map(str),
        }
    ),
)
steps = st.one_of(
    st.tuples(st.just("place"), orders),
    st.tuples(st.just("cancel"), st.integers(0, 9)),
    st.tuples(st.just("amend"), st.integers(0, 9)),
    st.tuples(st.just("others"), st.tuples(sides, prices, sizes)),
    st.tuples(st.just("state"), st.sampled_from([State.OPEN, State.HALTED, State.OPEN])),
)


class Told:
    """What a client knows that only listens."""

    def __init__(self):
        self.orders, self.balances, self.fills = {}, {}, []

    def take(self, payload):
        event = json.loads(payload)["event"]
        if event["e"] == "outboundAccountPosition":
            self.balances |= {row["a"]: (row["f"], row["l"]) for row in event["B"]}
            return
        before = self.orders.get(event["i"])
        assert before is not None or event["x"] == "NEW"
        if event["x"] == "TRADE":
            self.fills.append((event["t"], event["i"], event["L"], event["l"], event["n"]))
            filled = Decimal(before["z"]) + Decimal(event["l"])
            assert Decimal(event["z"]) == filled
        self.orders[event["i"]] = event


def run(venue, desk, kind, what):
    """Do one step; a refusal is an answer like any other."""
    open_orders = desk.open_orders(venue.alice, BTC)
    try:
        if kind == "place":
            new = draft(read_order(Params(what), desk.new_id), BTC, desk)
            desk.place(venue.alice, new)
        elif kind == "others":
            side, price, size = what
            venue.quote(Side[side], price, float(size), tif=Tif.IOC)
        elif kind == "state":
            venue.exchange.set_state(BTC.id, what)
        elif open_orders:
            order = open_orders[what % len(open_orders)]
            if kind == "cancel":
                desk.cancel(order, "bye")
            else:
                desk.amend(order, order.qty // 2, desk.new_id())
    except (ApiError, Refused):
        pass
    venue.exchange.advance(venue.exchange.now_ns + STAMP_NS)
    desk.on_events(venue.exchange.take_events())


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, min_size=1, max_size=30))
def test_events_make_up_what_queries_answer(script):
    venue = Binance()
    venue.fill_book()
    venue.feed.publish(venue.exchange.take_events(), ())
    desk = venue.server._desk
    trading = Trading(desk, MarketData(venue.feed, dict))
    told = Told()
    desk._streams.add(Subscription(0, venue.alice, STAMP_NS, told.take))
    for kind, what in script:
        run(venue, desk, kind, what)

    def ask(name, **params):
        call = Call(Params(params), venue.exchange.now_ns, STAMP_NS, venue.alice)
        return trading.endpoints()[name].answer(call)

    rows = {row["orderId"]: row for row in ask("allOrders", symbol="BTCUSDT")}
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
    assert still_open == {
        order_id
        for order_id, event in told.orders.items()
        if event["X"] in {"NEW", "PARTIALLY_FILLED"}
    }
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
