"""Whatever is lost, repeated or late between ccxt and us, a store ends with the venue's fills."""

import json
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from arb.orders.order import End, OrderState
from connectors.testnet.gateway import CcxtOrders
from market.amount import AMOUNT_DECIMALS
from market.grid import plain_decimal
from market.inputs import NO_ANSWER, NOT_SENT
from market.order import OrderEvent, OrderEventKind
from tests.connectors.order_world import BTCUSDT
from tests.connectors.test_orders_property import FILLS, World


class Venue(World):
    """One order, of which ever more is filled; answers are as of when they are given."""

    def __init__(self, fills):
        super().__init__(partial(CcxtOrders, "binance"), BTCUSDT, fills)
        self.done = 0
        #: The status that stands for an answer while answers are lost.
        self.lost = None

    def trade(self, index):
        price, lots, fee = self.fills[index]
        return {
            "id": str(index), "order": "33", "timestamp": 1, "takerOrMaker": "maker",
            "price": self.instrument.price.format(price),
            "amount": self.instrument.size.format(lots),
            "fee": {"currency": "USDT", "cost": plain_decimal(fee, 6)},
        }  # fmt: skip

    @property
    def row(self):
        filled = sum(lots for _, lots, _ in self.fills[: self.done])
        over = self.done == len(self.fills)
        size = self.instrument.size.format
        return {
            "id": "33", "clientOrderId": "cq7-1", "timestamp": 1, "lastUpdateTimestamp": 2,
            "price": "50000.10", "amount": size(self.order.lots), "filled": size(filled),
            "status": "closed" if over else "open", "trades": [], "info": {},
        }  # fmt: skip

    def stream(self, indices):
        rows = [self.trade(one) for one in indices if one < self.done]
        self.frame("trades", rows)

    def look(self):
        rows = [self.row] if self.row["status"] == "open" else []
        self.frame("open", rows)

    def frame(self, event, rows):
        line = {"event": event, "native": "BTCUSDT", "data": rows}
        self.gateway.frame(json.dumps(line).encode())

    def answer(self, request):
        if self.lost is not None:
            self.gateway.reply(request.tag, self.lost, b"lost")
            return
        trades = [self.trade(one) for one in range(self.done)]
        data = trades if request.method == "trades" else self.row
        line = {"tag": request.tag, "status": 200, "data": data}
        self.gateway.reply(request.tag, 200, json.dumps(line).encode())

    def accept(self):
        """Answer the placing, as it stood when it was accepted."""
        row = self.row | {"status": "open", "filled": "0"}
        self.gateway.reply("place1", 200, json.dumps({"data": row}).encode())

    def assert_told_exactly(self):
        assert self.order.end is End.FILLED
        assert self.gateway.counts.keys() <= {
            *("late", "repeated", "stranger", "unknown_outcome", "not_sent", "over"),
        }
        ours = sorted(
            (int(one.trade_id), one.price, one.lots, one.fee // 10 ** (AMOUNT_DECIMALS - 6))
            for one in self.told
        )
        assert ours == [(index, *fill) for index, fill in enumerate(self.fills)]


#: The store gives up after eight questions without an answer; some are left for the end.
QUERIES = 3
STEPS = st.lists(
    st.one_of(
        st.just(("accept",)),
        st.just(("look",)),
        st.just(("fill",)),
        st.tuples(st.just("stream"), st.lists(st.integers(0, 7), max_size=4)),
        st.tuples(st.just("lose"), st.sampled_from([None, NO_ANSWER, NOT_SENT, 503])),
        st.just(("settle",)),
        st.just(("again",)),
        st.just(("restream",)),
    ),
    max_size=25,
)


@settings(deadline=None)
@given(FILLS, STEPS)
def test_fills_are_those_of_the_venue_each_once(fills, steps):
    venue = Venue(fills)
    for name, *rest in steps:
        match name:
            case "accept":
                venue.accept()
            case "look":
                venue.look()
            case "fill":
                venue.done = min(venue.done + 1, len(fills))
            case "stream":
                venue.stream(*rest)
            case "lose":
                venue.lost = rest[0]
            case "settle":
                venue.settle()
            case "again" if venue.order.queries < QUERIES:
                venue.ask_again()
            case "restream":
                venue.gateway.subscribe()
    venue.lost = None
    venue.done = len(fills)
    venue.settle()
    for _ in range(3):
        venue.look()
        venue.settle()
    venue.ask_again()
    venue.assert_told_exactly()


@settings(deadline=None)
@given(FILLS)
def test_looks_alone_find_every_fill_and_the_end(fills):
    """Without a stream, and without a question of the store."""
    venue = Venue(fills)
    venue.accept()
    venue.settle()
    for done in range(1, len(fills) + 1):
        venue.done = done
        venue.look()
        venue.settle()
        assert venue.order.filled == sum(lots for _, lots, _ in fills[:done])
    assert venue.order.state is OrderState.DONE
    venue.assert_told_exactly()


TEXTS = st.text(max_size=12) | st.integers() | st.floats(allow_nan=False) | st.none()
ROWS = st.dictionaries(
    st.sampled_from(
        ["id", "clientOrderId", "status", "filled", "price", "amount", "trades", "info", "fee",
         "order", "timestamp", "lastUpdateTimestamp", "native", "takerOrMaker"]
    ),
    TEXTS | st.lists(st.dictionaries(st.text(max_size=5), TEXTS, max_size=3), max_size=3),
)  # fmt: skip


@settings(deadline=None)
@given(
    st.sampled_from(["place1", "cancel1", "query1", "query1n1", "trades1n1", "open1", "balances1"]),
    st.sampled_from([200, 400, 404, 0, -1, 500]),
    ROWS | st.lists(ROWS, max_size=3) | TEXTS,
    st.sampled_from(["open", "trades", "other"]),
)
def test_no_answer_raises_and_none_makes_up_a_fill(tag, status, data, event):
    venue = Venue([(5_000_000, 5, 1)])
    venue.accept()
    venue.settle()
    line = json.dumps({"tag": tag, "event": event, "native": "BTCUSDT", "data": data}).encode()
    venue.gateway.reply(tag, status, line)
    venue.gateway.frame(line)
    assert all(isinstance(one, OrderEvent) for one in venue.heard.events)
    fills = [one for one in venue.heard.events if one.kind is OrderEventKind.FILL]
    assert all(one.trade_id and one.lots >= 0 and one.price >= 0 for one in fills)
