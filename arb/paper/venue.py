"""The paper venue of one world: our orders on the matching engine, beside the mirrored books.

How fills are believed is in docs/fills.md. In short: an order joins behind what the book shows;
public trades work off the queue in front of it; decreases without a trade move it by the world's
queue model; what we take is taken away from what the book shows until that level changes.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from arb.manners import manners_of
from arb.orders.order import OwnOrder
from arb.paper.filters import refusal
from arb.paper.latency import Latency
from arb.paper.line import PaperLine, shown
from arb.paper.mirror import moved
from arb.paper.requests import Requests
from arb.paper.turnover import Turnover
from arb.risk.line import Line
from books.book import Book
from engine.code import Kind, QueueModel, Reason, Side, Type
from engine.core import Engine
from engine.record import Event, read_events
from engine.rules import BookRules
from market.amount import AMOUNT_DECIMALS
from market.fees import PPB, Fees, FeeSchedule, fee
from market.instrument import Instrument
from market.order import OrderEvent, OrderEventKind

_ACCOUNT = 1
_ONE = 10**AMOUNT_DECIMALS
_KINDS = {
    int(Kind.ACCEPTED): OrderEventKind.ACCEPTED,
    int(Kind.REPLACED): OrderEventKind.REPLACED,
    int(Kind.CANCELED): OrderEventKind.CANCELED,
    int(Kind.EXPIRED): OrderEventKind.EXPIRED,
}
#: Levels that one order may sweep.
SWEEP_LEVELS = 200
#: Requests and reports under way at once; a strategy that fills this has lost its mind.
WAITING_MAX = 10_000


@dataclass(slots=True)
class _Resting:
    """An order as the venue has it, which its owner learns of later."""

    order: OwnOrder
    price: int
    filled: int = 0


class _Report(NamedTuple):
    """A report on its way back."""

    slot: int
    event: OrderEvent


class _Change(NamedTuple):
    """A replace on its way there."""

    order: OwnOrder
    price: int
    lots: int


class _Cancel(NamedTuple):
    """A cancel on its way there."""

    order: OwnOrder


class _Query(NamedTuple):
    """A question on its way there."""

    order: OwnOrder
    number: int


#: What is under way, there or back.
_Parcel = _Report | OwnOrder | _Change | _Cancel | _Query


class PaperVenue:
    """A gateway to the node's own engine, for the orders of one world at all venues.

    `clock` is the world's time in ns, `set_timer(deadline)` asks for a call of `on_timer`, and
    `report` takes what becomes of orders. Messages of one direction never overtake each other.
    `rate_of` gives what one of a currency is worth in the reporting currency, in parts per billion
    and 0 where nobody knows: fee tiers go by what was traded.
    """

    replaces = True

    def __init__(
        self,
        model: QueueModel,
        books: list[Book],
        fees: FeeSchedule,
        there: Latency,
        back: Latency,
        clock: Callable[[], int],
        set_timer: Callable[[int], None],
        report: Callable[[OrderEvent, int], None],
        taken_ns: int = 1_000_000_000,
        rate_of: Callable[[str], int] | None = None,
    ) -> None:
        self.model = model
        self.lines: dict[int, PaperLine] = {}
        #: Slots where something is mirrored: only there books and trades matter.
        self.busy: dict[int, None] = {}
        self._meets_passing = model is not QueueModel.PESSIMISTIC
        self._clock = clock
        self._books = books
        self._fees = fees
        self._there = there
        self._back = back
        self._set_timer = set_timer
        self._report = report
        self._taken_ns = taken_ns
        self._rate_of = rate_of
        #: Limits used and amounts traded, by venue.
        self.requests: dict[str, Requests] = {}
        self.turnovers: dict[str, Turnover] = {}
        self._last_rates: dict[str, int] = {}
        self._engine = Engine(orders_max=1 << 14, events_max=1 << 14, accounts_max=4)
        self._slots: dict[int, int] = {}
        self._orders: dict[int, _Resting] = {}
        self._arrivals = self._returns = 0
        self._waiting: list[tuple[int, int, _Parcel]] = []
        self._sequence = 0
        self._trades = 0

    # --- the gateway -----------------------------------------------------------------------------

    def place(self, order: OwnOrder) -> None:
        """Send a new order."""
        self._go(order)

    def cancel(self, order: OwnOrder) -> None:
        """Ask for the end of an order."""
        self._go(_Cancel(order))

    def replace(self, order: OwnOrder) -> None:
        """Ask for another price and size."""
        self._go(_Change(order, order.new_price, order.new_lots))

    def query(self, order: OwnOrder) -> None:
        """Ask where an order stands."""
        self._go(_Query(order, order.queries))

    # --- what the node tells ---------------------------------------------------------------------

    def watch(self, slot: int, instrument: Instrument) -> None:
        """Take in an instrument; NotTradableError.

        On other grids it is a new one, and orders on the old grids are cancelled, as venues do
        that change their rules.
        """
        old = self.lines.get(slot)
        if old is not None and old.instrument.factors_to(instrument) == (1, 1):
            old.instrument = instrument
            old.rules = Line.of(instrument, old.fees)
            return
        if old is not None:
            for held in [one for one in self._orders.values() if one.order.slot == slot]:
                self._engine.cancel(held.order.id)
            self._drain()
            self._rescale(slot, *old.instrument.factors_to(instrument))
        venue, fees = instrument.venue, self._fees.rates(instrument.venue, instrument.native)
        rules = Line.of(instrument, fees)
        number = self._engine.add_instrument(BookRules(queue_model=self.model))
        self._slots[number] = slot
        self.lines[slot] = PaperLine(instrument, number, fees, rules)
        if venue not in self.requests:
            self.requests[venue] = Requests(venue)
            ladder = self._fees.ladders.get(venue)
            self.turnovers[venue] = Turnover(ladder.volume * _ONE if ladder else 0)
        self.busy.pop(slot, None)

    def _rescale(self, slot: int, price: int, size: int) -> None:
        """What is under way speaks of the old ticks and lots."""
        for at, (due, number, subject) in enumerate(self._waiting):
            moved: _Parcel
            if isinstance(subject, _Report) and subject.slot == slot:
                event = subject.event
                event = event._replace(price=event.price * price, lots=event.lots * size)
                moved = _Report(slot, event)
            elif isinstance(subject, _Change) and subject.order.slot == slot:
                moved = _Change(subject.order, subject.price * price, subject.lots * size)
            else:
                continue
            # Deadline and number stay, so the heap's order does.
            self._waiting[at] = (due, number, moved)

    def on_book(self, slot: int, now: int) -> None:
        """A book changed: what is mirrored follows, and orders that were passed are filled."""
        line = self.lines.get(slot)
        if line is None or not line.mirrored:
            return
        book = self._books[slot]
        if not book.live:
            return
        changed = moved(book, line.mirrored)
        if changed is not None:
            for side, price, lots in changed:
                self._mirror(line, side, price, lots)
        if line.taken:
            self._forget(line, slot, now)
        if line.orders and self._meets_passing:
            self._passed(line, slot, book)
        if self._engine.pending:
            self._drain()

    def on_trade(self, slot: int, price: int, lots: int, now: int, *, buyer: bool) -> None:
        """A public trade works off the queues at its price."""
        line = self.lines.get(slot)
        if line is None or not line.mirrored:
            return
        self._engine.advance(now)
        side = Side.SELL if buyer else Side.BUY
        self._engine.external_print(line.number, side, price, shown(price, lots))
        self._drain()

    def on_timer(self, now: int) -> None:
        """Requests arrive and reports return, in the order of their time."""
        waiting = self._waiting
        while waiting and waiting[0][0] <= now:
            at, _, subject = heapq.heappop(waiting)
            if isinstance(subject, _Report):
                self._report(subject.event, now)
            else:
                self._arrive(subject, at)
        if waiting:
            self._set_timer(waiting[0][0])

    # --- at the venue ----------------------------------------------------------------------------

    def _arrive(self, subject: OwnOrder | _Change | _Cancel | _Query, now: int) -> None:
        self._engine.advance(now)
        order = subject if isinstance(subject, OwnOrder) else subject.order
        line = self.lines[order.slot]
        why = self.requests[line.instrument.venue].ask(now)
        if isinstance(subject, _Change):
            self._change(*subject, why)
        elif isinstance(subject, _Query):
            if not why:
                self._answer(order, subject.number, now)
        elif isinstance(subject, _Cancel):
            if why or self._engine.cancel(order.id):
                event = OrderEvent(OrderEventKind.CANCEL_REJECTED, order.id, now, reason=why)
                self._say(order.slot, event)
        else:
            self._enter(order, why)
        self._drain()
        self._prune(line, order.slot)

    def _answer(self, order: OwnOrder, number: int, now: int) -> None:
        open_now = self._engine.is_open(order.id)
        kind = OrderEventKind.STATUS if open_now else OrderEventKind.UNKNOWN
        self._say(order.slot, OrderEvent(kind, order.id, now, query=number))

    def _refusal(self, line: PaperLine, order: OwnOrder, price: int, lots: int) -> str:
        """Return why the venue takes no such order, '' where it does."""
        book = self._books[order.slot]
        if not book.live:
            return "the book is not live"
        why = refusal(line, price, lots, order.type, book.newest_touch())
        return why or self.requests[line.instrument.venue].order(self._clock())

    def _enter(self, order: OwnOrder, why: str) -> None:
        line = self.lines[order.slot]
        manners = manners_of(line.instrument.venue)
        why = why or self._refusal(line, order, order.price, order.lots)
        if not why and 0 < manners.open_max <= line.orders:
            why = manners.too_many_open
        if why:
            self._refuse(order, why)
            return
        self._orders[order.id] = _Resting(order, order.price)
        line.orders += 1
        line.inner = None
        self._show(line, order.slot, order.side, order.price, order.lots, order.type)
        result = self._engine.new(
            line.number,
            order.id,
            _ACCOUNT,
            order.side,
            0 if order.type is Type.MARKET else order.price,
            order.lots,
            order.type,
            order.tif,
            post_only=order.post_only,
        )
        if result:
            # The engine has said so itself, but without the words.
            self._engine.drain()
            self._gone(order.id)
            crossed = result == Reason.WOULD_CROSS
            self._refuse(order, manners.post_only if crossed else Reason(result).name.lower())
        else:
            self.requests[line.instrument.venue].entered(self._clock())

    def _refuse(self, order: OwnOrder, why: str) -> None:
        event = OrderEvent(OrderEventKind.REJECTED, order.id, self._clock(), reason=why)
        self._say(order.slot, event)

    def _change(self, order: OwnOrder, price: int, lots: int, why: str) -> None:
        """Replace; the new whole size less what is filled by now is what shall stay open."""
        held = self._orders.get(order.id)
        rest = lots - held.filled if held is not None else 0
        line = self.lines[order.slot]
        if held is not None and rest > 0:
            why = why or self._refusal(line, order, price, rest)
            if not why:
                self._show(line, order.slot, order.side, price, rest, order.type)
                if not self._engine.replace(order.id, price, rest):
                    held.price = price
                    line.inner = None
                    self.requests[line.instrument.venue].entered(self._clock())
                    return
                self._engine.drain()
        event = OrderEvent(OrderEventKind.REPLACE_REJECTED, order.id, self._clock(), reason=why)
        self._say(order.slot, event)

    def _show(
        self, line: PaperLine, slot: int, side: int, price: int, lots: int, kind: int
    ) -> None:
        """Mirror what an order will meet: its own level, and the opposite ones it can reach."""
        book = self._books[slot]
        own_ask = side == Side.SELL
        if kind != Type.MARKET:
            self._mirror(line, side, price, shown(price, book.lots_at(own_ask, price)))
        other = Side.BUY if own_ask else Side.SELL
        limit = None if kind == Type.MARKET else price
        wanted = _reached(line, book, other, limit, lots)
        for held_side, ticks in list(line.mirrored):
            if held_side == other and ticks not in wanted:
                self._mirror(line, other, ticks, shown(ticks, book.lots_at(not own_ask, ticks)))
        for ticks, size in wanted.items():
            self._mirror(line, other, ticks, size)

    def _mirror(self, line: PaperLine, side: int, price: int, lots: int) -> None:
        self._engine.external_set(line.number, side, price, lots)
        line.mirrored[side, price] = lots
        self.busy[self._slots[line.number]] = None

    def _prune(self, line: PaperLine, slot: int) -> None:
        """Mirror no more than the levels where an order of ours rests, or that we took from."""
        needed = {
            (int(one.order.side), one.price)
            for one in self._orders.values()
            if one.order.slot == slot
        }
        for key in [one for one in line.mirrored if one not in needed and one not in line.taken]:
            self._engine.external_set(line.number, *key, 0)
            del line.mirrored[key]
        if not line.mirrored:
            self.busy.pop(slot, None)

    def _forget(self, line: PaperLine, slot: int, now: int) -> None:
        """What we took long ago is taken for granted no more."""
        old = [key for key, at in line.taken.items() if now - at > self._taken_ns]
        for key in old:
            self._engine.external_clear(line.number, *key)
            del line.taken[key]
        if old:
            self._prune(line, slot)

    def _passed(self, line: PaperLine, slot: int, book: Book) -> None:
        """Orders of ours that the other side went through would have been met on its way."""
        bid, bid_lots, ask, ask_lots = book.newest_touch()
        if line.inner is None:
            mine = [one for one in self._orders.values() if one.order.slot == slot]
            line.inner = (
                max((one.price for one in mine if one.order.side is Side.BUY), default=0),
                min((one.price for one in mine if one.order.side is Side.SELL), default=0),
            )
        highest, lowest = line.inner
        if ask_lots and ask < highest:
            lots = sum(size for at, size in book.walk(True, SWEEP_LEVELS) if at < highest)
            self._engine.external_print(line.number, Side.BUY, ask, shown(ask, lots))
        if bid_lots and lowest and bid > lowest:
            lots = sum(size for at, size in book.walk(False, SWEEP_LEVELS) if at > lowest)
            self._engine.external_print(line.number, Side.SELL, bid, shown(bid, lots))

    # --- what becomes of it ----------------------------------------------------------------------

    def _drain(self) -> None:
        """Turn the engine's events into reports that return later."""
        if not self._engine.pending:
            return
        for event in read_events(self._engine.drain()):
            if event.kind == Kind.TRADE:
                self._traded(event)
                continue
            kind = _KINDS.get(event.kind)
            if kind is None:
                continue
            price = event.price if kind is OrderEventKind.REPLACED else 0
            report = OrderEvent(kind, event.id, event.time, price, venue_id=f"paper-{event.id}")
            self._say(self._slots[event.instrument], report)
            if kind in (OrderEventKind.CANCELED, OrderEventKind.EXPIRED):
                self._gone(event.id)

    def _traded(self, event: Event) -> None:
        """One trade: with the outside, on one side of it or the other."""
        for order_id, left, maker in (
            (event.id, event.remaining, True),
            (event.other, event.other_remaining, False),
        ):
            held = self._orders.get(order_id)
            if held is None:
                continue
            order = held.order
            self._trades += 1
            line = self.lines[order.slot]
            if not held.filled:
                self.requests[line.instrument.venue].filled(event.time)
            held.filled += event.qty
            if not maker:
                resting = Side.BUY if order.side is Side.SELL else Side.SELL
                line.taken[resting, event.price] = event.time
            value = event.price * event.qty * line.rules.units.notional
            fees = self._tier(line, value, event.time)
            self._say(
                order.slot,
                OrderEvent(
                    OrderEventKind.FILL,
                    order_id,
                    event.time,
                    event.price,
                    event.qty,
                    trade_id=f"{self._trades}",
                    fee=fee(value, fees.maker_ppb if maker else fees.taker_ppb),
                    fee_asset=line.instrument.quote,
                    maker=maker,
                    venue_id=f"paper-{order_id}",
                ),
            )
            if left == 0:
                self._gone(order_id)

    def _tier(self, line: PaperLine, value: int, now: int) -> Fees:
        """Return the rates of a trade, and count it for those after it."""
        instrument = line.instrument
        if instrument.venue not in self._fees.ladders:
            return line.fees
        traded = self.turnovers[instrument.venue]
        volume = traded.at(now)
        rate = self._rate_of(instrument.quote) if self._rate_of is not None else 0
        if rate:
            self._last_rates[instrument.quote] = rate
        traded.add(value * self._last_rates.get(instrument.quote, 0) // PPB, now)
        ladder = self._fees.ladder(instrument.venue, instrument.native)
        return ladder.rates(volume // _ONE, line.fees) if ladder is not None else line.fees

    def _gone(self, order_id: int) -> None:
        held = self._orders.pop(order_id, None)
        if held is not None:
            line = self.lines[held.order.slot]
            line.orders -= 1
            line.inner = None

    def _say(self, slot: int, event: OrderEvent) -> None:
        self._returns = max(self._returns, self._clock() + self._back.draw())
        self._later(self._returns, _Report(slot, event))

    def _go(self, subject: OwnOrder | _Change | _Cancel | _Query) -> None:
        self._arrivals = max(self._arrivals, self._clock() + self._there.draw())
        self._later(self._arrivals, subject)

    def _later(self, at: int, subject: _Parcel) -> None:
        if len(self._waiting) >= WAITING_MAX:
            raise OverflowError(f"more than {WAITING_MAX} requests and reports under way")
        self._sequence += 1
        first = not self._waiting or at < self._waiting[0][0]
        heapq.heappush(self._waiting, (at, self._sequence, subject))
        if first:
            self._set_timer(at)


def _reached(
    line: PaperLine, book: Book, side: Side, limit: int | None, lots: int
) -> dict[int, int]:
    """Return the lots by price of the levels of `side` that an order up to `limit` can reach.

    None is no limit. Most orders reach nothing: the touch says so.
    """
    ask = side is Side.SELL
    touch = book.newest_touch()
    best = touch[2] if ask else touch[0]
    found: dict[int, int] = {}
    if limit is not None and (best > limit if ask else best < limit):
        return found
    for ticks, size in book.walk(ask, SWEEP_LEVELS):
        if lots <= 0 or (limit is not None and (ticks > limit if ask else ticks < limit)):
            break
        found[ticks] = shown(ticks, size)
        # What we took there may still be shown: the next level is needed as well.
        lots -= 0 if (side, ticks) in line.taken else size
    return found
