"""The hedger: a state machine over one exposure (docs/hedging.md).

    FLAT ──fill──► OPEN ──send──► SENT ──done──► FLAT, OPEN (something left) or PAUSED
                    ▲                │
                    └───── pause ────┘
    OPEN ──out of time, of tries or of venues──► FLATTENING ──► HALTED

With `u` the confirmed open base amount (bought minus sold, makers and hedges together) and `B`,
`S` what orders not known to be over may still buy and sell, at every input

    u + B <= bound   and   S - u <= bound

so that no outcome of what is under way, however late we learn of it, exceeds the bound.
"""

from collections import deque
from enum import IntEnum

from arb.band import banded
from arb.hedging.config import HedgeConfig
from arb.orders.order import OwnOrder, Purpose
from arb.orders.store import Fill
from arb.risk.desk import Ticket
from arb.risk.reason import Cause, RiskState
from arb.trader import Trader
from market.order import Side, Tif
from market.timers import NEVER

#: Subjects of the timers that a strategy passes on.
HEDGE_TIMER = 1


class HedgeState(IntEnum):
    """Where the hedging of one exposure stands."""

    FLAT = 0
    OPEN = 1
    SENT = 2
    PAUSED = 3
    FLATTENING = 4
    HALTED = 5


class Hedger:
    """Hedges what the orders of one strategy leave open; the strategy passes its events on."""

    def __init__(self, config: HedgeConfig, trader: Trader, strategy: str) -> None:
        self.config = config
        self.state = HedgeState.FLAT
        self.open = 0
        #: While set nothing is hedged: two legs that are under way close each other.
        self.held = False
        self.hedges = 0
        self.failures = 0
        self.max_open = 0
        self._trader = trader
        self._strategy = strategy
        self._order: OwnOrder | None = None
        self._venue = 0
        self._tries = 0
        self._good: dict[int, int] = {}
        self._prices: dict[int, int] = {}
        self._parts: deque[list[int]] = deque()
        self._pause_ns = 0
        self._flatten_ns = 0
        self._why = ""

    # --- what is open ----------------------------------------------------------------------------

    def worst(self) -> tuple[int, int]:
        """Return the most that could be long, and short, whatever is still under way does."""
        buys = sells = 0
        for slot in (self.config.maker, *self.config.venues):
            orders = self._trader.store.by_slot.get(slot)
            if not orders:
                continue
            lot = self._trader.risk.lines[slot].units.lot
            for order in orders.values():
                if order.strategy != self._strategy:
                    continue
                if order.side is Side.BUY:
                    buys += order.open_lots * lot
                else:
                    sells += order.open_lots * lot
        return self.open + buys, sells - self.open

    def room(self, side: Side) -> int:
        """Return the base amount that makers may still add on a side within the bound.

        What a hedge on that side is going to trade is theirs no more, sent or not: while it is
        under way it counts together with all that the makers may still do.
        """
        long, short = self.worst()
        due = -self.open if side is Side.BUY else self.open
        order = self._order
        if order is not None and order.side is side:
            due -= order.open_lots * self._trader.risk.lines[order.slot].units.lot
        worst = long if side is Side.BUY else short
        return max(0, self.config.bound - worst - max(due, 0))

    def violation(self) -> str:
        """Return how the invariant is broken, '' while it holds.

        Only a bug of ours can break it, or a venue that fills more than it was asked for.
        """
        long, short = self.worst()
        if max(long, short) <= self.config.bound:
            return ""
        return f"worst case {long} long, {short} short, bound {self.config.bound}"

    @property
    def unhedged_since_ns(self) -> int:
        """When the oldest part was opened that is to be hedged, 0 where nothing is.

        A rest that no venue would take is not: it is carried.
        """
        return self._parts[0][0] if self._parts and self.state is not HedgeState.FLAT else 0

    @property
    def calm(self) -> bool:
        """Whether makers may quote: nothing is open, or it is being dealt with in time."""
        return self.state < HedgeState.FLATTENING

    # --- what happens ----------------------------------------------------------------------------

    def on_fill(self, fill: Fill, now: int) -> None:
        """A maker or a hedge of the strategy was filled."""
        lot = self._trader.risk.lines[fill.order.slot].units.lot
        self._move(fill.order.side.sign * fill.lots * lot, now)
        self.max_open = max(self.max_open, abs(self.open))
        if self.state is not HedgeState.HALTED:
            self.step(now)

    def on_end(self, order: OwnOrder, now: int) -> None:
        """An order of the strategy is over."""
        if self.state is HedgeState.FLATTENING:
            if order is self._order:
                self._order = None
                self._halt(f"{self._why}; flattened {order.filled} of {order.lots} lots")
            else:
                self._try_flatten(now)
        elif order is self._order:
            self._order = None
            if self.state is not HedgeState.SENT:
                return
            if order.filled < order.lots:
                self.failures += 1
                self._tries += 1
                self._pause(now)
            else:
                self._venue = self._tries = 0
                self.state = HedgeState.OPEN
                self.step(now)

    def on_timer(self, now: int) -> None:
        """A pause is over, or a time limit has come."""
        if self.state is HedgeState.PAUSED and now >= self._pause_ns:
            self.state = HedgeState.OPEN
        if self.state is HedgeState.FLATTENING:
            self._try_flatten(now)
        else:
            self.step(now)

    def on_quote(self, slot: int, now: int) -> None:
        """A quote changed: remember when a hedge venue was last good, and go on if it waits."""
        if slot in self.config.venues:
            self._usable(slot, now)
        if self.open and self.state is HedgeState.OPEN:
            self.step(now)

    def on_state(self, state: RiskState, now: int) -> None:
        """The risk state changed: nothing is hedged in a halt, and hedging begins anew after it."""
        if state is RiskState.HALT:
            if self.state is not HedgeState.FLATTENING:
                self.state = HedgeState.HALTED
        elif self.state is HedgeState.HALTED:
            self.state = HedgeState.OPEN
            self._venue = self._tries = 0
            for part in self._parts:
                part[0] = now
            if self._parts:
                self._set_limit(now)
            self.step(now)

    def suspend(self) -> None:
        """Nobody was there to hedge: what is open does not age until `renew`."""
        for part in self._parts:
            part[0] = NEVER

    def renew(self, now: int) -> None:
        """What was suspended has its whole time limit from now on."""
        for part in self._parts:
            part[0] = now
        if self._parts:
            self._set_limit(now)
            self.step(now)

    def rescale(self, slot: int, factor: int) -> None:
        """An instrument's ticks became finer."""
        if slot in self._prices:
            self._prices[slot] *= factor

    def _usable(self, slot: int, now: int) -> bool:
        touch = self._trader.touch(slot)
        if touch is not None:
            self._good[slot] = now
            self._prices[slot] = touch[0]
            return True
        good = self._good.get(slot)
        return good is not None and now - good <= self.config.grace_ns

    def step(self, now: int) -> None:
        """Do what the state asks for."""
        if self.state >= HedgeState.FLATTENING:
            return
        overdue = bool(self._parts) and now - self._parts[0][0] >= self.config.limit_ns
        if self.held and not overdue:
            return
        if not self._hedgeable():
            if self._order is None:
                self.state = HedgeState.FLAT
                self._venue = self._tries = 0
        elif overdue:
            self._flatten(now, "the time limit has passed")
        elif self._order is None and self.state is not HedgeState.PAUSED:
            self.state = HedgeState.OPEN
            self._hedge(now)

    # --- inside ----------------------------------------------------------------------------------

    def _move(self, base: int, now: int) -> None:
        """Book a change of what is open; each part keeps the time at which it was opened.

        A rest that was too small to be hedged does not age: its time begins when it can be.
        """
        if self.state is HedgeState.FLAT:
            for carried in self._parts:
                carried[0] = now
        if self.open * base >= 0:
            self._opened(abs(base), now)
        else:
            left = abs(base)
            while left and self._parts:
                part = min(left, self._parts[0][1])
                self._parts[0][1] -= part
                left -= part
                if self._parts[0][1] == 0:
                    self._parts.popleft()
            if left:
                self._opened(left, now)
        self.open += base

    def _opened(self, base: int, now: int) -> None:
        """A part was opened; what is left of it at its time limit is flattened."""
        self._parts.append([now, base])
        self._set_limit(now)

    def _set_limit(self, now: int) -> None:
        self._trader.set_timer(now + self.config.limit_ns, self._strategy, HEDGE_TIMER)

    def _hedgeable(self) -> bool:
        """Whether some hedge venue would accept an order for what is open."""
        return any(self._lots(slot, self._last(slot)) > 0 for slot in self.config.venues)

    def _last(self, slot: int) -> int:
        """Return the last price known at a venue in ticks, the bid; 0 before any."""
        touch = self._trader.touch(slot)
        return touch[0] if touch is not None and touch[1] else self._prices.get(slot, 0)

    def _lots(self, slot: int, price: int) -> int:
        """Return the lots of a hedge at a venue, 0 below its minimum: that much is carried."""
        line = self._trader.risk.lines.get(slot)
        if line is None:
            return 0
        lots = abs(self.open) // line.units.lot
        lots -= lots % line.lot
        if line.lots_max:
            lots = min(lots, line.lots_max)
        too_small = lots * price * line.units.notional < line.notional_min
        return 0 if lots < line.lots_min or too_small else lots

    def _hedge(self, now: int) -> None:
        """Send one hedge to the venue whose turn it is, or to the next that can take it."""
        venues = self.config.venues
        if self._tries >= self.config.tries:
            self._venue += 1
            self._tries = 0
        while self._venue < len(venues):
            slot = venues[self._venue]
            price = self._price(slot)
            if price and self._send(slot, price, Purpose.HEDGE):
                return
            if price == 0 and self._usable(slot, now):
                # Its quote was good a moment ago: it may be again before anything else is tried.
                self._pause(now)
                return
            self._venue += 1
            self._tries = 0
        if self._trader.recovering(now):
            # Every venue may be there again before the time limit has passed.
            self._venue = self._tries = 0
            self._pause(now)
        else:
            self._flatten(now, "no hedge venue is usable")

    def _price(self, slot: int) -> int:
        """Return the limit of an IOC at a venue in ticks, 0 where its quote may not be used."""
        line = self._trader.risk.lines.get(slot)
        if line is None:
            return 0
        side = Side.SELL if self.open > 0 else Side.BUY
        return banded(self._trader.touch(slot), side, self.config.band_ppb, line.tick)

    def _send(self, slot: int, price: int, purpose: Purpose) -> bool:
        lots = self._lots(slot, price)
        if lots == 0:
            return False
        side = Side.SELL if self.open > 0 else Side.BUY
        ticket = Ticket(slot, side, price, lots, purpose, self._strategy, tif=Tif.IOC)
        self._order = self._trader.send(ticket)
        if self._order is None:
            self.failures += 1
            return False
        self.hedges += 1
        self.state = HedgeState.SENT if purpose is Purpose.HEDGE else HedgeState.FLATTENING
        return True

    def _pause(self, now: int) -> None:
        self.state = HedgeState.PAUSED
        self._pause_ns = now + self.config.pause_ns
        self._trader.set_timer(self._pause_ns, self._strategy, HEDGE_TIMER)

    def _flatten(self, now: int, why: str) -> None:
        """The hedge failed: no more makers, one try where the exposure came from, and a halt."""
        self.state, self._why = HedgeState.FLATTENING, why
        self._flatten_ns = now + self.config.limit_ns
        self._trader.set_timer(self._flatten_ns, self._strategy, HEDGE_TIMER)
        self._trader.store.cancel_all(self.config.maker, Purpose.QUOTE)
        if self._order is not None:
            # What became of it is not known: trading against it could double the exposure.
            self._halt(f"{why}; a hedge is not accounted for")
        else:
            self._try_flatten(now)

    def _try_flatten(self, now: int) -> None:
        """Flatten once the makers are gone; they might be filled, or met by our own order."""
        if self._order is not None:
            return
        waiting = self._trader.store.by_slot.get(self.config.maker, {}).values()
        if any(order.strategy == self._strategy for order in waiting):
            if now >= self._flatten_ns:
                self._halt(f"{self._why}; a maker's end is not known")
            return
        price = self._price(self.config.maker)
        if not price or not self._send(self.config.maker, price, Purpose.FLATTEN):
            self._halt(self._why)

    def _halt(self, why: str) -> None:
        self.state = HedgeState.HALTED
        self._trader.halt(Cause.HEDGE, f"{self._strategy}: {why}")
