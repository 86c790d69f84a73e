"""A schedule at one venue."""

from dataclasses import replace
from types import SimpleNamespace

from arb.schedule.config import ScheduleConfig, Style
from arb.schedule.curve import Window
from arb.schedule.schedule import Schedule
from arb.trader import Market
from cache.l1 import L1
from market.amount import amount_of
from market.fees import FeeSchedule
from market.grid import Grid
from market.instrument import Instrument
from market.order import Side
from tests.arb.rig import SECOND, Rig

LOT = amount_of("0.001")
BTC = Instrument("binance", "BTCUSDT", "BTC", "USDT", Grid(1), Grid(3))
TOUCH = (599_990, 1000, 600_010, 1000)


class ScheduleRig(Rig):
    """A schedule that begins at `start` seconds and has so many of them."""

    def __init__(self, name="twap", lots=100, seconds=100, start=0, **config) -> None:
        self.touch: tuple[int, int, int, int] | None = TOUCH
        sight = SimpleNamespace(touch=lambda *_: self.touch)
        instrument = replace(BTC, min_notional=config.pop("min_notional", ""))
        limits = config.pop("limits", {})
        super().__init__(Market([], [instrument], L1(), FeeSchedule(), sight), **limits)
        config.setdefault("side", Side.BUY)
        config.setdefault("style", Style.AGGRESSIVE)
        self.config = ScheduleConfig(0, size=lots * LOT, name=name, **config)
        window = Window(start * SECOND, (start + seconds) * SECOND)
        self.schedule = Schedule(self.config, window, self.trader)
        self.trader.add(self.schedule)
        self.quote()

    def quote(self, *touch: int) -> None:
        """The touch is told, perhaps another one."""
        self.touch = touch or self.touch
        self.trader.on_quote(0, self.now)

    def trade(self, lots: int) -> None:
        """The public trades."""
        self.trader.on_trade(0, 600_000, lots, self.now, buyer=True)

    def run(self, seconds: int, lots: int = 0) -> None:
        """Seconds pass, in each of which some trade and all messages arrive."""
        for _ in range(seconds):
            if lots:
                self.trade(lots)
            self.wait(SECOND)
            self.deliver()

    @property
    def children(self):
        return list(self.trader.store.open.values())

    @property
    def done(self) -> int:
        """Lots that the schedule knows to be filled."""
        return self.schedule.filled // LOT

    @property
    def truth(self) -> int:
        """Lots that the venue has filled, whatever we know."""
        return sum(held.filled for held in self.exchange.held.values())
