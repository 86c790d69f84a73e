"""The world whose orders go over the wire, through the gateways of the venues.

New orders go while every order channel is ready, within the pace that each venue sets. While one is
not, only hedges and flattening go, to venues whose channel is ready; all quotes are cancelled and
risk stands at REDUCE (cause CONNECTION), which is lifted when all are ready again.

The node's recording is the journal of intents: an input is committed before it is handled, so every
request that ever left follows from what was recorded before it left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from arb.hedging.hedger import Hedger
from arb.live_channel import STREAM_NS, Channel, ChannelState, venue_of
from arb.orders.order import OrderState, Purpose
from arb.reconcile import Reconciler
from arb.risk.limits import RiskLimits
from arb.risk.reason import Cause, RiskReason, RiskState
from arb.risk.ticket import Ticket
from arb.trader import Market
from arb.world import Standing, Tell, World
from connectors.orders import ClientIds, Listings, Request, VenueOrders
from market.inputs import STREAM, InputKind
from market.instrument import Instrument

#: What a report set off is looked at again after this, when it did not come to rest at once.
_AGAIN_NS = 1_000_000
#: Why a stream is gone that was open when the daemon ended.
RESTARTED = "restarted"
#: After a restart venues that do not come back in this time are as those that went away.
RESTART_NS = 30_000_000_000
#: For so long after all channels became ready a hedge waits for a venue that is not usable yet.
RECOVERY_NS = 2_000_000_000
_URGENT = (Purpose.HEDGE, Purpose.FLATTEN)


@dataclass(frozen=True, slots=True)
class LiveConfig:
    """The venues that orders go to, each with the kind of its gateway; and how often to check."""

    venues: tuple[tuple[str, str], ...] = (("binance", "binance"), ("coinbase", "coinbase"))
    reconcile_ns: int = 30_000_000_000


class LiveWorld(World):
    """One trader over the wire. `send(venue, request)` and `reconnect(source, why)` are effects."""

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
    ) -> None:
        super().__init__("live", market, limits, currency, self._gateway, set_timer, tell)
        self.ids = ClientIds()
        #: Inputs of venues that nothing is sent to.
        self.strangers = 0
        self.withdrawn = False
        self._ready_ns = 0
        self._suspended = False
        self._reconnect = reconnect
        self.channels = {
            venue: Channel(venue, kind, self.ids, self._listings(venue), send, self._stir)
            for venue, kind in config.venues
        }
        self._all = list(self.channels.values())
        self.checks = {
            channel.venue: Reconciler(
                channel.venue,
                self.trader,
                channel.gateway,
                config.reconcile_ns,
                partial(self._timer, name="check", subject=index),
                self._told,
                partial(self._checked, channel),
            )
            for index, channel in enumerate(self._all)
        }
        self.trader.admit = self._admit
        self.trader.recovering = self._recovering

    def parts(self) -> tuple[Any, ...]:
        """Return what the world made for itself, in a fixed order, for checkpoints."""
        channels = [part for one in self._all for part in (one, one.gateway)]
        return (*super().parts(), self, *channels, *self.checks.values())

    def _listings(self, venue: str) -> Listings:
        instruments = self._market.instruments

        def find(native: str) -> Instrument | None:
            found = (one for one in instruments if (one.venue, one.native) == (venue, native))
            return next(found, None)

        return Listings(instruments.__getitem__, find)

    def _gateway(self, slot: int) -> VenueOrders:
        return self.channels[self._market.instruments[slot].venue].gateway

    # --- what may go -----------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether every order channel takes new orders."""
        return all(channel.ready for channel in self._all)

    def _recovering(self, now: int) -> bool:
        """Tell whether a channel is closed, or all have just become ready: books come as late."""
        return not self.ready or now < self._ready_ns + RECOVERY_NS

    @property
    def sources(self) -> list[str]:
        """The streams that are open."""
        return [channel.source for channel in self._all if channel.source]

    def watch(self, slot: int) -> None:
        """An instrument is new; what is at a venue without a gateway is not traded."""
        super().watch(slot)
        if self._market.instruments[slot].venue not in self.channels:
            self.trader.risk.lines.pop(slot, None)

    def _admit(self, ticket: Ticket, now: int) -> RiskReason:
        channel = self.channels.get(self._market.instruments[ticket.slot].venue)
        if channel is None:
            return RiskReason.NOT_TRADED
        urgent = ticket.purpose in _URGENT
        if not channel.ready or not (urgent or (self.ready and not self.withdrawn)):
            return RiskReason.VENUE_CLOSED
        return RiskReason.OK if urgent or channel.has_room(now) else RiskReason.ORDER_RATE

    def standings(self) -> dict[str, Standing]:
        """Return how the world stands with each venue."""
        found = {}
        for venue, channel in self.channels.items():
            check = self.checks[venue]
            counts = dict(channel.gateway.counts)
            if channel.kept_back:
                counts["kept_back"] = channel.kept_back
            found[venue] = Standing(
                channel.state.name.lower(),
                channel.opens,
                check.checks,
                check.undecided,
                check.foreign,
                check.strays,
                dict(check.differences),
                counts,
            )
        return found

    def begin(self, prefix: str) -> None:
        """Take the prefix of the run's order ids; one that was restored goes on with its own."""
        if not self.ids.prefix:
            self.ids.begin(prefix)
        self._timer(self.trader.now + RESTART_NS, "renew", 0)

    def withdraw(self) -> None:
        """Take every order away from the venues and send no new ones: nobody will look after them.

        It lasts until a stream is opened again.
        """
        self.withdrawn = True
        self.trader.store.cancel_all()

    def accept(self) -> None:
        """Take the venues' word for their balances."""
        for check in self.checks.values():
            check.accept()

    # --- what comes from the venues --------------------------------------------------------------

    def hear(self, kind: int, source: str, data: bytes, note: str, number: int, now: int) -> None:
        """Take an input of an order channel: its stream opened, closed or brought something."""
        channel = self.channels.get(venue_of(source))
        if channel is None:
            self.strangers += 1
            return
        self._at(now)
        if kind == InputKind.OPEN:
            self.withdrawn = False
            channel.open(source, now)
            self._timer(now + STREAM_NS, "stream", self._all.index(channel))
        elif kind == InputKind.CLOSE:
            if channel.close(source):
                self._closed(channel, (note or "closed")[:200])
        elif note == STREAM:
            channel.gateway.frame(data)
        else:
            channel.gateway.reply(note, number, data)
        self._settle(now)

    def _closed(self, channel: Channel, why: str) -> None:
        """What happens at a venue is not heard any more: quote nowhere until it is."""
        self.checks[channel.venue].stop()
        if why == RESTARTED:
            self._suspended = True
            for hedger in self._hedgers():
                hedger.suspend()
        self._told("closed", (channel.venue, why))
        words = f"{channel.venue}: the order channel is closed: {why}"
        self.trader.switch.trip(Cause.CONNECTION, RiskState.REDUCE, words)
        self.trader.store.cancel_all(None, Purpose.QUOTE)

    def on_timer(self, name: str, subject: int, now: int) -> None:
        """A timer of this world fired."""
        self._at(now)
        if name == "check":
            self.checks[self._all[subject].venue].on_timer(now)
        elif name == "stream":
            channel = self._all[subject]
            if channel.state is ChannelState.OPEN and now >= channel.opened_ns + STREAM_NS:
                self._reconnect(channel.source, "no answer to the subscription")
        elif name == "renew":
            self._renew(now)
        elif name != "settle":
            super().on_timer(name, subject, now)
        self._settle(now)

    def after(self, now: int) -> None:
        """An input is done: gateways may have refused by themselves what was asked of them."""
        self._settle(now)
        super().after(now)

    # --- inside ----------------------------------------------------------------------------------

    def _hedgers(self) -> list[Hedger]:
        found = (getattr(one, "hedger", None) for one in self.trader.strategies.values())
        return [one for one in found if one is not None]

    def _renew(self, now: int) -> None:
        """After a restart: exposures that nobody could hedge have their time limit from now on."""
        if self._suspended:
            self._suspended = False
            for hedger in self._hedgers():
                hedger.renew(now)

    def _stir(self) -> None:
        self.trader.dirty = True

    def _told(self, event: str, fields: tuple[str | int, ...]) -> None:
        if event in ("fill", "place", "query"):
            venue = self._market.instruments[int(fields[1])].venue
            if event == "fill":
                self.checks[venue].note()
            elif event == "query":
                self.checks[venue].doubt()
            else:
                self.channels[venue].count(self.trader.now)
        super()._told(event, fields)

    def _settle(self, now: int) -> None:
        """Hand on what the gateways told; what that sets off waits, so that this ends."""
        for channel in self._all:
            events, channel.events = channel.events, type(channel.events)()
            for event in events:
                self.trader.on_report(event, now)
            notices, channel.notices = channel.notices, type(channel.notices)()
            for what, number, found in notices:
                self._noticed(channel, what, number, found, now)
        if any(channel.events for channel in self._all):
            self._timer(now + _AGAIN_NS, "settle", 0)

    def _noticed(
        self, channel: Channel, what: str, number: int, found: tuple[Any, ...], now: int
    ) -> None:
        check = self.checks[channel.venue]
        if what == "orders":
            check.on_orders(number, found, now)
        elif what == "balances":
            check.on_balances(number, found, now)
        elif not channel.source:
            return
        elif not number:
            self._reconnect(channel.source, "the stream is not subscribed to")
        elif channel.state is ChannelState.OPEN:
            channel.state = ChannelState.CHECKING
            self._ask_unsettled(channel)
            check.begin(now)
        else:
            check.hasten(now)

    def _ask_unsettled(self, channel: Channel) -> None:
        """Ask about every order whose answer the closed channel may have swallowed."""
        store, instruments = self.trader.store, self._market.instruments
        for order in list(store.open.values()):
            here = instruments[order.slot].venue == channel.venue
            if here and order.state is not OrderState.LIVE:
                store.ask(order)

    def _checked(self, channel: Channel) -> None:
        """The venue told its orders and balances: the channel takes orders from now on."""
        if channel.state is not ChannelState.CHECKING:
            return
        channel.state = ChannelState.READY
        self._told("ready", (channel.venue, channel.source))
        if self.ready:
            self._ready_ns = self.trader.now
            self._renew(self.trader.now)
            self.trader.switch.resume(Cause.CONNECTION)
