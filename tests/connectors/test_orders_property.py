"""Whatever is lost, repeated or merged on the way, a store ends with the venue's own fills."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from arb.orders.order import End, OrderState, Purpose
from arb.orders.store import OrderStore
from connectors.binance import orders_encode as binance_encode
from connectors.binance.orders import BinanceOrders
from connectors.coinbase import orders_encode as coinbase_encode
from connectors.coinbase.orders import CoinbaseOrders
from connectors.orders import ClientIds, Tag
from market.amount import AMOUNT_DECIMALS
from market.grid import Grid, plain_decimal
from market.instrument import Instrument
from market.order import Side
from tests.connectors.binance.test_orders import REPORT
from tests.connectors.coinbase.test_orders import FILL, ID, ROW, TIME, USER
from tests.connectors.order_world import BTC_USD, BTCUSDT, PREFIX, Heard, listings, order

GRIDS = st.builds(Grid, st.integers(0, 9), st.sampled_from([1, 5, 25, 10]))
UNITS = st.integers(1, 10**9)
SIDES = st.sampled_from(list(Side))
#: Fills: price in ticks, lots, fee in millionths.
FILLS = st.lists(
    st.tuples(st.integers(4_999_990, 5_000_010), st.integers(1, 1000), st.integers(0, 10**6)),
    min_size=1,
    max_size=8,
)


@settings(deadline=None)
@given(GRIDS, GRIDS, UNITS, UNITS, SIDES)
def test_ticks_and_lots_come_back_from_the_wire(price, size, ticks, lots, side):
    instrument = Instrument("binance", "X", "B", "Q", price, size)
    one = order(price=ticks, lots=lots, side=side)
    params = dict(binance_encode.place(one, instrument, "cq7-1"))
    body = json.loads(coinbase_encode.place(one, instrument, "cq7-1"))
    limit = body["order_configuration"]["limit_limit_gtc"]
    assert params["side"] == body["side"] == side.name
    for texts in (
        (params["price"], params["quantity"]),
        (limit["limit_price"], limit["base_size"]),
    ):
        assert (price.parse(texts[0]), size.parse(texts[1])) == (ticks, lots)
        assert all(set(text) <= set("0123456789.") for text in texts)


@settings(deadline=None)
@given(st.from_regex(r"[A-Za-z0-9_]{1,16}", fullmatch=True), st.integers(1, 10**18 - 1))
def test_client_ids_come_back(prefix, number):
    ids = ClientIds(prefix)
    text = ids.of(number)
    assert len(text) <= 36
    assert ids.read(text) == number


@settings(deadline=None)
@given(
    st.sampled_from(["place", "query", "trades"]),
    st.integers(1, 10**18 - 1),
    st.integers(0, 10**9 - 1),
)
def test_tags_come_back(ask, number, other):
    tag = Tag(ask, number, other)
    assert Tag.read(tag.text) == tag
    assert tag.text.isalnum()
    assert len(tag.text) <= 36


class World:
    """A store with one order, and a venue that knows what really became of it."""

    def __init__(self, kind, instrument, fills):
        self.heard = Heard()
        self.instrument = instrument
        self.gateway = kind(PREFIX, listings(instrument), self.heard.outlet)
        self.store = OrderStore(lambda slot: self.gateway, lambda *timer: None)
        self.fills = fills
        self.told = []
        self.store.on_fill = self.told.append
        lots = sum(fill[1] for fill in fills)
        self.order = self.store.place(0, Side.BUY, 5_000_010, lots, Purpose.TAKE, "test")
        self.heard.requests.clear()

    def settle(self):
        """Take what was told and answer what was asked, until nothing is left."""
        while self.heard.events or self.heard.requests:
            for event in self.heard.take():
                self.store.take(event)
            requests, self.heard.requests[:] = list(self.heard.requests), []
            for request in requests:
                self.answer(request)

    def ask_again(self):
        """Let the store look after an order that nobody told the end of."""
        for _ in range(3):
            if self.order.state is OrderState.DONE:
                return
            self.store.now += 10**10
            if self.order.state is OrderState.LIVE:
                self.order.state = OrderState.LOST
            self.store.on_timer(self.order.id)
            self.settle()

    def assert_told_exactly(self):
        assert self.order.end is End.FILLED
        assert self.gateway.counts.keys() <= {"late", "stale"}
        sums = [
            (
                sum(p * q for p, q, _ in fills),
                sum(q for _, q, _ in fills),
                sum(f for *_, f in fills),
            )
            for fills in (
                self.fills,
                [
                    (one.price, one.lots, one.fee // 10 ** (AMOUNT_DECIMALS - 6))
                    for one in self.told
                ],
            )
        ]
        assert sums[0] == sums[1]


class Binance(World):
    def price(self, ticks):
        return self.instrument.price.format(ticks)

    def size(self, lots):
        return self.instrument.size.format(lots)

    def report(self, index):
        """The report of a fill, by its place; the last one ends the order."""
        price, lots, fee = self.fills[index]
        cumulative = sum(fill[1] for fill in self.fills[: index + 1])
        last = index == len(self.fills) - 1
        row = REPORT | {
            "c": "cq7-1", "x": "TRADE", "X": "FILLED" if last else "PARTIALLY_FILLED",
            "l": self.size(lots), "L": self.price(price), "z": self.size(cumulative),
            "n": plain_decimal(fee, 6), "N": "USDT", "t": index,
        }  # fmt: skip
        self.gateway.frame(json.dumps({"subscriptionId": 0, "event": row}).encode())

    def answer(self, request):
        if request.method == "myTrades":
            result = [
                {"id": i, "orderId": 28, "price": self.price(p), "qty": self.size(q), "time": 1,
                 "commission": plain_decimal(f, 6), "commissionAsset": "USDT", "isMaker": False}
                for i, (p, q, f) in enumerate(self.fills)
            ]  # fmt: skip
        else:
            whole = self.size(self.order.lots)
            result = {"orderId": 28, "status": "FILLED", "executedQty": whole, "updateTime": 1}
        frame = {"id": request.tag, "status": 200, "result": result}
        self.gateway.frame(json.dumps(frame).encode())


class Coinbase(World):
    def progress(self, index):
        """Size, value, fees and number after so many fills."""
        done = self.fills[:index]
        value = sum(p * q for p, q, _ in done)
        return (
            self.instrument.size.format(sum(q for _, q, _ in done)),
            plain_decimal(value, self.instrument.price.decimals + self.instrument.size.decimals),
            plain_decimal(sum(f for *_, f in done), 6),
            str(index),
        )

    def update(self, index):
        """A row of the user channel after so many fills."""
        size, value, fees, number = self.progress(index)
        row = USER | {
            "client_order_id": "cq7-1", "cumulative_quantity": size, "filled_value": value,
            "total_fees": fees, "number_of_fills": number,
            "status": "FILLED" if index == len(self.fills) else "OPEN",
        }  # fmt: skip
        frame = {"channel": "user", "timestamp": TIME, "sequence_num": 0}
        events = [{"type": "update", "orders": [row]}]
        self.gateway.frame(json.dumps(frame | {"events": events}).encode())

    def answer(self, request):
        size, value, fees, number = self.progress(len(self.fills))
        row = ROW | {
            "client_order_id": "cq7-1", "status": "FILLED", "filled_size": size,
            "filled_value": value, "total_fees": fees, "number_of_fills": number,
        }  # fmt: skip
        body = {"order": row, "orders": [row], "has_next": False}
        if request.path.endswith("/fills"):
            rows = [
                FILL | {"order_id": ID, "price": self.instrument.price.format(p),
                        "size": self.instrument.size.format(q), "commission": plain_decimal(f, 6)}
                for p, q, f in reversed(self.fills)
            ]  # fmt: skip
            body = {"fills": rows, "cursor": ""}
        self.gateway.reply(request.tag, 200, json.dumps(body).encode())


@settings(deadline=None)
@given(FILLS, st.data())
def test_binance_fills_are_those_of_the_venue(fills, data):
    world = Binance(BinanceOrders, BTCUSDT, fills)
    heard = data.draw(st.lists(st.integers(0, len(fills) - 1), max_size=10))
    for index in heard:
        world.report(index)
        world.settle()
    world.ask_again()
    world.assert_told_exactly()


@settings(deadline=None)
@given(FILLS, st.data())
def test_coinbase_fills_are_those_of_the_venue(fills, data):
    world = Coinbase(CoinbaseOrders, BTC_USD, fills)
    heard = data.draw(st.lists(st.integers(0, len(fills)), max_size=10))
    for index in heard:
        world.update(index)
        if data.draw(st.booleans()):
            world.settle()
    world.settle()
    world.ask_again()
    world.assert_told_exactly()
