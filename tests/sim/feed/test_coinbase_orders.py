"""The orders of a listing told one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.code import Side as OrderSide
from engine.code import State, Stp, Tif, Type
from market.fees import Fees
from sim.exchange.exchange import Exchange
from sim.exchange.order import Refused, Request
from sim.feed.coinbase_orders import Change, Done, Match, Open, OrderFlow, Received
from sim.market.event import Print, Side
from sim.market.listing import COINBASE, Listing
from tests.effort import examples

NAME = "BTC-USD.COINBASE"


def exchange():
    listing = Listing(COINBASE, "BTC", "USD", price_decimals=2, size_decimals=4)
    made = Exchange(COINBASE, [listing], Fees(0, 0), 1)
    for name in ("a", "b"):
        made.open_account(name, None)
    return made


def resting(made):
    return [made.book(NAME).orders(side) for side in Side]


class Rebuilt:
    """A book kept by the venue's rules from the messages alone, queues and all."""

    def __init__(self, sides):
        self.queues = {(s, o): [p, q] for s in Side for p, q, o in sides[s]}
        self.received = set()

    def take(self, message):
        key = (message.side, message.order)
        match message:
            case Received():
                self.received.add(message.order)
            case Open():
                assert key not in self.queues
                assert message.order in self.received
                self.queues[key] = [message.price, message.lots]
            case Match():
                held = self.queues[key]
                assert held[0] == message.price
                assert held[1] >= message.lots
                assert message.taker in self.received
                held[1] -= message.lots
                if not held[1]:
                    del self.queues[key]
            case Change():
                assert self.queues[key][1] == message.old_lots > message.lots > 0
                self.queues[key][1] = message.lots
            case Done():
                left = self.queues.pop(key, None)
                assert left is None or left[1] == message.lots

    def side(self, side):
        rows = [(p, q, o) for (s, o), (p, q) in self.queues.items() if s is side]
        return sorted(rows, key=lambda row: row[0] if side is Side.ASK else -row[0])


class Market:
    """An exchange, its flow, and a book rebuilt from the flow's messages."""

    def __init__(self):
        self.exchange = exchange()
        self.flow = OrderFlow(resting(self.exchange))
        self.rebuilt = Rebuilt(resting(self.exchange))
        self.own = {}
        self.exchange.watch(1, lambda report: self.own.update({report.order.id: report.order}))
        self.messages = []

    def step(self):
        prints = [e for e in self.exchange.take_events() if isinstance(e, Print)]
        self.messages = self.flow.step(prints, resting(self.exchange), self.own)
        self.own.clear()
        for message in self.messages:
            self.rebuilt.take(message)
        for side in Side:
            truth = self.exchange.book(NAME).orders(side)
            assert self.rebuilt.side(side) == truth
            assert self.flow.orders(side) == truth
        told = [m.trade for m in self.messages if isinstance(m, Match)]
        assert told == [p.trade_id for p in prints]

    def place(self, account, side, price, qty, **more):
        fields = {"type": Type.LIMIT, "price": price, **more}
        try:
            return self.exchange.place(account, Request(NAME, side=side, qty=qty, **fields))
        except Refused:
            return None


def kinds(messages):
    return [(type(m).__name__, m.order) for m in messages]


commands = st.one_of(
    st.tuples(
        st.just("place"),
        st.integers(1, 2),
        st.sampled_from(OrderSide),
        st.integers(95, 105),
        st.integers(1, 9),
        st.sampled_from([Tif.GTC, Tif.GTC, Tif.GTC, Tif.IOC, Tif.FOK]),
        st.integers(0, 3),
        st.sampled_from(Stp),
    ),
    st.tuples(st.just("market"), st.integers(1, 2), st.sampled_from(OrderSide), st.integers(1, 30)),
    st.tuples(st.just("cancel"), st.integers(0, 99)),
    st.tuples(st.just("replace"), st.integers(0, 99), st.integers(95, 105), st.integers(1, 12)),
    st.tuples(st.just("stop"), st.integers(1, 2), st.sampled_from(OrderSide), st.integers(95, 105)),
    st.tuples(st.just("state"), st.sampled_from([State.AUCTION, State.OPEN])),
    st.just(("step",)),
)


def run(market, command):
    kind, *args = command
    made = market.exchange
    try:
        if kind == "place":
            account, side, price, qty, tif, display, stp = args
            shown = min(display, qty) if tif is Tif.GTC else 0
            market.place(account, side, price, qty, tif=tif, display=shown, stp=stp)
        elif kind == "market":
            account, side, qty = args
            market.place(account, side, 0, qty, type=Type.MARKET)
        elif kind == "stop":
            account, side, price = args
            more = {"type": Type.STOP_LIMIT, "stop_price": price}
            market.place(account, side, price, 3, **more)
        elif kind == "state":
            made.set_state(NAME, args[0])
        elif kind == "step":
            market.step()
        else:
            found = [o for a in (1, 2) for o in made.open_orders(a)]
            order = found[args[0] % len(found)] if found else None
            if order and kind == "cancel":
                made.cancel(order.account, order.id)
            elif order:
                price = None if order.stop_price else args[1]
                made.replace(order.account, order.id, price, args[2])
    except Refused:
        pass  # the market says no: nothing changed, and nothing is told of it


@settings(max_examples=examples(1.5))
@given(st.lists(commands, max_size=60))
def test_whoever_applies_the_messages_has_the_very_book(stream):
    market = Market()
    for command in stream:
        run(market, command)
    market.step()
    market.step()
    assert market.messages == []


def test_an_order_is_received_and_opened_and_canceled():
    market = Market()
    order = market.place(1, OrderSide.BUY, 100, 5)
    market.step()
    assert market.messages == [
        Received(order.id, Side.BID, 100, 5),
        Open(order.id, Side.BID, 100, 5),
    ]
    market.exchange.cancel(1, order.id)
    market.step()
    assert market.messages == [Done(order.id, Side.BID, 100, 5, filled=False)]


def test_a_taker_is_received_matches_and_is_done_and_so_is_its_maker():
    market = Market()
    maker = market.place(2, OrderSide.SELL, 100, 5)
    market.step()
    taker = market.place(1, OrderSide.BUY, 101, 5, tif=Tif.IOC)
    market.step()
    assert kinds(market.messages) == [
        ("Received", taker.id),
        ("Match", maker.id),
        ("Done", maker.id),
        ("Done", taker.id),
    ]
    assert market.messages[-1].filled


def test_what_a_taker_leaves_comes_to_rest():
    market = Market()
    maker = market.place(2, OrderSide.SELL, 100, 5)
    taker = market.place(1, OrderSide.BUY, 101, 8)
    market.step()
    assert kinds(market.messages) == [
        ("Received", maker.id),
        ("Open", maker.id),
        ("Received", taker.id),
        ("Match", maker.id),
        ("Done", maker.id),
        ("Open", taker.id),
    ]
    assert market.messages[-1].lots == 3


def test_an_order_of_ours_that_left_no_trace_is_told_of():
    market = Market()
    order = market.place(1, OrderSide.BUY, 100, 5, tif=Tif.IOC)
    market.step()
    assert market.messages == [
        Received(order.id, Side.BID, 100, 5),
        Done(order.id, Side.BID, 100, 5, filled=False),
    ]


def test_a_smaller_order_changes_where_it_stands_and_a_larger_one_leaves_its_place():
    market = Market()
    order = market.place(1, OrderSide.BUY, 100, 5)
    market.step()
    market.exchange.replace(1, order.id, None, 2)
    market.step()
    assert market.messages == [Change(order.id, Side.BID, 100, 2, 5)]
    market.exchange.replace(1, order.id, None, 9)
    market.step()
    assert [name for name, _ in kinds(market.messages)] == ["Done", "Received", "Open"]


def test_a_new_order_that_trades_in_part_is_opened_once_with_all_its_lots():
    market = Market()
    maker = market.place(2, OrderSide.SELL, 100, 5)
    taker = market.place(1, OrderSide.BUY, 100, 2)
    market.step()
    assert kinds(market.messages) == [
        ("Received", maker.id),
        ("Open", maker.id),
        ("Received", taker.id),
        ("Match", maker.id),
        ("Done", taker.id),
    ]
    assert market.messages[1].lots == 5


def test_an_order_that_only_lost_its_place_is_told_again():
    market = Market()
    first, second = [market.place(1, OrderSide.BUY, 100, 5) for _ in range(2)]
    market.step()
    market.exchange.replace(1, first.id, 100, 5)
    market.step()
    assert kinds(market.messages) == [
        ("Done", first.id),
        ("Received", first.id),
        ("Open", first.id),
    ]
    assert [order for *_, order in market.flow.orders(Side.BID)] == [second.id, first.id]


def test_what_an_auction_leaves_keeps_its_place():
    market = Market()
    market.exchange.set_state(NAME, State.AUCTION)
    for _ in range(5):
        market.place(1, OrderSide.BUY, 100, 5)
        market.place(2, OrderSide.SELL, 101, 5)
        market.step()
    market.place(1, OrderSide.BUY, 101, 7)
    market.place(2, OrderSide.SELL, 100, 10)
    market.step()
    market.exchange.set_state(NAME, State.OPEN)
    market.step()
    matches = [m for m in market.messages if isinstance(m, Match)]
    assert sum(m.lots for m in matches) == 10
    left = market.flow.orders(Side.BID)
    assert [lots for _, lots, _ in left] == [2, 5, 5, 5, 5]


def test_a_seller_whom_an_auction_fills_in_part_keeps_its_place():
    market = Market()
    market.exchange.set_state(NAME, State.AUCTION)
    sellers = [market.place(2, OrderSide.SELL, 100, lots) for lots in (12, 5, 5)]
    market.place(1, OrderSide.BUY, 101, 7)
    market.step()
    market.exchange.set_state(NAME, State.OPEN)
    market.step()
    left = market.flow.orders(Side.ASK)
    assert left == [(100, 5, order.id) for order in sellers]
