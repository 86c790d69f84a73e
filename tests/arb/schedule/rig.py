"""A schedule over a venue whose messages can be lost, late, repeated or refused."""

from dataclasses import replace
from types import SimpleNamespace

from arb.orders.store import Patience
from arb.risk.limits import RiskLimits
from arb.schedule.config import ScheduleConfig, Style
from arb.schedule.curve import Window
from arb.schedule.schedule import Schedule
from arb.trader import Market, Trader
from cache.l1 import L1
from market.amount import amount_of
from market.fees import FeeSchedule
from market.grid import Grid
from market.instrument import Instrument
from market.order import OrderEvent, Side
from tests.arb.hedging.rig import WINDOW, Exchange

SECOND = 1_000_000_000
LOT = amount_of("0.001")
BTC = Instrument("binance", "BTCUSDT", "BTC", "USDT", Grid(1), Grid(3))
TOUCH = (599_990, 1000, 600_010, 1000)
NO_LIMITS = {name: 0 for name in RiskLimits.__slots__ if name != "margin_permille"}


class Rig:
    """One trader, one venue behind a wire, and time in the hands of the test."""

    def __init__(self, name="twap", lots=100, seconds=100, start=0, **config) -> None:
        self.exchange = Exchange()
        self.timers: list[tuple[int, int, str, int]] = []
        self.now = SECOND
        self.touch: tuple[int, int, int, int] | None = TOUCH
        sight = SimpleNamespace(touch=lambda *_: self.touch)
        instrument = replace(BTC, min_notional=config.pop("min_notional", ""))
        limits = RiskLimits(**{**NO_LIMITS, **config.pop("limits", {})})
        self.trader = Trader(
            "test",
            Market([], [instrument], L1(), FeeSchedule(), sight),
            limits,
            "USDT",
            lambda _: self.exchange,
            self._set_timer,
            Patience(answer_ns=SECOND // 2, arrival_ns=WINDOW + 1),
        )
        self.trader.watch(0)
        for asset in ("BTC", "USDT"):
            self.trader.portfolio.deposit("binance", asset, amount_of("100000000"))
        config.setdefault("side", Side.BUY)
        config.setdefault("style", Style.AGGRESSIVE)
        self.config = ScheduleConfig(0, size=lots * LOT, name=name, **config)
        window = Window(start * SECOND, (start + seconds) * SECOND)
        self.schedule = Schedule(self.config, window, self.trader)
        self.trader.add(self.schedule)
        self.quote()

    def _set_timer(self, deadline: int, name: str, subject: int) -> None:
        self.timers.append((deadline, len(self.timers), name, subject))

    def quote(self, *touch: int) -> None:
        """The touch is told, perhaps another one."""
        self.touch = touch or self.touch
        self.trader.on_quote(0, self.now)

    def trade(self, lots: int) -> None:
        """The public trades."""
        self.trader.on_trade(0, 600_000, lots, self.now, buyer=True)

    def wait(self, delay: int) -> None:
        """Time passes and timers fire at their deadlines."""
        until = self.now + delay
        while due := sorted(timer for timer in self.timers if timer[0] <= until):
            self.timers.remove(due[0])
            self.now = self.exchange.now = max(self.now, due[0][0])
            self.trader.on_timer(due[0][2], due[0][3], self.now)
        self.now = self.exchange.now = until
        self.trader.after(until)

    def say(self, event: OrderEvent) -> None:
        self.trader.on_report(event, self.now)

    def deliver(self) -> None:
        """Everything that is under way arrives, in order, until nothing more is."""
        while self.exchange.requests or self.exchange.events:
            while self.exchange.requests:
                self.exchange.arrive()
            while self.exchange.events:
                self.say(self.exchange.events.pop(0))

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
