"""The trading desk of a node: its worlds, over one set of books.

Orders over the wire have one world. With paper trading there are three, one a queue model, that
share nothing but the books. Different fills give different inventory and so different quotes, which
is why each has its own strategies, orders and ledger, and why the band of their results is not an
average.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from arb.live import LiveConfig, LiveWorld
from arb.risk.limits import RiskLimits
from arb.strategy.spec import StrategySpec, make
from arb.trader import Market
from arb.world import PaperConfig, PaperWorld, Tell, World
from connectors.orders import Request
from engine.code import QueueModel
from market.instrument import Instrument

#: What a world gets of each asset of a watched instrument where no balances are configured.
_BASE, _QUOTE = "1000", "100000000"

MODELS = tuple(QueueModel)


@dataclass(frozen=True, slots=True)
class TradingConfig:
    """What trades in a node: over the wire with `live`, otherwise on paper.

    Over the wire a world begins with what the venues say it has. On paper `balances` are (venue,
    asset, decimal text); without any, every world starts with plenty of every asset, so that only
    results and never funds decide.
    """

    strategies: tuple[StrategySpec, ...]
    currency: str = "USDT"
    limits: RiskLimits = field(default_factory=RiskLimits)
    paper: PaperConfig = field(default_factory=PaperConfig)
    balances: tuple[tuple[str, str, str], ...] = ()
    models: tuple[QueueModel, ...] = MODELS
    live: LiveConfig | None = None


class TradingDesk:
    """Passes what the node learns to every world, in a fixed order."""

    def __init__(
        self,
        config: TradingConfig,
        market: Market,
        set_timer: Callable[[int, str, int], None],
        tell: Tell,
        send: Callable[[str, Request], None],
        reconnect: Callable[[str, str], None],
    ) -> None:
        self.config = config
        #: The world whose orders go over the wire, None on paper.
        self.live: LiveWorld | None = None
        self._market = market
        common = (market, config.limits, config.currency)
        if config.live is not None:
            self.live = LiveWorld(config.live, *common, set_timer, tell, send, reconnect)
        worlds: list[World] = (
            [self.live]
            if self.live is not None
            else [PaperWorld(one, *common, config.paper, set_timer, tell) for one in config.models]
        )
        self.worlds = {world.name: world for world in worlds}
        self._all = list(self.worlds.values())
        self._waiting = {name: list(config.strategies) for name in self.worlds}
        #: Twice the mid prices as the worlds last heard them.
        self._mids: dict[int, int] = {}
        self._funded: set[tuple[str, str]] = set()
        if self.live is None:
            for world in self._all:
                for venue, asset, amount in config.balances:
                    world.deposit(venue, asset, amount)

    def watch(self, slot: int) -> None:
        """An instrument is new, or stands on finer grids; strategies that waited for it begin."""
        instrument = self._market.instruments[slot]
        if self.live is None and not self.config.balances:
            self._fund(instrument)
        for world in self._all:
            world.watch(slot)
            # Strategies that begin now have heard no price yet.
            self._mids.clear()
            waiting = self._waiting[world.name]
            for spec in list(waiting):
                strategy = make(spec, world.trader)
                if strategy is not None:
                    waiting.remove(spec)
                    world.trader.add(strategy)

    def _fund(self, instrument: Instrument) -> None:
        for asset, amount in ((instrument.base, _BASE), (instrument.quote, _QUOTE)):
            key = (instrument.venue, asset)
            if key not in self._funded:
                self._funded.add(key)
                for world in self._all:
                    world.deposit(*key, amount)

    @property
    def waiting(self) -> list[StrategySpec]:
        """Strategies whose instruments are not all known."""
        return next(iter(self._waiting.values()), [])

    def on_book(self, slot: int, now: int, *, touch: bool) -> None:
        """A book changed: its depth, and with `touch` its best quote or state.

        In each world what rests there comes first, then those who decide.
        """
        mid2, moved = 0, False
        if touch:
            seen = self._market.sight.touch(slot, now)
            mid2 = seen[0] + seen[2] if seen is not None and seen[1] and seen[3] else 0
            moved = mid2 == 0 or mid2 != self._mids.get(slot)
            if moved:
                self._mids[slot] = mid2
        for world in self._all:
            if slot in world.busy:
                world.on_depth(slot, now)
            if touch:
                world.trader.hear_quote(slot, mid2, now, moved=moved)

    def on_trade(self, slot: int, price: int, lots: int, now: int, *, buyer: bool) -> None:
        """A public trade; `buyer` says that the aggressor bought."""
        for world in self._all:
            world.on_trade(slot, price, lots, now, buyer=buyer)

    def on_timer(self, name: str, subject: int, now: int) -> None:
        """A timer of one of the worlds fired: its name begins with the world's."""
        world, _, rest = name.partition(" ")
        self.worlds[world].on_timer(rest, subject, now)

    def after(self, now: int) -> None:
        """An input is done."""
        for world in self._all:
            trader = world.trader
            if trader.dirty or now >= trader.due_ns:
                world.after(now)
