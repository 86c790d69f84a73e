"""Making a market on one venue with one of the models."""

import math
from dataclasses import dataclass, field

from arb.orders.order import OwnOrder
from arb.orders.store import Fill
from arb.quoting.manager import Care, Manager, Wanted
from arb.quoting.model import MODELS, Parameters, View
from arb.quoting.signals import Signals
from arb.risk.reason import RiskState
from arb.trader import Trader
from market.order import Side


@dataclass(frozen=True, slots=True)
class SingleConfig:
    """What is quoted: `size` is the amount of one quote in base currency.

    `layers` quotes a side stand `step_bps` apart, all of the same size.
    """

    slot: int
    model: str
    size: int
    parameters: Parameters = field(default_factory=Parameters)
    care: Care = field(default_factory=Care)
    layers: int = 1
    step_bps: float = 5.0
    half_life_s: float = 30.0

    def __post_init__(self) -> None:
        """Refuse what could not quote."""
        if self.model not in MODELS:
            raise ValueError(f"unknown model {self.model!r}, one of {', '.join(MODELS)}")
        if self.size <= 0 or self.layers < 1:
            raise ValueError("size and layers must be positive")


class SingleMaker:
    """Quotes one instrument; what it is filled stays inventory, which the model leans against."""

    def __init__(self, config: SingleConfig, trader: Trader) -> None:
        self.config = config
        self.name = config.model
        self.slots = (config.slot,)
        self.signals = Signals(config.half_life_s)
        self.manager = Manager(trader, config.slot, self.name, config.care)
        self.inventory = 0
        self._trader = trader
        self._model = MODELS[config.model]

    def on_quote(self, slot: int, now: int) -> None:
        """The touch changed, or may not be used any more: then nothing rests on it."""
        touch = self._trader.touch(slot)
        if touch is None or not touch[1] or not touch[3]:
            self.manager.pull()
            return
        self.signals.on_touch(touch, now)
        if self._trader.switch.state is not RiskState.HALT:
            self.manager.want(self._wanted(touch, now), now)

    def on_trade(self, slot: int, price: int, lots: int, now: int, *, buyer: bool) -> None:  # noqa: ARG002
        """A public trade."""
        self.signals.on_trade(price, lots, now, buyer=buyer)

    def on_fill(self, fill: Fill, now: int) -> None:  # noqa: ARG002
        """A quote was filled."""
        lot = self._trader.risk.lines[fill.order.slot].units.lot
        self.inventory += fill.order.side.sign * fill.lots * lot

    def on_end(self, order: OwnOrder, now: int) -> None:
        """A quote is gone: the next change of the touch brings another."""

    def on_timer(self, subject: int, now: int) -> None:
        """No timers are set."""

    def on_state(self, state: RiskState, now: int) -> None:
        """A halt has cancelled everything; after it the next touch brings quotes again."""

    def rescale(self, slot: int, price: int, size: int) -> None:  # noqa: ARG002
        """The instrument's grids became finer."""
        self.signals.rescale(price, size)

    def violation(self) -> str:
        """Return '': the inventory's bound is the model's and risk's."""
        return ""

    def _wanted(self, touch: tuple[int, int, int, int], now: int) -> list[Wanted]:
        """Round the model's quotes away from the market, and never through it."""
        config, line = self.config, self._trader.risk.lines[self.config.slot]
        quote = self._model(self._view(now), config.parameters)
        lots = config.size // line.units.lot
        lots -= lots % line.lot
        step = self.signals.mid * config.step_bps / 10_000.0
        wanted = []
        for layer in range(config.layers):
            if quote.bid is not None:
                price = min(math.floor(quote.bid - layer * step), touch[2] - line.tick)
                wanted.append(Wanted(Side.BUY, price - price % line.tick, lots))
            if quote.ask is not None:
                price = max(math.ceil(quote.ask + layer * step), touch[0] + line.tick)
                wanted.append(Wanted(Side.SELL, price + -price % line.tick, lots))
        return [one for one in wanted if one.price > 0 and one.lots > 0]

    def _view(self, now: int) -> View:
        signals = self.signals
        return View(
            signals.mid,
            signals.microprice,
            signals.volatility(now),
            self.inventory / self.config.size,
            signals.imbalance,
            signals.order_flow(now),
            signals.vpin.value if signals.vpin is not None else None,
            signals.intensity(now),
        )
