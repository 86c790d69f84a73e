"""Fills on paper follow the feed, one queue model a world, and never come from nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb.orders.order import OwnOrder, Purpose
from arb.paper import venue
from arb.paper.latency import Latency
from arb.paper.plain_mirror import moved
from arb.paper.venue import PaperVenue
from engine.code import QueueModel
from market.amount import AMOUNT_DECIMALS
from market.fees import PPB, FeeLadder, Fees, FeeSchedule, FeeTier
from market.grid import Grid
from market.instrument import Instrument
from market.order import OrderEventKind, Side, Tif, Type
from tests.effort import examples

BTC = Instrument("binance", "BTCUSDT", "BTC", "USDT", Grid(2), Grid(5))
FEES = FeeSchedule().with_venue("binance", Fees(100_000, 1_000_000))
THERE, BACK = 1_000, 500
Kinds = OrderEventKind


class FakeBook:
    """A live book that the test sets level by level."""

    def __init__(self) -> None:
        self.sides: tuple[dict[int, int], dict[int, int]] = ({100: 50, 99: 60}, {102: 40, 103: 70})
        self.live = True

    def lots_at(self, ask: bool, ticks: int) -> int:
        return self.sides[ask].get(ticks, 0)

    def walk(self, ask: bool, limit: int) -> list[tuple[int, int]]:
        return sorted(self.sides[ask].items(), reverse=not ask)[:limit]

    def newest_touch(self) -> tuple[int, int, int, int]:
        (bid, bids), (ask, asks) = (self.walk(False, 1) or [(0, 0)])[0], self.walk(True, 1)[0]
        return bid, bids, ask, asks


@pytest.fixture(autouse=True)
def _plain_mirror(monkeypatch):
    """The compiled comparison reads only compiled books; its twin reads what stands for one."""
    monkeypatch.setattr(venue, "moved", moved)


class Rig:
    """A paper venue, its book, and the clock."""

    def __init__(
        self,
        model: QueueModel = QueueModel.PESSIMISTIC,
        fees: FeeSchedule = FEES,
        instrument: Instrument = BTC,
    ) -> None:
        self.now = 0
        self.timers: list[int] = []
        self.book = FakeBook()
        self.reports: list[tuple[int, OrderEventKind, int]] = []
        self.events = []
        self.venue = PaperVenue(
            model,
            [self.book],
            fees,
            Latency((THERE,)),
            Latency((BACK,)),
            lambda: self.now,
            self.timers.append,
            self._report,
            taken_ns=10**6,
            rate_of=lambda _: PPB,
        )
        self.venue.watch(0, instrument)
        self._ids = 0

    def _report(self, event, now):
        self.reports.append((event.order, event.kind, event.lots))
        self.events.append(event)

    def order(self, side, price, lots, tif=Tif.GTC, **kwargs) -> OwnOrder:
        self._ids += 1
        kind = kwargs.pop("type", Type.LIMIT)
        order = OwnOrder(
            self._ids, 0, side, kind, tif, price, lots, Purpose.QUOTE, "s", 0, **kwargs
        )
        self.venue.place(order)
        return order

    def wait(self, delay: int = THERE + BACK) -> None:
        until = self.now + delay
        while due := [at for at in self.timers if at <= until]:
            self.now = max(self.now, min(due))
            self.timers.remove(min(due))
            self.venue.on_timer(self.now)
        self.now = until

    def set(self, ask: bool, price: int, lots: int) -> None:
        self.book.sides[ask].pop(price, None)
        if lots:
            self.book.sides[ask][price] = lots
        self.venue.on_book(0, self.now)

    def trade(self, price: int, lots: int, *, buyer: bool) -> None:
        self.venue.on_trade(0, price, lots, self.now, buyer=buyer)

    @property
    def filled(self) -> int:
        return sum(lots for _, kind, lots in self.reports if kind is Kinds.FILL)


def test_an_order_arrives_and_is_answered_after_its_latencies():
    rig = Rig()
    rig.order(Side.BUY, 100, 10)
    rig.wait(THERE + BACK - 1)
    assert rig.reports == []
    rig.wait(1)
    assert rig.reports == [(1, Kinds.ACCEPTED, 0)]


def test_what_happens_on_the_way_is_met_on_arrival():
    rig = Rig()
    rig.order(Side.BUY, 102, 10, post_only=True)
    rig.set(True, 102, 0)
    rig.wait()
    assert rig.reports == [(1, Kinds.ACCEPTED, 0)]
    rig = Rig()
    rig.order(Side.BUY, 101, 10, post_only=True)
    rig.set(True, 101, 5)
    rig.wait()
    assert rig.reports == [(1, Kinds.REJECTED, 0)]
    assert rig.events[0].reason == "-2010 Order would immediately match and take."


def test_trades_work_off_the_queue_before_they_reach_us():
    rig = Rig()
    rig.order(Side.BUY, 100, 10)
    rig.wait()
    rig.trade(100, 50, buyer=False)
    rig.wait()
    assert rig.filled == 0
    rig.trade(100, 7, buyer=False)
    rig.wait()
    assert rig.filled == 7
    assert rig.events[-1].maker
    assert rig.events[-1].fee_asset == "USDT"


def test_a_trade_beyond_our_price_fills_us_first():
    rig = Rig()
    rig.order(Side.BUY, 101, 10)
    rig.wait()
    rig.trade(100, 4, buyer=False)
    rig.wait()
    assert rig.filled == 4


@pytest.mark.parametrize(
    ("model", "filled"),
    [
        (QueueModel.PESSIMISTIC, 0),
        (QueueModel.PROPORTIONAL, 5),
        (QueueModel.OPTIMISTIC, 10),
    ],
)
def test_a_decrease_without_a_trade_moves_the_queue_by_the_worlds_model(model, filled):
    rig = Rig(model)
    rig.order(Side.BUY, 100, 10)
    rig.wait()
    rig.set(False, 100, 80)
    rig.set(False, 100, 40)
    rig.trade(
        100, {QueueModel.PESSIMISTIC: 40, QueueModel.PROPORTIONAL: 30}.get(model, 20), buyer=False
    )
    rig.wait()
    assert rig.filled == filled


def test_a_trade_and_the_decrease_that_it_causes_count_once():
    rig = Rig(QueueModel.OPTIMISTIC)
    rig.order(Side.BUY, 100, 10)
    rig.wait()
    rig.trade(100, 30, buyer=False)
    rig.set(False, 100, 20)
    rig.trade(100, 20, buyer=False)
    rig.wait()
    assert rig.filled == 0


def test_a_market_that_goes_through_our_price_fills_us_but_not_the_pessimist():
    for model, filled in ((QueueModel.PESSIMISTIC, 0), (QueueModel.PROPORTIONAL, 10)):
        rig = Rig(model)
        rig.order(Side.BUY, 101, 10)
        rig.wait()
        rig.set(True, 100, 30)
        rig.wait()
        assert rig.filled == filled


def test_a_taker_sweeps_what_is_shown_and_the_rest_expires():
    rig = Rig()
    rig.order(Side.BUY, 103, 200, Tif.IOC)
    rig.wait()
    assert rig.reports == [
        (1, Kinds.ACCEPTED, 0),
        (1, Kinds.FILL, 40),
        (1, Kinds.FILL, 70),
        (1, Kinds.EXPIRED, 0),
    ]
    assert [event.price for event in rig.events[1:3]] == [102, 103]
    assert not any(event.maker for event in rig.events[1:3])


def test_what_we_took_stays_taken_until_the_level_changes_or_time_passes():
    rig = Rig()
    for _ in range(2):
        rig.order(Side.BUY, 102, 40, Tif.IOC)
        rig.wait()
    assert rig.filled == 40
    rig.set(True, 102, 45)
    rig.order(Side.BUY, 102, 40, Tif.IOC)
    rig.wait()
    assert rig.filled == 45
    rig.wait(10**6)
    rig.set(True, 102, 44)
    rig.order(Side.BUY, 102, 100, Tif.IOC)
    rig.wait()
    assert rig.filled == 89


def test_a_level_that_went_and_came_back_is_new():
    rig = Rig()
    rig.order(Side.BUY, 102, 40, Tif.IOC)
    rig.wait()
    rig.set(True, 102, 0)
    rig.set(True, 102, 15)
    rig.order(Side.BUY, 102, 40, Tif.IOC)
    rig.wait()
    assert rig.filled == 55


def test_a_cancel_that_comes_too_late_is_refused():
    rig = Rig()
    order = rig.order(Side.BUY, 100, 10)
    rig.wait()
    rig.venue.cancel(order)
    rig.trade(99, 100, buyer=False)
    rig.wait()
    assert [kind for _, kind, _ in rig.reports[1:]] == [Kinds.FILL, Kinds.CANCEL_REJECTED]


def test_a_replace_asks_for_a_whole_size_and_counts_what_was_filled_meanwhile():
    rig = Rig()
    order = rig.order(Side.BUY, 101, 10)
    rig.wait()
    order.new_price, order.new_lots = 101, 8
    rig.venue.replace(order)
    rig.trade(101, 3, buyer=False)
    rig.wait()
    rig.trade(101, 100, buyer=False)
    rig.wait()
    assert rig.filled == 8


def test_messages_never_overtake_each_other():
    latency = Latency((5, 900, 40), state=7)
    rig = Rig()
    rig.venue._there = latency
    for _ in range(20):
        rig.venue.cancel(rig.order(Side.BUY, 100, 10))
    rig.wait(10_000)
    assert Kinds.CANCEL_REJECTED not in [kind for _, kind, _ in rig.reports]


def test_finer_grids_cancel_what_stands_on_the_old_ones():
    rig = Rig()
    rig.order(Side.BUY, 100, 10)
    rig.wait()
    rig.venue.watch(0, BTC.with_grids(Grid(3), Grid(5)))
    rig.wait()
    assert rig.reports[-1][1] is Kinds.CANCELED
    rig.order(Side.BUY, 101, 10)
    rig.wait()
    assert rig.reports[-1][1] is Kinds.ACCEPTED


def test_an_order_for_a_book_that_is_not_live_is_refused():
    rig = Rig()
    rig.book.live = False
    rig.order(Side.BUY, 100, 10)
    rig.wait()
    assert rig.events[0].reason == "the book is not live"


def test_a_latency_is_at_least_one_nanosecond():
    with pytest.raises(ValueError, match="at least 1 ns"):
        Latency((0,))
    with pytest.raises(ValueError, match="samples"):
        Latency(())


@settings(max_examples=examples(0.8))
@given(st.data(), st.sampled_from(QueueModel))
def test_no_order_fills_beyond_its_size_or_after_its_end_and_makers_need_takers(data, model):
    rig = Rig(model)
    orders: dict[int, OwnOrder] = {}
    traded = 0
    for _ in range(data.draw(st.integers(5, 40))):
        act = data.draw(st.sampled_from(["make", "take", "trade", "set", "cancel", "wait"]))
        if act == "make":
            side = data.draw(st.sampled_from(Side))
            price = data.draw(st.integers(97, 101) if side is Side.BUY else st.integers(101, 105))
            order = rig.order(side, price, data.draw(st.integers(1, 30)), post_only=True)
            orders[order.id] = order
        elif act == "take":
            order = rig.order(Side.BUY, 103, data.draw(st.integers(1, 99)), Tif.IOC)
            orders[order.id] = order
        elif act == "trade":
            lots = data.draw(st.integers(1, 80))
            traded += lots
            rig.trade(data.draw(st.integers(97, 105)), lots, buyer=data.draw(st.booleans()))
        elif act == "set":
            ask = data.draw(st.booleans())
            price = data.draw(st.integers(102, 105) if ask else st.integers(97, 100))
            if price not in (102, 100) or model is QueueModel.PESSIMISTIC:
                rig.set(ask, price, data.draw(st.integers(0, 90)))
            if not all(rig.book.sides):
                rig.set(True, 105, 5)
                rig.set(False, 97, 5)
        elif act == "cancel" and orders:
            rig.venue.cancel(orders[data.draw(st.sampled_from(sorted(orders)))])
        else:
            rig.wait(data.draw(st.integers(1, 3000)))
    rig.wait(10_000)
    filled: dict[int, int] = {}
    ended: dict[int, int] = {}
    for order, kind, lots in rig.reports:
        if kind is Kinds.FILL:
            assert order not in ended, "a fill after the end"
            filled[order] = filled.get(order, 0) + lots
        elif kind in (Kinds.CANCELED, Kinds.EXPIRED, Kinds.REJECTED):
            assert order not in ended, "two ends"
            ended[order] = 1
    assert all(lots <= orders[order].lots for order, lots in filled.items())
    fills = [event for event in rig.events if event.kind is Kinds.FILL]
    makers = sum(event.lots for event in fills if event.maker)
    takers = sum(event.lots for event in fills if not event.maker)
    if model is QueueModel.PESSIMISTIC:
        assert makers <= traded + takers, "only trades fill makers, or our own takers"


# --- the venue's own rules -----------------------------------------------------------------------


def test_orders_beyond_the_venues_rate_are_refused_by_its_own_clock():
    rig = Rig()
    for _ in range(51):
        rig.order(Side.BUY, 99, 10)
    rig.wait()
    refused = [event for event in rig.events if event.kind is Kinds.REJECTED]
    too_many = "-1015 Too many new orders; current limit is 50 orders per 10 SECOND."
    assert [(event.order, event.reason) for event in refused] == [(51, too_many)]
    rig.wait(10 * 10**9)
    rig.order(Side.BUY, 99, 10)
    rig.wait()
    assert rig.reports[-1] == (52, Kinds.ACCEPTED, 0)


def test_a_replace_counts_as_an_order_and_leaves_it_where_it_is_when_refused():
    rig = Rig()
    orders = [rig.order(Side.BUY, 99, 10) for _ in range(50)]
    rig.wait()
    order = orders[0]
    order.new_price, order.new_lots = 100, 10
    rig.venue.replace(order)
    rig.wait()
    assert rig.events[-1].kind is Kinds.REPLACE_REJECTED
    assert rig.events[-1].reason.startswith("-1015 ")
    rig.trade(99, 70, buyer=False)
    rig.wait()
    assert rig.reports[-1] == (order.id, Kinds.FILL, 10), "and a fill gives one back"
    other = orders[1]
    other.new_price, other.new_lots = 100, 10
    rig.venue.replace(other)
    rig.wait()
    assert rig.reports[-1] == (other.id, Kinds.REPLACED, 0)


def test_where_every_request_counts_cancels_are_refused_and_questions_stay_unanswered():
    rig = Rig(instrument=Instrument("coinbase", "BTC-USD", "BTC", "USD", Grid(2), Grid(5)))
    orders = [rig.order(Side.BUY, 99, 10) for _ in range(30)]
    rig.wait()
    rig.venue.cancel(orders[0])
    rig.venue.query(orders[1])
    rig.wait()
    assert rig.events[-1].kind is Kinds.CANCEL_REJECTED
    assert rig.events[-1].reason.startswith("429 ")
    assert len(rig.events) == 31
    rig.wait(10**9)
    rig.venue.cancel(orders[0])
    rig.wait()
    assert rig.reports[-1] == (1, Kinds.CANCELED, 0)


def test_no_more_orders_rest_in_a_book_than_the_venue_takes():
    rig = Rig()
    for _ in range(5):
        for _ in range(41):
            rig.order(Side.BUY, 99, 10)
        rig.wait(10 * 10**9)
    refused = [event.reason for event in rig.events if event.kind is Kinds.REJECTED]
    assert refused == ["-1013 Filter failure: MAX_NUM_ORDERS"] * 5


def test_an_order_off_the_venues_grid_is_refused_though_nobody_checked_it_before():
    rig = Rig(instrument=Instrument(**{**_fields(BTC), "tick": "0.05"}))
    rig.order(Side.BUY, 99, 10)
    rig.wait()
    assert rig.events[0].reason == "-1013 Filter failure: PRICE_FILTER"


def _fields(instrument):
    return {name: getattr(instrument, name) for name in instrument.__slots__}


def test_fees_fall_with_what_was_traded():
    """One tier at a trade's own worth: the first pays the lowest tier's rate, the second less."""
    one = 10**AMOUNT_DECIMALS
    fees = FEES.with_ladder("binance", FeeLadder((FeeTier(1, Fees(0, 500_000)),)))
    rig = Rig(fees=fees)
    rig.set(True, 102, 200_000)
    for _ in range(2):
        rig.order(Side.BUY, 102, 98_040, tif=Tif.IOC)
        rig.wait()
    paid = [event.fee for event in rig.events if event.kind is Kinds.FILL]
    worth = 102 * 98_040 * one // 10**7
    assert paid == [worth // 1_000, worth // 2_000]
