"""A world over the wire in which the orders of some venues stay here.

A venue without a network to test on is traded at by an engine of our own against its public books,
as on paper: pessimistic, only trades move the queue. Its balances are those of the configuration,
or plenty; nothing is ever sent there.
"""

from collections.abc import Callable

from arb.live import URGENT, LiveConfig, LiveWorld
from arb.orders.gateway import Gateway
from arb.paper.latency import Latency
from arb.paper.venue import PaperVenue
from arb.risk.limits import RiskLimits
from arb.risk.reason import RiskReason
from arb.risk.ticket import Ticket
from arb.trader import Market
from arb.world import PaperConfig, Tell, World
from connectors.orders import Request
from engine.code import QueueModel

#: What there is of each asset of a local venue where no balances are configured for it.
_BASE, _QUOTE = "1000", "100000000"


class LocalLiveWorld(LiveWorld):
    """One trader whose orders go over the wire, but for those of `config.local`."""

    def __init__(
        self,
        config: LiveConfig,
        market: Market,
        limits: RiskLimits,
        currency: str,
        set_timer: Callable[[int, str, int], None],
        tell: Tell,
        send: Callable[[str, Request], None],
        reconnect: Callable[[str, str], None],
        paper: PaperConfig,
        balances: tuple[tuple[str, str, str], ...] = (),
    ) -> None:
        super().__init__(config, market, limits, currency, set_timer, tell, send, reconnect)
        self._local = config.local
        self._balances = balances
        self._funded: dict[str, None] = {}
        self.paper = PaperVenue(
            QueueModel.PESSIMISTIC,
            market.books,
            market.fees,
            Latency(paper.there_ns, int(QueueModel.PESSIMISTIC)),
            Latency(paper.back_ns, int(QueueModel.PESSIMISTIC) + 100),
            lambda: self.trader.now,
            lambda deadline: self._timer(deadline, "paper", 0),
            self.trader.on_report,
            paper.taken_ns,
        )
        self.busy = self.paper.busy

    def parts(self) -> tuple[object, ...]:
        """Return what the world made for itself, in a fixed order, for checkpoints."""
        return (*super().parts(), self.paper)

    def _gateway(self, slot: int) -> Gateway:
        return self.paper if self._is_local(slot) else super()._gateway(slot)

    def _is_local(self, slot: int) -> bool:
        return self._market.instruments[slot].venue in self._local

    def watch(self, slot: int) -> None:
        """An instrument is new, or stands on finer grids."""
        if not self._is_local(slot):
            super().watch(slot)
            return
        World.watch(self, slot)
        instrument = self._market.instruments[slot]
        self._fund(instrument.venue, instrument.base, _BASE)
        self._fund(instrument.venue, instrument.quote, _QUOTE)
        if slot in self.trader.risk.lines:
            try:
                self.paper.watch(slot, instrument)
            except ValueError:
                self.trader.risk.lines.pop(slot)

    def _fund(self, venue: str, asset: str, plenty: str) -> None:
        """Open a balance once: as configured, or with plenty where nothing is for that venue."""
        name = f"{venue} {asset}"
        if name in self._funded:
            return
        self._funded[name] = None
        held = {other: amount for at, other, amount in self._balances if at == venue}
        self.deposit(venue, asset, held.get(asset, "0") if held else plenty)

    def _admit(self, ticket: Ticket, now: int) -> RiskReason:
        """Quotes and edges need every channel, as they need their hedges; what closes does not."""
        if not self._is_local(ticket.slot):
            return super()._admit(ticket, now)
        urgent = ticket.purpose in URGENT
        goes = urgent or (self.ready and not self.withdrawn)
        return RiskReason.OK if goes else RiskReason.VENUE_CLOSED

    def on_depth(self, slot: int, now: int) -> None:
        """A book changed that orders of ours rest in."""
        self._at(now)
        self.paper.on_book(slot, now)

    def on_trade(self, slot: int, price: int, lots: int, now: int, *, buyer: bool) -> None:
        """A public trade: first what rests there."""
        self._at(now)
        if slot in self.paper.busy:
            self.paper.on_trade(slot, price, lots, now, buyer=buyer)
        super().on_trade(slot, price, lots, now, buyer=buyer)

    def on_timer(self, name: str, subject: int, now: int) -> None:
        """A timer of this world fired."""
        if name != "paper":
            super().on_timer(name, subject, now)
            return
        self._at(now)
        self.paper.on_timer(now)
        self._settle(now)

    def _told(self, event: str, fields: tuple[str | int, ...]) -> None:
        if event in ("fill", "place") and self._is_local(int(fields[1])):
            World._told(self, event, fields)
        else:
            super()._told(event, fields)
