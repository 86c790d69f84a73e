"""The plain twin of arb.strategy.single."""

from arb.orders.order import OwnOrder
from arb.orders.store import Fill
from arb.quoting.plain_manager import PlainManager
from arb.quoting.quoter import Quoter
from arb.quoting.signals import Signals
from arb.risk.reason import RiskState
from arb.strategy.single_config import SingleConfig
from arb.trader import Trader


class PlainSingleMaker:
    """Twin of `SingleMaker`."""

    def __init__(self, config: SingleConfig, trader: Trader) -> None:
        self.config = config
        self.name = config.name or config.model
        self.slots = (config.slot,)
        known = trader.market.signals
        key = (config.slot, config.half_life_s)
        #: The first maker that needs an estimate tells it of trades; all others only look.
        self._first = key not in known
        self.signals = known.setdefault(key, Signals(config.half_life_s))
        self.manager = PlainManager(trader, config.slot, self.name, config.care)
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
