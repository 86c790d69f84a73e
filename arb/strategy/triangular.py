"""Taking edges within a venue: three books that close a cycle, gone round when it pays.

Each leg is an IOC at the worst price of its walk. What a leg that failed leaves open in the top or
the middle asset is traded home at once by an IOC. With `open` what is held of an asset since the
start, and `B` and `S` what orders not known to be over may still bring and take of it,

    open + B <= bound   and   S - open <= bound

for the top asset at every input, and for the middle one where no sale brings more than its limit
price says; a tenth of the middle bound is left free for those that do.
"""

from dataclasses import dataclass
from itertools import pairwise

from arb.band import banded
from arb.orders.order import OwnOrder, Purpose
from arb.orders.store import Fill
from arb.risk.desk import Ticket
from arb.risk.reason import Cause, RiskState
from arb.schedule.least import least_lots
from arb.strategy.triangle import Round, Triangle, best_size, go_round, pays
from arb.trader import Trader
from market.fees import PPB, fee
from market.order import Side, Tif

WALK_LEVELS = 20


@dataclass(frozen=True, slots=True)
class TriangularConfig:
    """Amounts: `size` and `bound` of the top asset, `middle_bound` of the middle one.

    `margin_ppb` of the bought value must remain after all fees. `sequenced` sends each leg for what
    the one before it filled, otherwise all go at once. An unwinding IOC reaches at most `band_ppb`
    beyond the touch; after `tries` that left something open, or when a leg is not accounted for
    `limit_ns` after it was sent, everything halts.
    """

    slots: tuple[int, int, int]
    size: int
    bound: int
    middle_bound: int
    margin_ppb: int = 100_000
    sequenced: bool = False
    pause_ns: int = 100_000_000
    band_ppb: int = 2_000_000
    tries: int = 3
    retry_ns: int = 20_000_000
    limit_ns: int = 2_000_000_000
    name: str = "triangular"

    def __post_init__(self) -> None:
        """Refuse what could not trade."""
        if len(set(self.slots)) != 3:
            raise ValueError("a cycle has three instruments")
        if min(self.size, self.bound, self.middle_bound, self.tries) <= 0 or self.band_ppb < 0:
            raise ValueError("size, bounds and tries must be positive, the band not negative")


class Triangular:
    """Takes both directions of one cycle; ValueError where the instruments close none."""

    def __init__(self, config: TriangularConfig, trader: Trader) -> None:
        self.config = config
        self.name = config.name
        instruments = trader.market.instruments
        self.triangle = Triangle.of(config.slots, instruments)
        self.slots = self.triangle.slots
        cross = instruments[self.triangle.top_middle]
        self.top, self.middle = cross.base, cross.quote
        #: What is held of each asset since the start, home included: there it is the gain.
        self.open = {self.top: 0, self.middle: 0, instruments[self.triangle.top_home].quote: 0}
        self.taken = 0
        self.unwound = 0
        self.refused = 0
        self._trader = trader
        self._flying: dict[int, OwnOrder] = {}
        self._later: list[tuple[Ticket, int]] = []
        self._next_ns = 0
        self._limit_ns = 0
        self._retry_ns = 0
        self._tries = 0

    # --- what is told ----------------------------------------------------------------------------

    def on_quote(self, slot: int, now: int) -> None:  # noqa: ARG002
        """A book of the cycle changed."""
        if self._flying or self._tries or now < self._next_ns:
            return
        if self._trader.switch.state is RiskState.ACTIVE:
            for forward in (True, False):
                if self._take(now, forward=forward):
                    return

    def on_trade(self, slot: int, price: int, lots: int, now: int, *, buyer: bool) -> None:
        """Trades decide nothing here."""

    def on_fill(self, fill: Fill, now: int) -> None:  # noqa: ARG002
        """A leg was filled, or an unwinding."""
        order = fill.order
        line = self._trader.risk.lines[order.slot]
        sign = order.side.sign
        self.open[line.instrument.base] += sign * fill.lots * line.units.lot
        self.open[line.instrument.quote] -= sign * fill.price * fill.lots * line.units.notional
        if fill.fee_asset in self.open:
            self.open[fill.fee_asset] -= fill.fee

    def on_end(self, order: OwnOrder, now: int) -> None:
        """A leg is over: the next one follows, or what is left open is unwound."""
        if self._flying.pop(order.id, None) is None:
            return
        if self._later and order.purpose is Purpose.TAKE:
            ticket, of = self._later.pop(0)
            lot = self._trader.risk.lines[ticket.slot].lot
            lots = ticket.lots * order.filled // of
            if not self._send(_resized(ticket, lots - lots % lot)):
                self._later.clear()
        if not self._flying:
            self._unwind(now)

    def on_timer(self, subject: int, now: int) -> None:  # noqa: ARG002
        """Something was to be unwound again, or a leg should be over by now."""
        if self._flying and now >= self._limit_ns:
            self._later.clear()
            self._trader.halt(Cause.HEDGE, f"{self.name}: a leg is not accounted for")
        elif not self._flying and self._tries and now >= self._retry_ns:
            self._unwind(now)

    def on_state(self, state: RiskState, now: int) -> None:
        """A halt stops everything; after it what is open is unwound first."""
        self._later.clear()
        if state is not RiskState.HALT and not self._flying:
            self._tries = 0
            self._unwind(now)

    def rescale(self, slot: int, price: int, size: int) -> None:  # noqa: ARG002
        """An instrument's grids became finer: legs that wait are on the old ones, and are gone."""
        self._later.clear()

    def violation(self) -> str:
        """Return which bound is broken, '' while both hold."""
        bounds = {self.top: self.config.bound, self.middle: self.config.middle_bound}
        for asset, bound in bounds.items():
            long, short = self.worst(asset)
            if max(long, short) > bound:
                return f"worst case {long} long, {short} short of {asset}, bound {bound}"
        return ""

    def worst(self, asset: str) -> tuple[int, int]:
        """Return the most that could be long, and short, of an asset; sales at their limit."""
        gains = losses = 0
        for slot in self.slots:
            line = self._trader.risk.lines[slot]
            for order in self._trader.store.by_slot.get(slot, {}).values():
                if order.strategy != self.name:
                    continue
                if line.instrument.base == asset:
                    amount, grows = order.open_lots * line.units.lot, order.side is Side.BUY
                elif line.instrument.quote == asset:
                    amount = order.price * order.open_lots * line.units.notional
                    grows = order.side is Side.SELL
                    amount += 0 if grows else fee(amount, line.taker_ppb)
                else:
                    continue
                gains, losses = (gains + amount, losses) if grows else (gains, losses + amount)
        return self.open[asset] + gains, losses - self.open[asset]

    # --- taking ----------------------------------------------------------------------------------

    def _take(self, now: int, *, forward: bool) -> bool:
        """Send the legs of the size that pays most, or the first of them; False if none does."""
        found = self._sized(forward=forward)
        if found is None:
            return False
        sides = self.triangle.sides(forward=forward)
        order = [self.triangle.middle_home, self.triangle.top_middle, self.triangle.top_home]
        tickets = [
            self._ticket(slot, sides[slot], found.prices[slot], found.lots[slot], Purpose.TAKE)
            for slot in (order if forward else reversed(order))
        ]
        self._next_ns = now + self.config.pause_ns
        sent = self._trader.send_together(*tickets, only_first=self.config.sequenced)
        if not sent:
            self.refused += 1
            return False
        self._flying.update({order.id: order for order in sent})
        if self.config.sequenced:
            self._later = [(ticket, before.lots) for before, ticket in pairwise(tickets)]
        self._limit_ns = now + self.config.limit_ns
        self._trader.set_timer(self._limit_ns, self.name, 0)
        self.taken += 1
        return True

    def _sized(self, *, forward: bool) -> Round | None:
        """Return the round of the most profitable size that keeps bounds, rules and margin."""
        config, triangle, trader = self.config, self.triangle, self._trader
        lines = trader.risk.lines
        if any(slot not in lines for slot in self.slots):
            return None
        sides = triangle.sides(forward=forward)
        ticks = []
        for slot in self.slots:
            touch = trader.touch(slot)
            at = 2 if sides[slot] is Side.BUY else 0
            if touch is None or not touch[at + 1]:
                return None
            ticks.append(touch[at])
        if not pays(triangle, lines, ticks, config.margin_ppb, forward=forward):
            return None
        depths = {
            slot: trader.depth(slot, WALK_LEVELS, ask=sides[slot] is Side.BUY)
            for slot in self.slots
        }
        most = (
            min(config.size, config.bound - abs(self.open[self.top])),
            config.middle_bound * 9 // 10 - abs(self.open[self.middle]),
        )
        top = best_size(triangle, lines, depths, most, config.margin_ppb, forward=forward)
        found = go_round(triangle, lines, depths, top, forward=forward)
        if found is None or found.net * PPB < found.cost * config.margin_ppb or found.net <= 0:
            return None
        return found if self._allowed(found) else None

    def _allowed(self, found: Round) -> bool:
        """Whether the venue takes every leg, and no outcome of any of them breaks a bound."""
        lines, cross = self._trader.risk.lines, self.triangle.top_middle
        for slot, lots in found.lots.items():
            line = lines[slot]
            most = line.lots_max or lots
            if not least_lots(line, found.prices[slot]) <= lots <= most:
                return False
        spent = found.prices[cross] * found.lots[cross] * lines[cross].units.notional
        spent += fee(spent, lines[cross].taker_ppb)
        room = self.config.middle_bound - abs(self.open[self.middle])
        return max(spent, found.middle) <= room

    def _ticket(self, slot: int, side: Side, price: int, lots: int, purpose: Purpose) -> Ticket:
        """Return an IOC at a price that orders may name and that still reaches the level."""
        tick = self._trader.risk.lines[slot].tick
        price += -price % tick if side is Side.BUY else -(price % tick)
        return Ticket(slot, side, price, lots, purpose, self.name, tif=Tif.IOC)

    def _send(self, ticket: Ticket) -> bool:
        order = self._trader.send(ticket) if ticket.lots else None
        if order is None:
            self.refused += ticket.lots > 0
            return False
        self._flying[order.id] = order
        return True

    # --- unwinding -------------------------------------------------------------------------------

    def _unwind(self, now: int) -> None:
        """Trade home what is open of both assets, once nothing else is under way."""
        if self._trader.switch.state is RiskState.HALT:
            return
        homes = ((self.top, self.triangle.top_home), (self.middle, self.triangle.middle_home))
        waiting = [slot for asset, slot in homes if self._unwindable(asset, slot)]
        if not waiting:
            self._tries = 0
            return
        if self._tries >= self.config.tries:
            self._trader.halt(Cause.HEDGE, f"{self.name}: what is open could not be unwound")
            return
        if self._tries and now < self._retry_ns:
            return
        self._tries += 1
        self._retry_ns = now + self.config.retry_ns
        self._limit_ns = now + self.config.limit_ns
        self._trader.set_timer(self._retry_ns, self.name, 0)
        self._trader.set_timer(self._limit_ns, self.name, 0)
        for asset, slot in homes:
            if slot in waiting:
                self._trade_home(asset, slot)

    def _trade_home(self, asset: str, slot: int) -> None:
        touch = self._trader.touch(slot)
        selling = self.open[asset] > 0
        side = Side.SELL if selling else Side.BUY
        tick = self._trader.risk.lines[slot].tick
        price = banded(touch, side, self.config.band_ppb, tick)
        if price:
            lots = self._unwindable(asset, slot)
            self.unwound += self._send(self._ticket(slot, side, price, lots, Purpose.HEDGE))

    def _unwindable(self, asset: str, slot: int) -> int:
        """Return the lots of what is open, 0 where the venue would not take so few: carried."""
        line, touch = self._trader.risk.lines[slot], self._trader.touch(slot)
        lots = abs(self.open[asset]) // line.units.lot
        lots -= lots % line.lot
        # By the lower price, so that the venue's minimum is kept whichever side it is.
        price = touch[0] * (PPB - self.config.band_ppb) // PPB if touch is not None else 1
        if touch is not None and lots < least_lots(line, price):
            return 0
        return min(lots, line.lots_max or lots)


def _resized(ticket: Ticket, lots: int) -> Ticket:
    return Ticket(
        ticket.slot, ticket.side, ticket.price, lots, ticket.purpose, ticket.strategy,
        tif=ticket.tif,
    )  # fmt: skip
