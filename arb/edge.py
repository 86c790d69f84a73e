"""An edge: sell at one venue what is bought at another, seen continuously.

Both directions of a pair of legs share one object. Prices of the two legs are compared in common
integer units; a leg quoted in another currency is converted through a book of its own, never at 1.
Spot against a contract is called basis, not arbitrage: the two do not deliver into each other.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from arb.ledger import Entry, Ledger, Rule
from arb.leg import Leg
from arb.share import Share
from arb.walk import Costs, Levels, Result, walk
from books.grade import UNUSABLE, Grade
from cache.l1 import L1
from market.fees import PPB
from market.grid import plain_decimal
from market.instrument import Instrument, Kind

#: Levels of a side that a walk looks at: few suffice nearly always, and more never pay.
GLANCE_LEVELS = 6
WALK_LEVELS = 50

_DEPTH = 0
_QUOTES = 1
Touch = tuple[int, int, int, int]
_NOTHING: Touch = (0, 0, 0, 0)
#: The rules that the first word of a doubt about a leg stands for.
_DOUBTS = {"conversion": Rule.CONVERSION, "silent": Rule.STALE, "late": Rule.LATE}


@dataclass(frozen=True, slots=True)
class EdgeLimits:
    """What an edge must pass. Decimal amounts are in the quote currency of the valuing leg."""

    margin_ppb: int = 50_000
    silence_max_ns: int = 1_000_000_000
    lag_max_ns: int = 1_000_000_000
    notional_min: int = 10


class Seen(Protocol):
    """Who is told about ledger entries; the node makes effects and timers of it."""

    def entered(self, edge: "Edge", direction: int, entry: Entry) -> None:
        """An entry was opened."""

    def left(self, edge: "Edge", entry: Entry) -> None:
        """An entry was closed."""


class Side(NamedTuple):
    """One direction: which leg sells and which buys."""

    name: str
    sell: int
    buy: int


class Edge:
    """Two legs; the first is converted into the quote currency of the second if needed."""

    def __init__(
        self,
        first: Leg,
        second: Leg,
        conversion: Leg | None,
        l1: L1,
        ledger: Ledger,
        limits: EdgeLimits,
        seen: Seen,
    ) -> None:
        self.legs = (first, second)
        self.conversion = conversion
        self._l1 = l1
        self._ledger = ledger
        self._limits = limits
        self._seen = seen
        self.sides = (
            Side(f"{first.id}>{second.id}", 0, 1),
            Side(f"{second.id}>{first.id}", 1, 0),
        )
        self.shares = tuple((Share(), Share()) for _ in self.sides)
        self._crossed = [[False, False], [False, False]]
        self._known = [False, False]
        self._entries: list[Entry | None] = [None, None]
        # Touches by leg, for depth, quotes and the newer of both.
        self._touches: list[list[Touch]] = [[_NOTHING, _NOTHING] for _ in range(3)]
        self._rate = (0, 0)
        self.decimals = self.base_decimals = 0
        self._rebuild()

    @property
    def kind(self) -> str:
        """`arbitrage` between equal things, `basis` between spot and a contract."""
        kinds = {leg.instrument.kind for leg in self.legs}
        return "arbitrage" if kinds == {Kind.SPOT} else "basis"

    @property
    def slots(self) -> list[int]:
        """The slots whose changes this edge wants to hear of."""
        extra = [self.conversion.slot] if self.conversion else []
        return [leg.slot for leg in self.legs] + extra

    def regrid(self, slot: int, new: Instrument, now: int) -> None:
        """A leg stands on finer grids: what is open ends, and amounts move to the finer units."""
        self.finish(now)
        decimals, base_decimals = self.decimals, self.base_decimals
        for leg in (*self.legs, self.conversion):
            if leg is not None and leg.slot == slot:
                leg.instrument = new
        self._rebuild()
        price = 10 ** (self.decimals - decimals)
        base = 10 ** (self.base_decimals - base_decimals)
        if (price, base) != (1, 1):
            self._ledger.rescale([side.name for side in self.sides], price, base)
        self.hear_all(now)

    def _rebuild(self) -> None:
        """Take the grids and fees of the legs anew; decimals never become fewer."""
        first, second = (leg.instrument.price.decimals for leg in self.legs)
        rate = self.conversion.instrument.price.decimals if self.conversion else 0
        self.decimals = max(first + rate, second, self.decimals)
        self.base_decimals = max(self.base_decimals, *(leg.base_decimals for leg in self.legs))
        units = [
            self.legs[0].price_unit(self.decimals - rate),
            self.legs[1].price_unit(self.decimals),
        ]
        if self.conversion:
            units[0] *= self.conversion.instrument.price.step
        self._units = units
        fees = [leg.fees.taker_ppb for leg in self.legs]
        extra = [self.conversion.fees.taker_ppb if self.conversion else 0, 0]
        self._costs = tuple(
            Costs(fees[side.sell], fees[side.buy], extra[side.sell], extra[side.buy])
            for side in self.sides
        )
        self._factors = tuple((cost.sell_factor, cost.buy_factor) for cost in self._costs)
        self._margins = tuple(
            cost.buy_factor + PPB * self._limits.margin_ppb for cost in self._costs
        )
        self._notional_min: int = self._limits.notional_min * 10 ** (
            self.decimals + self.base_decimals
        )
        self._touches = [[_NOTHING, _NOTHING] for _ in range(3)]

    # --- what the books tell --------------------------------------------------------------------

    def hear_all(self, now: int) -> None:
        """Read every book anew."""
        if self.conversion:
            self.hear_conversion(now)
        for leg in self.legs:
            self.hear_quotes(leg.slot, now)
            self.hear_depth(leg.slot, now)
            self.hear_touch(leg.slot, now)

    def hear_quotes(self, slot: int, now: int) -> None:
        """The best-quote channel of a leg changed."""
        self._hear(slot, _QUOTES, now)

    def hear_depth(self, slot: int, now: int) -> None:
        """The depth book of a leg changed."""
        self._hear(slot, _DEPTH, now)

    def _hear(self, slot: int, channel: int, now: int) -> None:
        leg = 0 if self.legs[0].slot == slot else 1
        book = self.legs[leg].book
        if channel == _QUOTES:
            touch = book.quote_touch()
        else:
            touch = book.depth_touch() if book.live else _NOTHING
        touches = self._touches[channel]
        touches[leg] = touch
        first, second = touches
        known = first[1] != 0 and second[1] != 0
        if self.conversion:
            known = known and self._rate[0] != 0
            selling, buying = self._rate
        else:
            selling = buying = 1
        unit, other = self._units
        crossed = (
            known and first[0] * unit * selling > second[2] * other,
            known and second[0] * other > first[2] * unit * buying,
        )
        if known != self._known[channel] or list(crossed) != self._crossed[channel]:
            self._known[channel] = known
            self._crossed[channel] = list(crossed)
            for direction in (0, 1):
                self.shares[direction][channel].set(known, crossed[direction], now)

    def hear_conversion(self, now: int) -> None:
        """The conversion book changed: its bid sells the first leg's quote currency."""
        assert self.conversion is not None
        book = self.conversion.book
        bid, bid_lots, ask, ask_lots = book.newest_touch() if book.live else _NOTHING
        self._rate = (bid if bid_lots else 0, ask if ask_lots else 0)
        self.decide(now)

    def hear_touch(self, slot: int, now: int) -> None:
        """The newest touch of a leg changed: look for opportunities in both directions."""
        leg = 0 if self.legs[0].slot == slot else 1
        book = self.legs[leg].book
        self._touches[2][leg] = book.newest_touch() if book.live else _NOTHING
        self.decide(now)

    # --- decisions -------------------------------------------------------------------------------

    def decide(self, now: int) -> None:
        """Judge both directions at the touch and keep the ledger."""
        first, second = self._touches[2]
        selling, buying = self._rate if self.conversion else (1, 1)
        unit, other = self._units
        bids = (first[0] * unit * selling, second[0] * other)
        asks = (first[2] * unit * buying, second[2] * other)
        for direction, (_, sell, buy) in enumerate(self.sides):
            bid, ask = bids[sell], asks[buy]
            if bid <= ask or ask == 0:
                if self._entries[direction] is not None:
                    self._leave(direction, now)
                continue
            sell_factor, buy_factor = self._factors[direction]
            net = bid * sell_factor - ask * buy_factor
            entry = self._entries[direction]
            if net <= 0:
                if entry is not None and entry.rule == Rule.FEES:
                    entry.best_net = max(entry.best_net, net)
                else:
                    self._enter(direction, Rule.FEES, net, None, "", now)
                continue
            self._judge(direction, bid, ask, net, now)

    def _judge(self, direction: int, bid: int, ask: int, net: int, now: int) -> None:
        """A direction pays after fees at the touch: which rule, if any, still blocks it."""
        result: Result | None = None
        detail = self._doubts(now)
        if detail:
            rule = _DOUBTS.get(detail.partition(" ")[0], Rule.GRADE)
        elif bid * self._factors[direction][0] <= ask * self._margins[direction]:
            rule = Rule.MARGIN
        else:
            result = self.walk(direction)
            if result is None or result.cost < self._notional_min:
                rule = Rule.MINIMUM
            else:
                rule = Rule.OBSERVE_ONLY
        entry = self._entries[direction]
        if entry is not None and entry.rule == rule:
            entry.best_net = max(entry.best_net, net)
            if result is not None and result.net > entry.profit:
                entry.base, entry.profit = result.base, result.net
            return
        self._enter(direction, rule, net, result, detail, now)

    def _doubts(self, now: int) -> str:
        """Return why a leg may not be used, '' when all may."""
        legs = (*self.legs, self.conversion) if self.conversion else self.legs
        for leg in legs:
            assert leg is not None
            quote = self._l1.read(leg.slot, now)
            if quote.grade & UNUSABLE:
                words = ", ".join(Grade(quote.grade & UNUSABLE).labels)
                prefix = "conversion " if leg is self.conversion else ""
                return f"{prefix}{leg.id}: {words}"
            if quote.silence_ns > self._limits.silence_max_ns:
                prefix = "conversion" if leg is self.conversion else "silent"
                return f"{prefix} {leg.id}"
            lag_ns = self._l1.lag(leg.slot)
            if lag_ns is not None and lag_ns > self._limits.lag_max_ns:
                prefix = "conversion" if leg is self.conversion else "late"
                return f"{prefix} {leg.id}"
        return ""

    def walk(self, direction: int, forced: int = 0) -> Result | None:
        """Return the most profitable trade of a direction, or one of `forced` base units."""
        side = self.sides[direction]
        if not all(leg.book.live for leg in self.legs):
            return None
        limit = forced or self._conversion_limit(direction)
        costs = self._costs[direction]
        result = None
        for depth in (GLANCE_LEVELS, WALK_LEVELS):
            sells = self._levels(side.sell, depth, ask=False)
            buys = self._levels(side.buy, depth, ask=True)
            if sells is None or buys is None:
                return None
            result = walk(sells, buys, costs, limit, forced=bool(forced))
            if result.base < min(sum(size for _, size in sells), sum(size for _, size in buys)):
                # It ended before the levels did: deeper ones change nothing.
                break
        return result

    def _levels(self, leg: int, depth: int, *, ask: bool) -> Levels | None:
        rate = 1
        if leg == 0 and self.conversion:
            rate = self._rate[1 if ask else 0]
            if rate == 0:
                return None
        unit = self._units[leg] * rate
        one = self.legs[leg]
        return [
            (ticks * unit, one.base_units(ticks, lots, self.base_decimals))
            for ticks, lots in one.book.walk(ask, depth)
        ]

    def _conversion_limit(self, direction: int) -> int:
        """Return the base size for whose money the conversion book's touch is enough."""
        if self.conversion is None:
            return 1 << 62
        if not self.conversion.book.live:
            return 0
        _, bid_lots, _, ask_lots = self.conversion.book.newest_touch()
        lots = bid_lots if self.sides[direction].sell == 0 else ask_lots
        grid = self.conversion.instrument.size
        first = self._touches[2][0]
        ticks = first[0] if self.sides[direction].sell == 0 else first[2]
        price = self.legs[0].instrument.price
        if ticks == 0:
            return 0
        limit: int = (
            lots
            * grid.step
            * 10 ** (self.base_decimals + price.decimals)
            // (10**grid.decimals * ticks * price.step)
        )
        return limit

    def _enter(
        self, direction: int, rule: Rule, net: int, result: Result | None, detail: str, now: int
    ) -> None:
        if self._entries[direction] is not None:
            self._leave(direction, now)
        if result is None:
            # Blocked before a size was sought: the touch itself is what would have been traded.
            result = self.walk(direction, forced=self._touch_size(direction) or 1)
        base, profit = (result.base, result.net) if result else (0, 0)
        entry = self._ledger.enter(self.sides[direction].name, rule, now, base, profit, net, detail)
        self._entries[direction] = entry
        self._seen.entered(self, direction, entry)

    def _touch_size(self, direction: int) -> int:
        side = self.sides[direction]
        sell, buy = self._touches[2][side.sell], self._touches[2][side.buy]
        return min(
            self.legs[side.sell].base_units(max(sell[0], 1), sell[1], self.base_decimals),
            self.legs[side.buy].base_units(max(buy[2], 1), buy[3], self.base_decimals),
        )

    def _leave(self, direction: int, now: int) -> None:
        entry = self._entries[direction]
        assert entry is not None
        self._entries[direction] = None
        self._ledger.close(entry, now)
        self._seen.left(self, entry)

    def finish(self, now: int) -> None:
        """Close what is open, at the end of a run."""
        for direction in (0, 1):
            if self._entries[direction] is not None:
                self._leave(direction, now)

    def look(self, direction: int) -> dict[str, float | str | None]:
        """Return what a direction is worth at the touch now, for people: bps and the rule."""
        first, second = self._touches[2]
        selling, buying = self._rate if self.conversion else (1, 1)
        unit, other = self._units
        side = self.sides[direction]
        bid = (first[0] * unit * selling, second[0] * other)[side.sell]
        ask = (first[2] * unit * buying, second[2] * other)[side.buy]
        if not bid or not ask:
            return {"gross_bps": None, "net_bps": None, "rule": None}
        sell_factor, buy_factor = self._factors[direction]
        net = (bid * sell_factor - ask * buy_factor) / (PPB * PPB)
        entry = self._entries[direction]
        return {
            "gross_bps": round((bid - ask) / ask * 10_000, 2),
            "net_bps": round(net / ask * 10_000, 2),
            "rule": entry.rule.label if entry else None,
        }

    # --- reporting -------------------------------------------------------------------------------

    def amount(self, units: int) -> str:
        """Return profit units as decimal text of the valuing quote currency."""
        return plain_decimal(units, self.decimals + self.base_decimals)

    def net_bps(self, net: int) -> float | None:
        """Return a touch net (per base unit, in PPB squared) in basis points of the price."""
        price = self._touches[2][1][2] * self._units[1] or self._touches[2][0][2] * self._units[0]
        return round(net / (PPB * PPB) / price * 10_000, 4) if price else None
