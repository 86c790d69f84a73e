"""One trading world: orders, risk, portfolio and what decides in it, over the node's books."""

from collections.abc import Callable
from typing import Any, Protocol

from arb.orders.gateway import Gateway
from arb.orders.order import OwnOrder, Purpose
from arb.orders.store import Fill, OrderStore, Patience
from arb.plain_sight import PlainSight
from arb.portfolio.portfolio import Portfolio
from arb.quoting.signals import Signals
from arb.rates import Rates
from arb.risk.breakers import Breakers
from arb.risk.desk import RiskDesk, Ticket
from arb.risk.limits import RiskLimits
from arb.risk.reason import Cause, RiskReason, RiskState
from arb.risk.switch import RiskSwitch
from arb.sight import Sight
from arb.witness import OrderWitness
from books.book import Book
from cache.l1 import L1
from market.fees import FeeSchedule
from market.instrument import Instrument
from market.order import OrderEvent

_PROFIT_NS = 1_000_000_000

#: Best bid, its lots, best ask, its lots.
Touch = tuple[int, int, int, int]

#: (deadline in ns, name, subject): asks for a timer of this world.
SetTimer = Callable[[int, str, int], None]


class Market:
    """What all worlds see: the node's own books, instruments and quotes.

    `memo` keeps what is the same in every world while a book does not change, such as the value of
    walking its depth: key -> (versions and touch of the books it came from, value). `signals` are
    the estimates of each instrument by half-life, which all makers share.
    """

    __slots__ = ("books", "fees", "instruments", "memo", "sight", "signals")

    memo: dict[tuple[str | int, ...], tuple[tuple[Any, ...], Any]]
    signals: dict[tuple[int, float], Signals]

    def __init__(
        self,
        books: list[Book],
        instruments: list[Instrument],
        l1: L1,
        fees: FeeSchedule,
        sight: Sight | PlainSight | None = None,
    ) -> None:
        self.books = books
        self.instruments = instruments
        self.fees = fees
        self.memo = {}
        self.sight = sight or Sight(books, l1)
        self.signals = {}


class Strategy(Protocol):
    """Decides what to send. Every call may send, amend and cancel through the trader."""

    name: str

    @property
    def slots(self) -> tuple[int, ...]:
        """Slots whose quotes it wants to hear of."""

    def on_quote(self, slot: int, now: int) -> None:
        """The newest touch or the state of a watched book changed."""

    def on_trade(self, slot: int, price: int, lots: int, now: int, *, buyer: bool) -> None:
        """A public trade; `buyer` says that the aggressor bought."""

    def on_fill(self, fill: Fill, now: int) -> None:
        """An order of this strategy was filled."""

    def on_end(self, order: OwnOrder, now: int) -> None:
        """An order of this strategy ended."""

    def on_timer(self, subject: int, now: int) -> None:
        """A timer that this strategy set."""

    def on_state(self, state: RiskState, now: int) -> None:
        """The risk state changed."""

    def rescale(self, slot: int, price: int, size: int) -> None:
        """An instrument's ticks and lots became finer by these factors."""

    def violation(self) -> str:
        """Return what must hold after every input and does not, '' otherwise."""


class Trader:
    """Everything that one world holds; worlds never share any of it."""

    def __init__(
        self,
        name: str,
        market: Market,
        limits: RiskLimits,
        currency: str,
        gateway_of: Callable[[int], Gateway],
        set_timer: SetTimer,
        patience: Patience | None = None,
    ) -> None:
        self.name = name
        self.market = market
        self.currency = currency
        self.now = 0
        self.rates = Rates(market.instruments, market.sight)
        self.store = OrderStore(gateway_of, set_timer, patience)
        self.store.on_fill, self.store.on_end = self._on_fill, self._on_end
        self.store.on_request = self._on_request
        self.portfolio = Portfolio(self.mid2)
        self.switch = RiskSwitch()
        self.switch.on_change = self._on_state
        self.breakers = Breakers(limits, self.switch)
        self.risk = RiskDesk(
            limits, self.switch, self.store, self.portfolio, market.sight.touch, self._rate
        )
        self.strategies: dict[str, Strategy] = {}
        self.by_slot: dict[int, list[Strategy]] = {}
        self.last_refusal = RiskReason.OK
        #: Looks on, where the driver has set one; see arb.witness.
        self.witness: OrderWitness | None = None
        self.store.on_arrival = self._on_arrival
        self.violations = 0
        #: Told of fills and changes of state, in this order of happening; the node journals them.
        self.on_event: Callable[[str, tuple[str | int, ...]], None] = _nobody
        #: Asked before the risk checks whether an order can be carried at all.
        self.admit: Callable[[Ticket, int], RiskReason] = _carried
        #: Whether venues are just coming back: who finds none usable then waits a little.
        self.recovering: Callable[[int], bool] = _settled
        self._set_timer = set_timer
        #: When `after` has something to do although nothing of ours changed.
        self.due_ns = 0
        self._mids: dict[int, int] = {}
        #: Whether orders changed since what must hold was checked.
        self.dirty = False

    # --- what the market looks like --------------------------------------------------------------

    def touch(self, slot: int) -> Touch | None:
        """Return bid, its lots, ask, its lots where the quote may be used now, else None."""
        return self.market.sight.touch(slot, self.now)

    def mid2(self, slot: int) -> int:
        """Return twice the mid price in ticks, 0 where the quote may not be used."""
        touch = self.touch(slot)
        return touch[0] + touch[2] if touch and touch[1] and touch[3] else 0

    def depth(self, slot: int, limit: int, *, ask: bool) -> list[tuple[int, int]]:
        """Return (ticks, lots) of a usable book, cut back to its touch; empty otherwise."""
        return self.market.books[slot].walk(ask, limit) if self.touch(slot) else []

    def _rate(self, asset: str) -> int:
        return self.rates.mid_ppb(asset, self.currency, self.now)

    # --- what strategies do ----------------------------------------------------------------------

    def send(self, ticket: Ticket) -> OwnOrder | None:
        """Check a ticket and send it; None when it was refused, `last_refusal` says why.

        A held ticket waits for approval, unless it takes an edge: by then the books have moved on.
        """
        reason = self._checked(ticket)
        self.last_refusal = reason
        if reason:
            waits = reason is RiskReason.HELD and ticket.purpose is not Purpose.TAKE
            if waits and self.risk.hold(ticket) is not None:
                self.on_event("held", (ticket.slot, int(ticket.side), ticket.price, ticket.lots))
            return None
        return self._place(ticket)

    def send_together(self, *tickets: Ticket, only_first: bool = False) -> list[OwnOrder]:
        """Check tickets that belong together, then send them all, or the first; [] if one fails.

        One that goes without the others has to be closed again, at a loss.
        """
        for ticket in tickets:
            self.last_refusal = self._checked(ticket)
            if self.last_refusal:
                return []
        return [self._place(ticket) for ticket in (tickets[:1] if only_first else tickets)]

    def _checked(self, ticket: Ticket, replacing: OwnOrder | None = None) -> RiskReason:
        if self.witness is None:
            return self._judged(ticket, replacing)
        self.witness.intended(self.name, ticket)
        reason = self._judged(ticket, replacing)
        self.witness.checked(self.name, ticket, reason)
        return reason

    def _judged(self, ticket: Ticket, replacing: OwnOrder | None) -> RiskReason:
        reason = self.admit(ticket, self.now)
        if reason:
            self.risk.refusals[reason] += 1
            return reason
        return self.risk.check(ticket, self.now, replacing)

    def _place(self, ticket: Ticket) -> OwnOrder:
        self.dirty = True
        order = self.store.place(
            ticket.slot,
            ticket.side,
            ticket.price,
            ticket.lots,
            ticket.purpose,
            ticket.strategy,
            type=ticket.type,
            tif=ticket.tif,
            post_only=ticket.post_only,
        )
        if self.witness is not None:
            self.witness.placed(self.name, order)
        return order

    def approve(self, number: int) -> bool:
        """Send a held ticket; False when it is not there or fails another check now."""
        ticket = self.risk.held.get(number)
        if ticket is None:
            return False
        reason = self._checked(ticket)
        if reason not in (RiskReason.OK, RiskReason.HELD):
            self.last_refusal = reason
            return False
        del self.risk.held[number]
        self._place(ticket)
        return True

    def amend(self, order: OwnOrder, price: int, lots: int) -> bool:
        """Check and ask for another price and whole size; False when refused or not possible."""
        ticket = Ticket(
            order.slot, order.side, price, lots - order.filled, order.purpose, order.strategy
        )
        reason = self._checked(ticket, order)
        self.last_refusal = reason
        self.dirty = True
        return not reason and self.store.replace(order, price, lots)

    def set_timer(self, deadline_ns: int, strategy: str, subject: int) -> None:
        """Ask for a call of a strategy's `on_timer`."""
        self._set_timer(deadline_ns, f"strategy {strategy}", subject)

    # --- what the node tells ---------------------------------------------------------------------

    def add(self, strategy: Strategy) -> None:
        """Let a strategy take part."""
        self.strategies[strategy.name] = strategy
        for slot in strategy.slots:
            self.by_slot.setdefault(slot, []).append(strategy)

    def watch(self, slot: int) -> None:
        """An instrument is new, or stands on finer grids."""
        instrument = self.market.instruments[slot]
        old = self.risk.lines.get(slot)
        if old is not None:
            price, size = old.instrument.factors_to(instrument)
            self.breakers.rescale(slot, price)
            self.store.rescale(slot, price, size)
            for strategy in self.by_slot.get(slot, ()):
                strategy.rescale(slot, price, size)
        fees = self.market.fees.rates(instrument.venue, instrument.native)
        if self.risk.watch(slot, instrument, fees):
            self.portfolio.watch(slot, instrument)

    def on_quote(self, slot: int, now: int) -> None:
        """A watched book changed."""
        self.now = now
        mid2 = self.mid2(slot)
        moved = mid2 == 0 or mid2 != self._mids.get(slot)
        self._mids[slot] = mid2
        self.hear_quote(slot, mid2, now, moved=moved)

    def hear_quote(self, slot: int, mid2: int, now: int, *, moved: bool) -> None:
        """`on_quote` for who knows the mid price: breakers first, then those who subscribed.

        `mid2` is 0 where the quote may not be used, `moved` says that it is new, or 0.
        """
        self.now = self.store.now = now
        strategies = self.by_slot.get(slot)
        if strategies is None:
            return
        line = self.risk.lines.get(slot)
        if line is None:
            return
        if moved:
            if mid2:
                self.breakers.hear_price(slot, mid2, now, line.name)
            self.breakers.hear_data(slot, now, line.name, usable=mid2 != 0)
        for strategy in strategies:
            strategy.on_quote(slot, now)

    def on_trade(self, slot: int, price: int, lots: int, now: int, *, buyer: bool) -> None:
        """A public trade of a watched instrument."""
        self.now = self.store.now = now
        line = self.risk.lines.get(slot)
        if line is None:
            return
        line.hear_trade(lots, now)
        strategies = self.by_slot.get(slot)
        if strategies is not None:
            for strategy in strategies:
                strategy.on_trade(slot, price, lots, now, buyer=buyer)

    def on_report(self, event: OrderEvent, now: int) -> None:
        """A venue reports about an order."""
        self.now = self.store.now = now
        self.dirty = True
        self.store.take(event)

    def on_timer(self, name: str, subject: int, now: int) -> None:
        """A timer of this world fired."""
        self.now = self.store.now = now
        if name == "order":
            self.store.on_timer(subject)
        elif name.startswith("strategy "):
            self.strategies[name.removeprefix("strategy ")].on_timer(subject, now)

    def after(self, now: int) -> None:
        """An input is done: markouts and breakers once a second, and what must hold holds."""
        if now >= self.due_ns:
            self.due_ns = now + _PROFIT_NS
            self.now = self.store.now = now
            self.portfolio.settle_markouts(now)
            self.breakers.hear_profit(self.profit())
        if not self.dirty:
            return
        self.dirty = False
        for strategy in self.strategies.values():
            broken = strategy.violation()
            if broken:
                self.violations += 1
                self.halt(Cause.EXPOSURE, f"{strategy.name}: {broken}")

    def profit(self) -> int:
        """Return profit and loss so far in reporting amounts, at the last known rates."""
        total = 0
        for slot in dict.fromkeys(slot for slot, _ in self.portfolio.positions):
            gain = self.portfolio.gain(slot)
            total += gain.total * self.portfolio.rate(self._rate, gain.currency) // 10**9
        return total

    def halt(self, cause: Cause, detail: str) -> None:
        """Stop everything: no new orders, and all open ones are cancelled."""
        self.switch.trip(cause, RiskState.HALT, detail)

    # --- inside ----------------------------------------------------------------------------------

    def _on_request(self, what: str, order: OwnOrder) -> None:
        price, lots = order.new_price or order.price, order.new_lots or order.lots
        self.on_event(what, (order.id, order.slot, int(order.side), price, lots, int(order.tif)))

    def _on_arrival(self, order: OwnOrder) -> None:
        if self.witness is not None:
            self.witness.arrived(self.name, order)

    def _on_fill(self, fill: Fill) -> None:
        order = fill.order
        if self.witness is not None:
            self.witness.filled(self.name, fill)
        self.portfolio.book(fill, self.now)
        self.on_event(
            "fill",
            (order.id, order.slot, int(order.side), fill.price, fill.lots, fill.fee, fill.trade_id),
        )
        strategy = self.strategies.get(order.strategy)
        if strategy is not None:
            strategy.on_fill(fill, self.now)

    def _on_end(self, order: OwnOrder) -> None:
        if self.witness is not None:
            self.witness.ended(self.name, order)
        self.on_event("end", (order.id, int(order.end), order.filled))
        strategy = self.strategies.get(order.strategy)
        if strategy is not None:
            strategy.on_end(order, self.now)

    def _on_state(self, state: RiskState, cause: Cause, detail: str) -> None:
        self.on_event("risk", (int(state), int(cause), detail))
        if state is RiskState.HALT:
            self.store.cancel_all()
        for strategy in self.strategies.values():
            strategy.on_state(state, self.now)


def _carried(_ticket: Ticket, _now: int) -> RiskReason:
    """Carry every order."""
    return RiskReason.OK


def _settled(_now: int) -> bool:
    """Nothing is coming back."""
    return False


def _nobody(_event: str, _fields: tuple[str | int, ...]) -> None:
    """Nobody listens yet."""
