"""Cross-exchange market making: quotes on one venue, priced from another's depth, hedged there."""

from dataclasses import dataclass, field

from arb.hedging.config import HedgeConfig
from arb.hedging.hedger import Hedger, HedgeState
from arb.orders.order import OwnOrder
from arb.orders.store import Fill
from arb.portfolio.units import Units
from arb.quoting.care import Care
from arb.quoting.manager import Manager
from arb.risk.reason import RiskState
from arb.strategy.conversion import conversions
from arb.trader import Touch, Trader
from market.fees import PPB
from market.order import Side

#: Levels of the hedge venue's book that a quote's size may reach into; a few are looked at first.
HEDGE_LEVELS = 50
GLANCE_LEVELS = 3
#: Walked values that are kept; they are cheap to make anew.
MEMO_MAX = 1_000

#: Values of the hedges of a bid and an ask, and (price, lots) of bids and of asks.
Worth = tuple[int | None, int | None, tuple[list[tuple[int, int]], list[tuple[int, int]]]]


@dataclass(frozen=True, slots=True)
class XemmConfig:
    """What is quoted: `size` is the amount of one quote in base currency.

    `margin_ppb` is kept of the hedge's value after all fees; `skew_ppb` moves both quotes per
    bound of open exposure, against it.
    """

    hedge: HedgeConfig
    size: int
    margin_ppb: int = 200_000
    skew_ppb: int = 100_000
    care: Care = field(default_factory=Care)
    name: str = "xemm"


class Xemm:
    """One maker instrument, hedged at its hedger's venues; the first of them sets the price."""

    def __init__(self, config: XemmConfig, trader: Trader) -> None:
        self.config = config
        self.name = config.name
        self.maker = config.hedge.maker
        self.source = config.hedge.venues[0]
        self._conversions = conversions(trader, config.hedge)
        self.slots = (self.maker, *config.hedge.venues, *self._conversions)
        self.hedger = Hedger(config.hedge, trader, self.name)
        self.manager = Manager(trader, self.maker, self.name, config.care)
        self._trader = trader
        self._version = -1
        self._lots = (0, 0)
        self._need = (0, 0)
        #: What the last quotes were made of: looked at, and worked out from that.
        self._stamp: tuple[int | Touch | None, ...] = ()
        self._seen: tuple[int | None, ...] | None = None

    # --- what is told ----------------------------------------------------------------------------

    def on_quote(self, slot: int, now: int) -> None:
        """Any leg's quote changed."""
        self.hedger.on_quote(slot, now)
        self._requote(now)

    def on_trade(self, slot: int, price: int, lots: int, now: int, *, buyer: bool) -> None:
        """Trades do not move the quotes: the hedge venue's depth does."""

    def on_fill(self, fill: Fill, now: int) -> None:
        """A maker or a hedge was filled."""
        self.hedger.on_fill(fill, now)

    def on_end(self, order: OwnOrder, now: int) -> None:
        """An order is over."""
        self.hedger.on_end(order, now)

    def on_timer(self, subject: int, now: int) -> None:  # noqa: ARG002
        """The hedger's timer."""
        self.hedger.on_timer(now)

    def on_state(self, state: RiskState, now: int) -> None:
        """The risk state changed."""
        self.hedger.on_state(state, now)

    def rescale(self, slot: int, price: int, size: int) -> None:  # noqa: ARG002
        """An instrument's ticks became finer: what the hedger remembers of prices follows."""
        self.hedger.rescale(slot, price)

    def violation(self) -> str:
        """Return how the bound on exposure is broken, '' while it holds."""
        return self.hedger.violation()

    # --- quotes ----------------------------------------------------------------------------------

    def _requote(self, now: int) -> None:
        trader, store = self._trader, self._trader.store
        touch = trader.touch(self.maker)
        if (
            touch is None
            or self.hedger.state >= HedgeState.FLATTENING
            or trader.switch.state is RiskState.HALT
        ):
            self._seen = None
            self.manager.pull()
            return
        if self._version != store.version:
            self._version = store.version
            self._lots = (self._sized(Side.BUY), self._sized(Side.SELL))
            self._need = (self._hedged(self._lots[0]), self._hedged(self._lots[1]))
            self._seen = None
        source = trader.touch(self.source)
        stamp: tuple[int | Touch | None, ...]
        if source is not None and source[1] >= self._need[0] and source[3] >= self._need[1]:
            # The touch holds both sizes: nothing else of the hedge venue's book matters.
            stamp = (touch[0], touch[2], source[0], source[2])
        else:
            version = trader.market.books[self.source].version
            stamp = (touch[0], touch[2], source, version)
        if self._conversions:
            stamp += tuple(map(trader.touch, self._conversions))
        if self._seen is not None and stamp == self._stamp:
            return
        self._stamp = stamp
        bids, asks, wish = self._worth(touch, source, now)
        seen = (touch[0], touch[2], bids, asks)
        if seen == self._seen:
            return
        self._seen = seen if self.manager.rest(*wish, now) else None

    def _worth(self, touch: Touch, source: Touch | None, now: int) -> Worth:
        """Return what hedging brings and costs, and the quotes that follow from it.

        Worlds that hold the same work it out once: `_stamp` is all that it follows from but for
        lots, inventory and the grids.
        """
        memo = self._trader.market.memo
        unit = self._trader.risk.lines[self.maker].units.notional
        key = ("quotes", self.name, *self._lots, self.hedger.open, unit)
        of = (*self._stamp, touch[1] > 0, touch[3] > 0)
        found = memo.get(key)
        if found is not None and found[0] == of:
            known: Worth = found[1]
            return known
        bids = self._hedge_value(Side.BUY, source, now)
        asks = self._hedge_value(Side.SELL, source, now)
        wish = (
            [] if bids is None else self._quote(Side.BUY, bids, touch),
            [] if asks is None else self._quote(Side.SELL, asks, touch),
        )
        if len(memo) >= MEMO_MAX:
            memo.clear()
        memo[key] = (of, (bids, asks, wish))
        return bids, asks, wish

    def _quote(
        self, side: Side, value: int, touch: tuple[int, int, int, int]
    ) -> list[tuple[int, int]]:
        """Return (price, lots) of a side from what its hedge brings, or costs; empty without one.

        A bid may pay what selling the same amount at the hedge venue brings, after the hedge's
        fee, conversion and margin, less the maker's fee; an ask likewise. Rounded away from the
        market, and never through it.
        """
        config, lots = self.config, self._lots[side]
        line = self._trader.risk.lines[self.maker]
        shift = self.hedger.open * config.skew_ppb // config.hedge.bound
        unit = lots * line.units.notional
        if side is Side.BUY:
            price = value * (PPB - config.margin_ppb - shift) // (unit * (PPB + line.maker_ppb))
            price = min(price, touch[2] - line.tick) if touch[3] else price
            price -= price % line.tick
            return [(price, lots)] if price > 0 else []
        top = value * (PPB + config.margin_ppb - shift)
        price = -(-top // (unit * (PPB - line.maker_ppb)))
        price = max(price, touch[0] + line.tick) if touch[1] else price
        price += -price % line.tick
        return [(price, lots)] if price > 0 else []

    def _sized(self, side: Side) -> int:
        """Return the lots of a quote: what the bound leaves room for, at most the configured size.

        What rests already on this side counts as room: the quote stands in its place.
        """
        line = self._trader.risk.lines.get(self.maker)
        if line is None:
            return 0
        resting = sum(order.open_lots for order in self.manager.resting(side)) * line.units.lot
        room = min(self.config.size, self.hedger.room(side) + resting)
        lots = room // line.units.lot
        lots -= lots % line.lot
        return 0 if lots < line.lots_min else lots

    def _hedged(self, lots: int) -> int:
        """Return how many lots of the hedge venue's book a quote's lots reach into."""
        lines = self._trader.risk.lines
        line = lines.get(self.source)
        if line is None or self.maker not in lines:
            return 0
        return -(-lots * lines[self.maker].units.lot // line.units.lot)

    def _hedge_value(self, side: Side, touch: Touch | None, now: int) -> int | None:
        """Return what hedging a quote brings (a bid) or costs (an ask), net of the hedge's fee.

        In amounts of the maker's quote currency; None when depth or conversion do not reach.
        """
        lots, trader = self._lots[side], self._trader
        line = trader.risk.lines.get(self.source)
        if lots == 0 or line is None or touch is None:
            return None
        maker = trader.risk.lines[self.maker]
        value = self._walked(side, lots * maker.units.lot, touch)
        source, target = line.instrument.quote, maker.instrument.quote
        if value is None or source == target:
            return value
        return trader.rates.convert(value, source, target, now, up=side is Side.SELL)

    def _walked(self, side: Side, base: int, touch: Touch) -> int | None:
        """Return the value of walking the hedge venue's depth, the same in every world.

        The walk begins at the newest touch, which moves between two versions of the depth.
        """
        market = self._trader.market
        book = market.books[self.source]
        versions = (book.version, *touch)
        key = ("walked", self.source, int(side), base)
        found = market.memo.get(key)
        if found is not None and found[0] == versions:
            known: int | None = found[1]
            return known
        line = self._trader.risk.lines[self.source]
        selling = side is Side.BUY
        value, left = 0, base
        for limit in (GLANCE_LEVELS, HEDGE_LEVELS):
            value, left = _walk(book.walk(not selling, limit), base, line.units)
            if left == 0:
                break
        fee = value * line.taker_ppb // PPB
        result = None if left else value - fee if selling else value + fee
        if len(market.memo) >= MEMO_MAX:
            market.memo.clear()
        market.memo[key] = (versions, result)
        return result


def _walk(levels: list[tuple[int, int]], base: int, units: Units) -> tuple[int, int]:
    """Return the value of `base` at the levels, and what of it they do not hold."""
    value, left = 0, base
    for ticks, lots in levels:
        part = min(left, lots * units.lot)
        value += ticks * part * units.notional // units.lot
        left -= part
        if left == 0:
            break
    return value, left
