"""One world of paper trading: a trader with an engine of its own over the node's books."""

from collections.abc import Callable
from dataclasses import dataclass

from arb.flatten import Flattener
from arb.orders.store import Patience
from arb.paper.latency import Latency
from arb.paper.venue import PaperVenue
from arb.portfolio.units import NotTradableError
from arb.risk.limits import RiskLimits
from arb.trader import Market, Trader
from engine.code import QueueModel
from market.amount import amount_of

#: (world, event, fields): what a world did, for the digest, the journal and reports.
Tell = Callable[[str, str, tuple[str | int, ...]], None]


@dataclass(frozen=True, slots=True)
class PaperConfig:
    """Latencies in ns, one way there and back; several samples are drawn from in a fixed order."""

    there_ns: tuple[int, ...] = (5_000_000,)
    back_ns: tuple[int, ...] = (5_000_000,)
    taken_ns: int = 1_000_000_000


class World:
    """A queue model's world; `timers(deadline, name, subject)` are the node's, under our name."""

    def __init__(
        self,
        name: str,
        model: QueueModel,
        market: Market,
        limits: RiskLimits,
        currency: str,
        paper: PaperConfig,
        set_timer: Callable[[int, str, int], None],
        tell: Tell,
    ) -> None:
        self.name = name
        self._market = market
        self._set_timer = set_timer
        self._tell = tell
        self.trader = Trader(
            name, market, limits, currency, lambda _: self.paper, self._timer, Patience()
        )
        self.trader.on_event = self._told
        self.paper = PaperVenue(
            model,
            market.books,
            market.fees,
            Latency(paper.there_ns, int(model)),
            Latency(paper.back_ns, int(model) + 100),
            lambda: self.trader.now,
            lambda deadline: self._timer(deadline, "paper", 0),
            self.trader.on_report,
            paper.taken_ns,
            self._rate,
        )
        self.flattener = Flattener(
            self.trader, lambda deadline: self._timer(deadline, "flatten", 0)
        )

    def _rate(self, asset: str) -> int:
        trader = self.trader
        return trader.rates.mid_ppb(asset, trader.currency, trader.now)

    def _timer(self, deadline_ns: int, name: str, subject: int) -> None:
        self._set_timer(deadline_ns, f"{self.name} {name}", subject)

    def _told(self, event: str, fields: tuple[str | int, ...]) -> None:
        self._tell(self.name, event, fields)

    def deposit(self, venue: str, asset: str, amount: str) -> None:
        """Give the world an opening balance, as decimal text."""
        self.trader.portfolio.deposit(venue, asset, amount_of(amount))

    def watch(self, slot: int) -> None:
        """An instrument is new, or stands on finer grids; some cannot be traded."""
        self.trader.watch(slot)
        if slot in self.trader.risk.lines:
            try:
                self.paper.watch(slot, self._market.instruments[slot])
            except NotTradableError:
                del self.trader.risk.lines[slot]

    def on_depth(self, slot: int, now: int) -> None:
        """A book changed that orders of ours rest in."""
        trader = self.trader
        trader.now = trader.store.now = now
        self.paper.on_book(slot, now)

    def on_trade(self, slot: int, price: int, lots: int, now: int, *, buyer: bool) -> None:
        """A public trade."""
        trader = self.trader
        trader.now = trader.store.now = now
        if slot in self.paper.busy:
            self.paper.on_trade(slot, price, lots, now, buyer=buyer)
        trader.on_trade(slot, price, lots, now, buyer=buyer)

    def on_timer(self, name: str, subject: int, now: int) -> None:
        """A timer of this world fired."""
        if name == "paper":
            self.trader.now = self.trader.store.now = now
            self.paper.on_timer(now)
        elif name == "flatten":
            self.trader.now = self.trader.store.now = now
            self.flattener.on_timer(now)
        else:
            self.trader.on_timer(name, subject, now)
