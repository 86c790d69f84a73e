"""Making a market on one venue with one of the models."""

from dataclasses import dataclass, field

from arb.orders.order import OwnOrder
from arb.orders.store import Fill
from arb.quoting.manager import Care, Manager
from arb.quoting.model import MODELS, Parameters
from arb.quoting.quoter import Quoter
from arb.quoting.signals import Signals
from arb.risk.reason import RiskState
from arb.trader import Trader


@dataclass(frozen=True, slots=True)
class SingleConfig:
    """What is quoted: `size` is the amount of one quote in base currency.

    `layers` quotes a side stand `step_bps` apart, all of the same size. Without a `name` of its own
    it goes by the model's.
    """

    slot: int
    model: str
    size: int
    parameters: Parameters = field(default_factory=Parameters)
    care: Care = field(default_factory=Care)
    layers: int = 1
    step_bps: float = 5.0
    half_life_s: float = 30.0
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not quote."""
        if self.model not in MODELS:
            raise ValueError(f"unknown model {self.model!r}, one of {', '.join(MODELS)}")
        if self.size <= 0 or self.layers < 1:
            raise ValueError("size and layers must be positive")
        if not self.half_life_s > 0.0 or not self.step_bps >= 0.0:
            raise ValueError("half_life_s must be positive, step_bps not negative")


class SingleMaker:
    """Quotes one instrument; what it is filled stays inventory, which the model leans against."""

    def __init__(self, config: SingleConfig, trader: Trader) -> None:
        self.config = config
        self.name = config.name or config.model
        self.slots = (config.slot,)
        known = trader.market.signals
        key = (config.slot, config.half_life_s)
        #: The first maker that needs an estimate tells it of trades; all others only look.
        self._first = key not in known
        self.signals = known.setdefault(key, Signals(config.half_life_s))
        self.manager = Manager(trader, config.slot, self.name, config.care)
        self.inventory = 0
        self._trader = trader
        self._quoter = Quoter(
            config.model, config.parameters, self.signals, config.layers, config.step_bps
        )
        #: The inventory in quote sizes.
        self._held = 0.0

    def on_quote(self, slot: int, now: int) -> None:
        """The touch changed, or may not be used any more: then nothing rests on it."""
        touch = self._trader.touch(slot)
        if touch is None or not touch[1] or not touch[3]:
            self.manager.pull()
            return
        self.signals.on_touch(touch, now)
        if self._trader.switch.state is RiskState.HALT:
            return
        line = self._trader.risk.lines[slot]
        lots = self.config.size // line.units.lot
        lots -= lots % line.lot
        if lots:
            bids, asks = self._quoter.prices(touch, self._held, line.tick, lots, now)
            self.manager.rest(bids, asks, now)
        else:
            self.manager.pull()

    def on_trade(self, slot: int, price: int, lots: int, now: int, *, buyer: bool) -> None:  # noqa: ARG002
        """A public trade."""
        if self._first:
            self.signals.on_trade(price, lots, now, buyer=buyer)

    def on_fill(self, fill: Fill, now: int) -> None:  # noqa: ARG002
        """A quote was filled."""
        lot = self._trader.risk.lines[fill.order.slot].units.lot
        self.inventory += fill.order.side.sign * fill.lots * lot
        self._held = self.inventory / self.config.size

    def on_end(self, order: OwnOrder, now: int) -> None:
        """A quote is gone: the next change of the touch brings another."""

    def on_timer(self, subject: int, now: int) -> None:
        """No timers are set."""

    def on_state(self, state: RiskState, now: int) -> None:
        """A halt has cancelled everything; after it the next touch brings quotes again."""

    def rescale(self, slot: int, price: int, size: int) -> None:  # noqa: ARG002
        """The instrument's grids became finer."""
        if self._first:
            self.signals.rescale(price, size)

    def violation(self) -> str:
        """Return '': the inventory's bound is the model's and risk's."""
        return ""
