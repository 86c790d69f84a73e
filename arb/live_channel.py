"""The way of one world's orders to one venue: whether it is open, and what may go through.

CLOSED ──stream opens──► OPEN ──subscribed──► CHECKING ──orders and balances told──► READY
▲                                                                                   │
└──────────────────────── stream closes, from any state ◄──────────────────────────┘
"""

from collections import deque
from collections.abc import Callable
from enum import IntEnum
from functools import partial

from connectors.binance.orders import BinanceOrders
from connectors.coinbase.orders import CoinbaseOrders
from connectors.orders import ClientIds, Listings, Outlet, Request, is_order_source
from connectors.testnet.gateway import CcxtOrders
from connectors.venue_orders import VenueOrders
from market.order import OrderEvent

#: A subscription that is not answered within this has the stream opened anew.
STREAM_NS = 5_000_000_000
#: Of the orders that a venue takes in its interval, one in so many is left to hedges.
RESERVE = 5

#: Tags of questions about an order: what they bring may be booked after what happened later.
_QUESTIONS = ("query", "find", "trades", "fills")

GATEWAYS: dict[str, Callable[[ClientIds, Listings, Outlet], VenueOrders]] = {
    "binance": BinanceOrders,
    "coinbase": CoinbaseOrders,
    "testnet-binance": partial(CcxtOrders, "binance"),
    "testnet-coinbase-exchange": partial(CcxtOrders, "coinbase-exchange"),
}


class ChannelState(IntEnum):
    """How far an order channel is; only a READY one takes new orders."""

    CLOSED = 0
    OPEN = 1
    CHECKING = 2
    READY = 3


class Channel:
    """One venue's gateway with the state of its channel.

    `send` takes a request for the venue, `dirty` is called when something waits to be looked at:
    `events`, then `notices`, of which both are emptied by whoever holds this. `doubt` is told when
    an order is asked about.
    """

    def __init__(
        self,
        venue: str,
        kind: str,
        ids: ClientIds,
        listings: Listings,
        send: Callable[[str, Request], None],
        dirty: Callable[[], None],
        doubt: Callable[[str], None],
    ) -> None:
        self.venue = venue
        self.state = ChannelState.CLOSED
        #: The newest opening of the stream, '' while there is none.
        self.source = ""
        self.opened_ns = 0
        self.opens = 0
        #: Requests that were not made because the channel was closed.
        self.kept_back = 0
        self.events: deque[OrderEvent] = deque()
        self.notices: deque[tuple[str, int, tuple[object, ...]]] = deque()
        self._placed: deque[int] = deque()
        self._send = send
        self._dirty = dirty
        self._doubt = doubt
        self.gateway = GATEWAYS[kind](
            ids,
            listings,
            Outlet(
                self._request,
                self._event,
                listed=lambda number, orders: self.notices.append(("orders", number, orders)),
                funds=lambda number, found: self.notices.append(("balances", number, found)),
                stream=lambda good: self.notices.append(("stream", int(good), ())),
            ),
        )

    @property
    def ready(self) -> bool:
        """Whether new orders may go."""
        return self.state is ChannelState.READY

    def open(self, source: str, now: int) -> None:
        """The stream is open: ask for the account's events on it."""
        self.state, self.source, self.opened_ns = ChannelState.OPEN, source, now
        self.opens += 1
        self.gateway.subscribe()

    def close(self, source: str) -> bool:
        """A stream is gone; False for one that another stands in for already."""
        if source != self.source:
            return False
        self.state, self.source = ChannelState.CLOSED, ""
        return True

    def has_room(self, now: int) -> bool:
        """Tell whether a quote or an edge is within what the venue's pace leaves to them.

        The rest is for what closes an exposure, which is never held back here.
        """
        most = self.gateway.pace[0]
        self._forget(now)
        return len(self._placed) < most - most // RESERVE

    def count(self, now: int) -> None:
        """A new order goes."""
        self._forget(now)
        self._placed.append(now)

    def _forget(self, now: int) -> None:
        within_ns = self.gateway.pace[1]
        while self._placed and self._placed[0] <= now - within_ns:
            self._placed.popleft()

    def _request(self, request: Request) -> None:
        if request.tag.startswith(_QUESTIONS):
            self._doubt(self.venue)
        if self.state is ChannelState.CLOSED and self.gateway.through_stream:
            # Whoever asked has time limits, and opening again asks about all that is open.
            self.kept_back += 1
        else:
            self._send(self.venue, request)

    def _event(self, event: OrderEvent) -> None:
        self.events.append(event)
        self._dirty()


def venue_of(source: str) -> str:
    """Return the venue of an order channel's source, '' for any other source."""
    return source.partition(".")[0] if is_order_source(source) else ""
