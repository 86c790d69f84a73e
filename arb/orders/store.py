"""All orders of one trading world: sent, followed, and never lost sight of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from arb.orders.gateway import Gateway
from arb.orders.order import TRADES_MAX, End, OrderState, OwnOrder, Purpose
from market.order import OrderEvent, OrderEventKind, Side, Tif, Type

#: Name of the timers that look after an unanswered order; the subject is the order's id.
TIMER = "order"

#: Orders that may be open at once in one world.
OPEN_MAX = 1_000

#: Orders that ended and are remembered, for fills that are reported late.
ENDED_MAX = 10_000


class Fill(NamedTuple):
    """A fill that was not known before."""

    order: OwnOrder
    price: int
    lots: int
    fee: int
    fee_asset: str
    maker: bool
    ts_event: int
    trade_id: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer may take before the venue is asked, and how often it is asked.

    A venue refuses requests that are older than `arrival_ns` (Binance: recvWindow). Only after
    that does "unknown order" mean that an order will never arrive: a question can overtake it.
    """

    answer_ns: int = 1_000_000_000
    queries_max: int = 8
    arrival_ns: int = 5_000_000_000


@dataclass(slots=True)
class Totals:
    """Counts over the life of a store."""

    placed: int = 0
    rejected: int = 0
    canceled: int = 0
    replaced: int = 0
    fills: int = 0
    traded: int = 0
    duplicates: int = 0
    lost: int = 0
    strangers: int = 0
    late_fills: int = 0
    overfills: int = 0
    unresolved: int = 0


class OrderStore:
    """Orders by id, and per instrument what they may still do.

    `exposed(slot)` gives the lots that open orders may still buy and sell, in whatever state they
    are: what every bound on exposure counts.
    """

    def __init__(
        self,
        gateway_of: Callable[[int], Gateway],
        set_timer: Callable[[int, str, int], None],
        patience: Patience | None = None,
        first_id: int = 1,
    ) -> None:
        self._gateway_of = gateway_of
        self._set_timer = set_timer
        self._patience = patience or Patience()
        self._next_id = first_id
        self.open: dict[int, OwnOrder] = {}
        self.by_slot: dict[int, dict[int, OwnOrder]] = {}
        self.totals = Totals()
        #: Grows with every change of any order: what was derived from them is old then.
        self.version = 0
        self._ended: dict[int, OwnOrder] = {}
        self._exposed: dict[int, list[int]] = {}
        #: Told of each request (place, cancel, replace, query) before it is sent, of each order
        #: known to be at the venue (again), of each new fill, and of each order that ended.
        self.on_request: Callable[[str, OwnOrder], None] = _nobody_asks
        self.on_arrival: Callable[[OwnOrder], None] = _nobody
        self.on_fill: Callable[[Fill], None] = _nobody
        self.on_end: Callable[[OwnOrder], None] = _nobody
        self.now = 0

    def exposed(self, slot: int) -> tuple[int, int]:
        """Return the lots that open orders of an instrument may still buy, and sell."""
        held = self._exposed.get(slot)
        return (held[0], held[1]) if held else (0, 0)

    def of_slot(self, slot: int) -> list[OwnOrder]:
        """Return the open orders of an instrument in the order of placing."""
        return list(self.by_slot.get(slot, {}).values())

    # --- what is asked of the venue --------------------------------------------------------------

    def place(
        self,
        slot: int,
        side: Side,
        price: int,
        lots: int,
        purpose: Purpose,
        strategy: str,
        *,
        type: Type = Type.LIMIT,  # noqa: A002 - the field's name everywhere
        tif: Tif = Tif.GTC,
        post_only: bool = False,
    ) -> OwnOrder:
        """Send an order that passed the risk checks; OverflowError at OPEN_MAX."""
        if len(self.open) >= OPEN_MAX:
            raise OverflowError(f"more than {OPEN_MAX} open orders")
        order = OwnOrder(
            self._next_id,
            slot,
            side,
            type,
            tif,
            price,
            lots,
            purpose,
            strategy,
            self.now,
            post_only,
            updated_ns=self.now,
        )
        self._next_id += 1
        self.open[order.id] = order
        self.by_slot.setdefault(slot, {})[order.id] = order
        self._expose(order, order.lots)
        self.totals.placed += 1
        self._watch(order)
        self.on_request("place", order)
        self._gateway_of(slot).place(order)
        return order

    def cancel(self, order: OwnOrder) -> None:
        """Ask for the end of an order; one that is not yet known to be there ends when it is."""
        order.cancel_wanted = True
        self.version += 1
        if order.state is OrderState.LIVE:
            order.state = OrderState.CANCELING
            self._watch(order)
            self.on_request("cancel", order)
            self._gateway_of(order.slot).cancel(order)

    def replace(self, order: OwnOrder, price: int, lots: int) -> bool:
        """Ask for another price and whole size; False where that is not possible now."""
        gateway = self._gateway_of(order.slot)
        if order.state is not OrderState.LIVE or not gateway.replaces or lots <= order.filled:
            return False
        before = order.open_lots
        order.new_price, order.new_lots = price, lots
        self._expose(order, order.open_lots - before)
        order.state = OrderState.REPLACING
        self._watch(order)
        self.on_request("replace", order)
        gateway.replace(order)
        return True

    def cancel_all(self, slot: int | None = None, *purposes: Purpose) -> int:
        """Ask for the end of all open orders, of one instrument or of some purposes only."""
        orders = list(self.open.values()) if slot is None else self.of_slot(slot)
        chosen = [one for one in orders if not purposes or one.purpose in purposes]
        for order in chosen:
            if not order.cancel_wanted:
                self.cancel(order)
        return len(chosen)

    def rescale(self, slot: int, price: int, size: int) -> None:
        """An instrument's ticks and lots became finer: open orders mean the same as before."""
        for order in self.of_slot(slot):
            order.price, order.new_price = order.price * price, order.new_price * price
            order.lots, order.new_lots = order.lots * size, order.new_lots * size
            order.filled *= size
        if slot in self._exposed:
            self._exposed[slot] = [lots * size for lots in self._exposed[slot]]
        self.version += 1

    # --- what the venue says ---------------------------------------------------------------------

    def take(self, event: OrderEvent) -> None:
        """Take a report; one about an order that is not ours or long gone is counted."""
        order = self.open.get(event.order)
        if order is None:
            self._late(event)
            return
        order.updated_ns = self.now
        self.version += 1
        if event.venue_id:
            order.venue_id = event.venue_id
        match event.kind:
            case OrderEventKind.FILL:
                self._filled(order, event)
            case OrderEventKind.ACCEPTED:
                if order.state in (OrderState.SENT, OrderState.LOST):
                    self._arrived(order)
            case OrderEventKind.STATUS:
                self._status(order, event)
            case OrderEventKind.REPLACED:
                self._replaced(order, event)
            case OrderEventKind.FILLED:
                self._end(order, End.FILLED, event)
            case OrderEventKind.CANCELED:
                self._end(order, End.CANCELED, event)
            case OrderEventKind.EXPIRED:
                self._end(order, End.EXPIRED, event)
            case OrderEventKind.REJECTED:
                self._end(order, End.REJECTED, event)
            case OrderEventKind.UNKNOWN:
                self._unknown(order, event)
            case OrderEventKind.CANCEL_REJECTED | OrderEventKind.REPLACE_REJECTED:
                self._refused(order, event)

    def on_timer(self, order_id: int) -> None:
        """An answer is due: when it has not come the venue is asked, a bounded number of times."""
        order = self.open.get(order_id)
        if order is None or order.state is OrderState.LIVE:
            return
        if self.now - order.updated_ns < self._patience.answer_ns:
            self._set_timer(order.updated_ns + self._patience.answer_ns, TIMER, order.id)
            return
        if order.queries - order.settled >= self._patience.queries_max:
            self.totals.unresolved += 1
            return
        if order.state is not OrderState.LOST:
            self.totals.lost += 1
            order.state = OrderState.LOST
        pause_ns = self._patience.answer_ns << (order.queries - order.settled)
        self._query(order, pause_ns)

    def ask(self, order: OwnOrder) -> None:
        """Ask the venue where an open order stands, whatever was known of it."""
        if order.state is not OrderState.LOST:
            self.totals.lost += 1
        self._ask(order)

    def ask_again(self, order: OwnOrder) -> None:
        """Ask about a lost order for which nobody asks any more, as often as at first."""
        if order.queries - order.settled >= self._patience.queries_max:
            self._ask(order)

    def ended(self, order_id: int) -> OwnOrder | None:
        """Return an order that ended and is still remembered."""
        return self._ended.get(order_id)

    @property
    def lost(self) -> list[OwnOrder]:
        """Orders whose state at the venue is not known."""
        return [one for one in self.open.values() if one.state is OrderState.LOST]

    # --- inside ----------------------------------------------------------------------------------

    def _watch(self, order: OwnOrder) -> None:
        order.updated_ns = self.now
        order.settled = order.queries
        self._set_timer(self.now + self._patience.answer_ns, TIMER, order.id)

    def _expose(self, order: OwnOrder, lots: int) -> None:
        self.version += 1
        self._exposed.setdefault(order.slot, [0, 0])[order.side] += lots

    def _arrived(self, order: OwnOrder) -> None:
        """The order is known to be at the venue; what was wished for meanwhile is asked now."""
        order.state = OrderState.LIVE
        self.on_arrival(order)
        if order.cancel_wanted:
            self.cancel(order)

    def _filled(self, order: OwnOrder, event: OrderEvent) -> None:
        lots = self._fresh(order, event)
        if lots <= 0:
            self.totals.duplicates += 1
            return
        if lots > order.open_lots:
            # The venue broke its own word; what it says that we traded is ours all the same.
            self.totals.overfills += 1
        expected = min(lots, order.open_lots)
        order.filled += lots
        self._expose(order, -expected)
        self._tell(order, event, lots)
        # While the fate of a replace is unknown the larger size may still be filled.
        whole = max(order.lots, order.new_lots)
        if order.filled >= whole and order.state is not OrderState.REPLACING:
            self._finish(order, order.end or End.FILLED, order.reason)
        elif order.end is End.OPEN and order.state is OrderState.SENT:
            # A lost order stays so until its state is told: other fills may have gone missing.
            self._arrived(order)

    def _fresh(self, order: OwnOrder, event: OrderEvent) -> int:
        """Return the lots of a fill that were not known: by trade id, else by the running sum."""
        if not event.trade_id:
            return event.cumulative - order.filled
        if event.trade_id in order.trades:
            return 0
        if len(order.trades) >= TRADES_MAX:
            del order.trades[next(iter(order.trades))]
        order.trades[event.trade_id] = None
        return event.lots

    def _tell(self, order: OwnOrder, event: OrderEvent, lots: int) -> None:
        self.totals.fills += 1
        self.totals.traded += order.filled == lots
        fee, asset = event.fee, event.fee_asset
        self.on_fill(
            Fill(order, event.price, lots, fee, asset, event.maker, event.ts_event, event.trade_id)
        )

    def _late(self, event: OrderEvent) -> None:
        """Take a report about an order that is not open: only a fill still matters."""
        order = self._ended.get(event.order)
        if order is None:
            self.totals.strangers += 1
        elif event.kind is OrderEventKind.FILL:
            lots = self._fresh(order, event)
            if lots <= 0:
                self.totals.duplicates += 1
                return
            self.totals.late_fills += 1
            order.filled += lots
            self._tell(order, event, lots)

    def _end(self, order: OwnOrder, end: End, event: OrderEvent) -> None:
        """The venue says that the order is over; fills that it counts and we lack come first."""
        if event.cumulative <= order.filled:
            self._finish(order, end, event.reason)
            return
        before = order.open_lots
        order.lots, order.new_lots, order.new_price = event.cumulative, 0, 0
        order.end, order.reason = end, event.reason
        self._expose(order, order.open_lots - before)
        self._ask(order)

    def _unknown(self, order: OwnOrder, event: OrderEvent) -> None:
        """The venue does not know the order: its end was not told, or it has not arrived."""
        if order.state is not OrderState.LOST or event.query != order.queries:
            return
        final_ns = order.created_ns + self._patience.arrival_ns
        if order.venue_id:
            self._end(order, End.CANCELED, event)
        elif order.asked_ns >= final_ns:
            self._end(order, End.NEVER_ARRIVED, event)
        else:
            self._set_timer(final_ns, TIMER, order.id)

    def _ask(self, order: OwnOrder) -> None:
        """Ask the venue where an order stands, now."""
        order.state = OrderState.LOST
        order.settled = order.queries
        self._query(order, self._patience.answer_ns)

    def _query(self, order: OwnOrder, pause_ns: int) -> None:
        order.queries += 1
        order.updated_ns = order.asked_ns = self.now
        self._set_timer(self.now + pause_ns, TIMER, order.id)
        self.on_request("query", order)
        self._gateway_of(order.slot).query(order)

    def _status(self, order: OwnOrder, event: OrderEvent) -> None:
        """The venue says that the order is open, and where: a lost replace is settled by that."""
        if order.state not in (OrderState.SENT, OrderState.LOST):
            return
        before = order.open_lots
        order.price, order.lots = event.price or order.price, event.lots or order.lots
        order.new_price = order.new_lots = 0
        self._expose(order, order.open_lots - before)
        self._arrived(order)

    def _replaced(self, order: OwnOrder, event: OrderEvent) -> None:
        before = order.open_lots
        order.price = event.price or order.new_price or order.price
        order.lots = order.new_lots or order.lots
        order.new_price = order.new_lots = 0
        self.totals.replaced += 1
        self._expose(order, order.open_lots - before)
        if order.filled >= order.lots:
            self._finish(order, End.FILLED, "")
        else:
            self._arrived(order)

    def _refused(self, order: OwnOrder, event: OrderEvent) -> None:
        """A cancel or replace was refused: where the order stands is not known, so ask."""
        before = order.open_lots
        order.new_price = order.new_lots = 0
        self._expose(order, order.open_lots - before)
        if order.state is OrderState.LOST:
            return
        if order.filled >= order.lots:
            self._finish(order, End.FILLED, "")
        elif event.kind is OrderEventKind.REPLACE_REJECTED:
            self._arrived(order)
        else:
            self._ask(order)

    def _finish(self, order: OwnOrder, end: End, reason: str) -> None:
        self._expose(order, -max(order.open_lots, 0))
        order.state = OrderState.DONE
        order.end, order.reason = end, reason
        if len(self._ended) >= ENDED_MAX:
            del self._ended[next(iter(self._ended))]
        self._ended[order.id] = order
        del self.open[order.id]
        held = self.by_slot[order.slot]
        del held[order.id]
        if not held:
            del self.by_slot[order.slot]
        if end is End.REJECTED:
            self.totals.rejected += 1
        elif end is not End.FILLED:
            self.totals.canceled += 1
        self.on_end(order)


def _nobody_asks(_what: str, _order: OwnOrder) -> None:
    """Nobody listens yet."""


def _nobody(_: object) -> None:
    """Nobody listens yet."""
