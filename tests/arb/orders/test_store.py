"""Orders are followed through lost, late and repeated messages without losing a fill."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb.orders.order import End, OrderState, Purpose
from arb.orders.store import OPEN_MAX, Fill, OrderStore, Patience
from market.order import OrderEvent, OrderEventKind, Side
from tests.arb.orders.venue import Venue
from tests.effort import examples

SECOND = 1_000_000_000


class Rig:
    """A store, its venue, and the timers that it set."""

    def __init__(self) -> None:
        self.venue = Venue()
        self.timers: list[tuple[int, int]] = []
        self.fills: list[Fill] = []
        self.ended: list[int] = []
        self.store = OrderStore(
            lambda _: self.venue,
            lambda at, _, order: self.timers.append((at, order)),
            Patience(answer_ns=SECOND),
        )
        self.store.on_fill = self.fills.append
        self.store.on_end = lambda order: self.ended.append(order.id)

    def place(self, side: Side = Side.BUY, lots: int = 10):
        return self.store.place(0, side, 100, lots, Purpose.QUOTE, "test")

    def deliver(self) -> None:
        """Everything arrives, in order."""
        while self.venue.requests or self.venue.events:
            while self.venue.requests:
                self.venue.arrive()
            while self.venue.events:
                self.store.take(self.venue.events.pop(0))

    def wait(self, until: int) -> None:
        """Time passes and the timers fire."""
        while due := sorted(timer for timer in self.timers if timer[0] <= until):
            self.timers.remove(due[0])
            self.store.now = max(self.store.now, due[0][0])
            self.store.on_timer(due[0][1])
        self.store.now = until


def test_an_accepted_order_is_live_and_counts_as_exposure():
    rig = Rig()
    order = rig.place(Side.SELL, 7)
    assert order.state is OrderState.SENT
    assert rig.store.exposed(0) == (0, 7)
    rig.deliver()
    assert order.state is OrderState.LIVE
    assert rig.store.exposed(0) == (0, 7)


def test_a_fill_before_the_ack_is_an_ack():
    rig = Rig()
    order = rig.place()
    rig.venue.arrive()
    rig.venue.events.clear()
    rig.venue.fill(order.id, 4)
    rig.deliver()
    assert (order.state, order.filled) == (OrderState.LIVE, 4)
    assert rig.store.exposed(0) == (6, 0)


def test_a_cancel_that_was_wished_for_before_the_ack_is_sent_after_it():
    rig = Rig()
    order = rig.place()
    rig.store.cancel(order)
    assert [what for what, *_ in rig.venue.requests] == ["place"]
    rig.deliver()
    assert (order.end, rig.store.exposed(0)) == (End.CANCELED, (0, 0))


def test_a_fill_during_the_cancel_is_kept_and_the_order_ends_once():
    rig = Rig()
    order = rig.place()
    rig.deliver()
    rig.store.cancel(order)
    rig.venue.fill(order.id, 10)
    rig.deliver()
    assert (order.end, order.filled) == (End.FILLED, 10)
    assert rig.ended == [order.id]


def test_an_end_that_counts_more_fills_than_are_known_waits_for_them():
    rig = Rig()
    order = rig.place()
    rig.deliver()
    rig.store.take(OrderEvent(OrderEventKind.CANCELED, order.id, cumulative=4))
    assert order.state is OrderState.LOST
    assert rig.store.exposed(0) == (4, 0)
    rig.store.take(OrderEvent(OrderEventKind.FILL, order.id, price=100, lots=4, trade_id="a"))
    assert (order.end, order.filled, rig.store.exposed(0)) == (End.CANCELED, 4, (0, 0))


def test_a_repeated_fill_is_counted_and_not_booked():
    rig = Rig()
    order = rig.place()
    rig.deliver()
    fill = OrderEvent(OrderEventKind.FILL, order.id, price=100, lots=4, trade_id="a")
    rig.store.take(fill)
    rig.store.take(fill)
    assert (order.filled, len(rig.fills), rig.store.totals.duplicates) == (4, 1, 1)


def test_a_fill_without_an_id_is_told_apart_by_the_running_sum():
    rig = Rig()
    order = rig.place()
    rig.deliver()
    for total in (3, 3, 8):
        rig.store.take(OrderEvent(OrderEventKind.FILL, order.id, price=100, cumulative=total))
    assert [fill.lots for fill in rig.fills] == [3, 5]


def test_a_fill_that_is_told_after_the_end_is_booked_all_the_same():
    rig = Rig()
    order = rig.place()
    rig.deliver()
    rig.store.take(OrderEvent(OrderEventKind.CANCELED, order.id))
    rig.store.take(OrderEvent(OrderEventKind.FILL, order.id, price=100, lots=2, trade_id="late"))
    assert (rig.fills[0].lots, rig.store.totals.late_fills) == (2, 1)
    assert rig.store.exposed(0) == (0, 0)


def test_a_lost_ack_is_asked_for_and_a_known_order_goes_on():
    rig = Rig()
    order = rig.place()
    rig.venue.arrive()
    rig.venue.events.clear()
    rig.wait(SECOND)
    assert order.state is OrderState.LOST
    assert rig.store.exposed(0) == (10, 0)
    rig.deliver()
    assert order.state is OrderState.LIVE


def test_an_order_that_never_arrived_ends_without_exposure():
    rig = Rig()
    order = rig.place()
    rig.venue.requests.clear()
    rig.wait(SECOND)
    rig.store.take(OrderEvent(OrderEventKind.UNKNOWN, order.id, query=1))
    assert rig.store.exposed(0) == (10, 0), "the question may have overtaken the order"
    rig.wait(6 * SECOND)
    rig.deliver()
    assert (order.end, rig.store.exposed(0)) == (End.NEVER_ARRIVED, (0, 0))


def test_the_venue_is_asked_a_bounded_number_of_times_and_the_exposure_stays():
    rig = Rig()
    order = rig.place()
    rig.venue.requests.clear()
    rig.wait(3600 * SECOND)
    assert len(rig.venue.requests) == Patience().queries_max
    assert (order.state, rig.store.totals.unresolved) == (OrderState.LOST, 1)
    assert rig.store.exposed(0) == (10, 0)


def test_a_replace_counts_the_larger_size_until_it_is_answered():
    rig = Rig()
    order = rig.place(lots=10)
    rig.deliver()
    assert rig.store.replace(order, 101, 15)
    assert rig.store.exposed(0) == (15, 0)
    assert not rig.store.replace(order, 102, 15), "one replace at a time"
    rig.deliver()
    assert (order.price, order.lots, rig.store.exposed(0)) == (101, 15, (15, 0))
    assert rig.store.replace(order, 101, 5)
    assert rig.store.exposed(0) == (15, 0)
    rig.deliver()
    assert rig.store.exposed(0) == (5, 0)


def test_a_replace_that_crosses_with_the_last_fill_ends_filled():
    rig = Rig()
    order = rig.place(lots=10)
    rig.deliver()
    rig.store.replace(order, 101, 15)
    rig.venue.fill(order.id, 10)
    rig.deliver()
    assert (order.end, rig.store.exposed(0)) == (End.FILLED, (0, 0))


def test_a_report_about_a_stranger_is_counted():
    rig = Rig()
    rig.store.take(OrderEvent(OrderEventKind.ACCEPTED, 77))
    assert rig.store.totals.strangers == 1


def test_a_venue_that_fills_too_much_is_believed_and_counted():
    rig = Rig()
    order = rig.place(lots=5)
    rig.deliver()
    rig.store.take(OrderEvent(OrderEventKind.FILL, order.id, price=100, lots=9, trade_id="a"))
    assert (rig.fills[0].lots, rig.store.totals.overfills) == (9, 1)
    assert rig.store.exposed(0) == (0, 0)


def test_no_more_orders_are_open_than_the_limit():
    rig = Rig()
    for _ in range(OPEN_MAX):
        rig.place()
    with pytest.raises(OverflowError):
        rig.place()


@settings(max_examples=examples(1.5))
@given(st.data())
def test_whatever_is_lost_late_or_repeated_in_the_end_we_know_what_the_venue_filled(data):
    rig = Rig()
    venue, store = rig.venue, rig.store
    for _ in range(data.draw(st.integers(5, 40))):
        orders = list(store.open.values())
        act = data.draw(
            st.sampled_from(["place", "cancel", "replace", "fill", "go", "say", "time"])
        )
        if act == "place" and len(orders) < 4:
            rig.place(data.draw(st.sampled_from(Side)), data.draw(st.integers(1, 9)))
        elif act == "cancel" and orders:
            store.cancel(data.draw(st.sampled_from(orders)))
        elif act == "replace" and orders:
            store.replace(data.draw(st.sampled_from(orders)), 101, data.draw(st.integers(1, 12)))
        elif act == "fill" and venue.held:
            venue.fill(data.draw(st.sampled_from(sorted(venue.held))), data.draw(st.integers(1, 5)))
        elif act == "go" and venue.requests:
            if data.draw(st.integers(0, 4)):
                venue.arrive(0)
            else:
                venue.requests.pop(0)
        elif act == "say" and venue.events:
            event = venue.events.pop(0)
            for _ in range(data.draw(st.sampled_from([0, 1, 1, 1, 2]))):
                store.take(event)
        elif act == "time":
            rig.wait(store.now + data.draw(st.integers(1, 3)) * SECOND)
        _exposure_covers_the_truth(rig)
    rig.deliver()
    for order in list(store.open.values()):
        store.cancel(order)
    for _ in range(12):
        rig.wait(store.now + 600 * SECOND)
        rig.deliver()
    assert not store.open
    assert store.exposed(0) == (0, 0)
    booked: dict[int, int] = {}
    for fill in rig.fills:
        booked[fill.order.id] = booked.get(fill.order.id, 0) + fill.lots
    assert booked == {order: held.filled for order, held in venue.held.items() if held.filled}


def _exposure_covers_the_truth(rig: Rig) -> None:
    """What the venue could still fill, and has filled without our knowing, is counted."""
    for order in rig.store.open.values():
        held = rig.venue.held.get(order.id)
        if held is not None:
            may = held.lots if held.open else held.filled
            assert order.filled + order.open_lots >= may
