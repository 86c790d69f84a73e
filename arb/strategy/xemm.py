"""Cross-exchange market making: quotes on one venue, priced from another's depth, hedged there."""

from dataclasses import dataclass, field

from arb.hedging.config import HedgeConfig
from arb.hedging.hedger import Hedger
from arb.orders.order import OwnOrder
from arb.orders.store import Fill
from arb.quoting.manager import Care, Manager, Wanted
from arb.risk.reason import RiskState
from arb.strategy.conversion import conversions
from arb.trader import Trader
from market.fees import PPB
from market.order import Side

#: Levels of the hedge venue's book that a quote's size may reach into.
HEDGE_LEVELS = 50


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
        self.slots = (self.maker, *config.hedge.venues, *conversions(trader, config.hedge))
        self.hedger = Hedger(config.hedge, trader, self.name)
        self.manager = Manager(trader, self.maker, self.name, config.care)
        self._trader = trader

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
        trader = self._trader
        touch = trader.touch(self.maker)
        if touch is None or not self.hedger.calm or trader.switch.state is RiskState.HALT:
            self.manager.pull()
            return
        wanted = []
        for side in Side:
            one = self._quote(side, touch, now)
            if one is not None:
                wanted.append(one)
        self.manager.want(wanted, now)

    def _quote(self, side: Side, touch: tuple[int, int, int, int], now: int) -> Wanted | None:
        """Return the quote of a side, None where the hedge could not be made at a known price.

        A bid may pay what selling the same amount at the hedge venue brings, after the hedge's
        fee, conversion and margin, less the maker's fee; an ask likewise. Rounded away from the
        market.
        """
        trader, config = self._trader, self.config
        line = trader.risk.lines.get(self.maker)
        if line is None:
            return None
        lots = self._lots(side)
        if lots == 0:
            return None
        base = lots * line.units.lot
        value = self._hedge_value(side, base, now)
        if value is None:
            return None
        instrument = line.instrument
        maker_ppb = trader.market.fees.rates(instrument.venue, instrument.native).maker_ppb
        shift = self.hedger.open * config.skew_ppb // config.hedge.bound
        unit = lots * line.units.notional
        if side is Side.BUY:
            price = value * (PPB - config.margin_ppb - shift) // (unit * (PPB + maker_ppb))
            price = min(price, touch[2] - line.tick) if touch[3] else price
            price -= price % line.tick
        else:
            top = value * (PPB + config.margin_ppb - shift)
            price = -(-top // (unit * (PPB - maker_ppb)))
            price = max(price, touch[0] + line.tick) if touch[1] else price
            price += -price % line.tick
        return Wanted(side, price, lots) if price > 0 else None

    def _lots(self, side: Side) -> int:
        """Return the lots of a quote: what the bound leaves room for, at most the configured size.

        What rests already on this side counts as room: the quote stands in its place.
        """
        line = self._trader.risk.lines[self.maker]
        resting = sum(order.open_lots for order in self.manager.resting(side)) * line.units.lot
        room = min(self.config.size, self.hedger.room(side) + resting)
        lots = room // line.units.lot
        lots -= lots % line.lot
        return 0 if lots < line.lots_min else lots

    def _hedge_value(self, side: Side, base: int, now: int) -> int | None:
        """Return what hedging a fill of `base` brings (a bid) or costs (an ask), net of its fee.

        In amounts of the maker's quote currency; None when depth or conversion do not reach.
        """
        trader = self._trader
        line = trader.risk.lines.get(self.source)
        if line is None:
            return None
        selling = side is Side.BUY
        value, left = 0, base
        for ticks, lots in trader.depth(self.source, HEDGE_LEVELS, ask=not selling):
            part = min(left, lots * line.units.lot)
            value += ticks * part * line.units.notional // line.units.lot
            left -= part
            if left == 0:
                break
        if left:
            return None
        sign = -1 if selling else 1
        value += sign * (value * line.taker_ppb // PPB)
        maker = trader.risk.lines[self.maker].instrument
        return trader.rates.convert(value, line.instrument.quote, maker.quote, now, up=not selling)
