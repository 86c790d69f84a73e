"""Closing everything that a world holds, because a person asked for it.

Positions are what was bought and sold; opening balances are not touched. Each position of each
strategy is closed with IOC orders at most `BAND_PPB` beyond the touch, or less where the collar is
narrower, and booked to that strategy, so that its hedger and its models see their exposure go. A
hedged strategy's legs are closed a part at a time, never more than its bound leaves room for.
"""

from collections.abc import Callable

from arb.band import banded
from arb.orders.order import Purpose
from arb.risk.desk import Ticket
from arb.trader import Trader
from market.order import Side, Tif

BAND_PPB = 5_000_000
#: Between two looks at what is left, and how long it is tried.
PAUSE_NS = 50_000_000
LIMIT_NS = 60_000_000_000


class Flattener:
    """Closes the positions of one world; `set_timer(deadline)` asks for a call of `on_timer`."""

    def __init__(self, trader: Trader, set_timer: Callable[[int], None]) -> None:
        self.active = False
        #: Orders sent, positions too small for an order, and why it ended.
        self.sent = 0
        self.carried = 0
        self.outcome = ""
        self._trader = trader
        self._set_timer = set_timer
        self._end_ns = 0

    def start(self, now: int) -> None:
        """Begin, or begin anew; nothing else may be trading."""
        self.active, self.sent, self.outcome = True, 0, ""
        self._end_ns = now + LIMIT_NS
        self._step(now)

    def stop(self) -> None:
        """Give up what is not closed yet."""
        if self.active:
            self._end("stopped")

    def on_timer(self, now: int) -> None:
        """Look at what is left."""
        if self.active:
            self._step(now)

    def _step(self, now: int) -> None:
        left = self.carried = 0
        for (slot, strategy), position in self._trader.portfolio.positions.items():
            if position.base:
                left += self._close(slot, strategy, position.base)
        if not left:
            self._end("flat")
        elif now >= self._end_ns:
            self._end("out of time")
        else:
            self._set_timer(now + PAUSE_NS)

    def _end(self, outcome: str) -> None:
        self.active, self.outcome = False, outcome
        self._trader.on_event("flattened", (outcome, self.sent, self.carried))

    def _close(self, slot: int, strategy: str, base: int) -> bool:
        """Send one order against a position; False when it is too small for one."""
        trader = self._trader
        line = trader.risk.lines.get(slot)
        if line is None:
            self.carried += 1
            return False
        waiting = trader.store.by_slot.get(slot, {}).values()
        if any(order.strategy == strategy for order in waiting):
            return True
        side = Side.SELL if base > 0 else Side.BUY
        price = self._price(slot, side)
        if not price:
            return True
        lots = abs(base) // line.units.lot
        lots -= lots % line.lot
        if lots < line.lots_min or lots * price * line.units.notional < line.notional_min:
            self.carried += 1
            return False
        hedger = getattr(trader.strategies.get(strategy), "hedger", None)
        if hedger is not None:
            lots = min(lots, hedger.room(side) // line.units.lot)
        if line.lots_max:
            lots = min(lots, line.lots_max)
        lots -= lots % line.lot
        # What is refused now, such as for an order of ours on its way out, is tried again.
        ticket = Ticket(slot, side, price, lots, Purpose.FLATTEN, strategy, tif=Tif.IOC)
        self.sent += lots > 0 and trader.send(ticket) is not None
        return True

    def _price(self, slot: int, side: Side) -> int:
        """Return the limit in ticks, rounded towards the market; 0 without a usable quote."""
        band = min(BAND_PPB, self._trader.risk.limits.collar_ppb or BAND_PPB)
        tick = self._trader.risk.lines[slot].tick
        return banded(self._trader.touch(slot), side, band, tick)
