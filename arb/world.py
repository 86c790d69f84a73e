"""One world of trading: a trader with what carries its orders, over the node's books.

What differs between worlds is where orders go: `PaperWorld` has an engine of its own,
`arb.live.LiveWorld` the gateways of the venues.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from arb.flatten import Flattener
from arb.orders.gateway import Gateway
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


class Standing(NamedTuple):
    """How a world stands with a venue; amounts by asset are what the venue has more than we."""

    state: str
    opens: int
    checks: int
    undecided: int
    foreign_orders: int
    strays: int
    differences: dict[str, int]
    counts: dict[str, int]


class World:
    """A trader of some name; `set_timer(deadline, name, subject)` is the node's, under our name."""

    def __init__(
        self,
        name: str,
        market: Market,
        limits: RiskLimits,
        currency: str,
        gateway_of: Callable[[int], Gateway],
        set_timer: Callable[[int, str, int], None],
        tell: Tell,
    ) -> None:
        self.name = name
        #: Slots of which every change of the book is to be heard, not only of the touch.
        self.busy: dict[int, None] = {}
        self._market = market
        self._set_timer = set_timer
        self._tell = tell
        self.trader = Trader(name, market, limits, currency, gateway_of, self._timer, Patience())
        self.trader.on_event = self._told
        self.flattener = Flattener(
            self.trader, lambda deadline: self._timer(deadline, "flatten", 0)
        )

    def parts(self) -> tuple[Any, ...]:
        """Return what the world made for itself, in a fixed order, for checkpoints."""
        trader = self.trader
        return (
            *(trader, trader.store, trader.portfolio, trader.switch, trader.breakers, trader.risk),
            self.flattener,
        )

    def _timer(self, deadline_ns: int, name: str, subject: int) -> None:
        self._set_timer(deadline_ns, f"{self.name} {name}", subject)

    def _told(self, event: str, fields: tuple[str | int, ...]) -> None:
        self._tell(self.name, event, fields)

    def _at(self, now: int) -> None:
        self.trader.now = self.trader.store.now = now

    def standings(self) -> dict[str, Standing]:
        """Return how the world stands with each venue that its orders go to."""
        return {}

    def begin(self, prefix: str) -> None:
        """Take the prefix of the run's order ids, where there are any to be made."""

    def withdraw(self) -> None:
        """Leave nothing behind at a venue, where there is one."""

    def accept(self) -> None:
        """Take the venues' word for their balances, where there are venues."""

    def deposit(self, venue: str, asset: str, amount: str) -> None:
        """Give the world an opening balance, as decimal text."""
        self.trader.portfolio.deposit(venue, asset, amount_of(amount))

    def watch(self, slot: int) -> None:
        """An instrument is new, or stands on finer grids; some cannot be traded."""
        self.trader.watch(slot)

    def on_depth(self, slot: int, now: int) -> None:
        """A book changed that is `busy`."""

    def on_trade(self, slot: int, price: int, lots: int, now: int, *, buyer: bool) -> None:
        """A public trade."""
        self._at(now)
        self.trader.on_trade(slot, price, lots, now, buyer=buyer)

    def on_timer(self, name: str, subject: int, now: int) -> None:
        """A timer of this world fired."""
        if name == "flatten":
            self._at(now)
            self.flattener.on_timer(now)
        else:
            self.trader.on_timer(name, subject, now)

    def after(self, now: int) -> None:
        """An input is done."""
        self.trader.after(now)


class PaperWorld(World):
    """A queue model's world: orders go to an engine of its own."""

    def __init__(
        self,
        model: QueueModel,
        market: Market,
        limits: RiskLimits,
        currency: str,
        paper: PaperConfig,
        set_timer: Callable[[int, str, int], None],
        tell: Tell,
    ) -> None:
        name = model.name.lower()
        super().__init__(name, market, limits, currency, lambda _: self.paper, set_timer, tell)
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
        self.busy = self.paper.busy

    def _rate(self, asset: str) -> int:
        trader = self.trader
        return trader.rates.mid_ppb(asset, trader.currency, trader.now)

    def parts(self) -> tuple[Any, ...]:
        """Return what the world made for itself, its engine's venue before the flattener."""
        *first, last = super().parts()
        return (*first, self.paper, last)

    def watch(self, slot: int) -> None:
        """An instrument is new, or stands on finer grids; some cannot be traded."""
        super().watch(slot)
        if slot in self.trader.risk.lines:
            try:
                self.paper.watch(slot, self._market.instruments[slot])
            except NotTradableError:
                del self.trader.risk.lines[slot]

    def on_depth(self, slot: int, now: int) -> None:
        """A book changed that orders of ours rest in."""
        self._at(now)
        self.paper.on_book(slot, now)

    def on_trade(self, slot: int, price: int, lots: int, now: int, *, buyer: bool) -> None:
        """A public trade: first what rests there."""
        self._at(now)
        if slot in self.paper.busy:
            self.paper.on_trade(slot, price, lots, now, buyer=buyer)
        self.trader.on_trade(slot, price, lots, now, buyer=buyer)

    def on_timer(self, name: str, subject: int, now: int) -> None:
        """A timer of this world fired."""
        if name == "paper":
            self._at(now)
            self.paper.on_timer(now)
        else:
            super().on_timer(name, subject, now)
