"""One virtual WebSocket connection: frames travel with a latency, in order, until it breaks."""

import asyncio
from collections import deque
from typing import Protocol

from connectors.transport.stream import Listener, StreamClose, StreamError, StreamParameters

from .loop import VirtualLoop
from .parcel import Content, Parcel

_MS = 1_000_000
#: Frames that a venue queues for a client that does not read; beyond it hangs up.
BACKLOG_MAX = 300
_PING_NS = 20_000 * _MS


class Acceptor(Protocol):
    """The venue's end of a line."""

    name: str

    def receive(self, line: "Line", data: bytes) -> None:
        """The client sent a frame."""

    def hung_up(self, line: "Line") -> None:
        """The line is gone, whoever ended it."""


class Edge(Protocol):
    """What the lines of a world share."""

    loop: VirtualLoop

    def stamp_ns(self) -> int:
        """Return our receive stamp of this moment."""

    def arriving(self, line: "Line", parcel: Parcel | None) -> None:
        """Say which frame is handed over now, None when that is done."""

    def meet(self, line: "Line", parcel: Parcel) -> list[Parcel]:
        """Return what becomes of a frame on its way."""

    def latency_ns(self, venue: str) -> int:
        """Return how long a frame of this moment travels to us."""

    def way_up_ns(self) -> int:
        """Return how long a frame of this moment travels to the venue."""


class Line:
    """A Stream for the transports, whose other end is a simulated venue.

    `held_until_ns` lets nothing arrive before that time, `pace_ns` keeps frames that far apart:
    a reader who is slow. More than BACKLOG_MAX waiting frames end the line, as at the venues.
    """

    def __init__(
        self,
        edge: Edge,
        venue: Acceptor,
        listener: Listener,
        parameters: StreamParameters,
        *,
        private: bool = False,
    ) -> None:
        self.venue = venue
        #: Whether it carries orders and what becomes of them, not market data.
        self.private = private
        self.source = str(getattr(listener, "source", ""))
        self.open = True
        self.held_until_ns = 0
        self.pace_ns = 0
        self.opened_ns = edge.loop.now_ns
        self.heard_first_ns: int | None = None
        self._edge = edge
        self._listener = listener
        self._parameters = parameters
        self._ordinal = 0
        self._way: deque[tuple[int, Parcel]] = deque()
        self._last_due_ns = 0
        self._up: deque[bytes] = deque()
        self._up_due_ns = 0
        self._handle: asyncio.TimerHandle | None = None
        self._ping = edge.loop.call_later(_PING_NS / 1e9, self._on_ping)

    # --- the venue's side ------------------------------------------------------------------------

    @property
    def ordinal(self) -> int:
        """The number of the next frame."""
        return self._ordinal

    def push(self, content: Content, listing: str, update_id: int, data: bytes) -> None:
        """Send a frame to the client."""
        if not self.open:
            return
        now = self._edge.loop.now_ns
        parcel = Parcel(self._ordinal, content, listing, update_id, now, data, data)
        self._ordinal += 1
        for one in self._edge.meet(self, parcel):
            due = max(now + self._edge.latency_ns(self.venue.name), self._last_due_ns)
            self._last_due_ns = due
            self._way.append((due, one))
        if len(self._way) > BACKLOG_MAX:
            self.hang_up(1008, "slow consumer")
        elif self._way and self._handle is None:
            self._arm()

    def hang_up(self, code: int, text: str) -> None:
        """End the line from the venue's side; what is on its way is lost."""
        if self.open:
            self._end()
            name = f"close_{code}" if code != 1006 else "lost"
            self._listener.on_close(StreamClose(name, code, text), self._edge.stamp_ns())

    # --- the client's side -----------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send a frame to the venue: it arrives one latency later."""
        if not self.open:
            raise StreamError("closed")
        if self.heard_first_ns is None:
            self.heard_first_ns = self._edge.loop.now_ns
        due = max(self._edge.loop.now_ns + self._edge.way_up_ns(), self._up_due_ns)
        self._up_due_ns = due
        self._up.append(data)
        self._edge.loop.call_at(due / 1e9, self._deliver_up)

    async def close(self) -> None:
        """End the line from our side."""
        if self.open:
            self._end()

    # --- on the way ------------------------------------------------------------------------------

    def hold(self, until_ns: int) -> None:
        """Let nothing arrive before a time."""
        self.held_until_ns = max(self.held_until_ns, until_ns)

    @property
    def waiting(self) -> int:
        """Frames on the way."""
        return len(self._way)

    def _end(self) -> None:
        self.open = False
        self._way.clear()
        self._ping.cancel()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self.venue.hung_up(self)

    def _deliver_up(self) -> None:
        """Timers that are due at the same time know no order; the queue does."""
        data = self._up.popleft()
        if self.open:
            self.venue.receive(self, data)

    def _arm(self) -> None:
        due_ns = max(self._way[0][0], self.held_until_ns)
        self._handle = self._edge.loop.call_at(due_ns / 1e9, self._arrive)

    def _arrive(self) -> None:
        """Hand over every frame that is due."""
        self._handle = None
        edge, way = self._edge, self._way
        now = edge.loop.now_ns
        if now < self.held_until_ns:
            self._arm()
            return
        while way and way[0][0] <= now + 1 and self.open:
            _, parcel = way.popleft()
            if len(parcel.data) > self._parameters.message_bytes_max:
                self._too_big(len(parcel.data))
                return
            edge.arriving(self, parcel)
            self._listener.on_frame(parcel.data, edge.stamp_ns())
            edge.arriving(self, None)
            if self.pace_ns:
                self.hold(now + self.pace_ns)
                break
        if way and self.open:
            self._arm()

    def _too_big(self, size: int) -> None:
        self._end()
        close = StreamClose("close_1009_configuration", 1009, f"{size} bytes")
        self._listener.on_close(close, self._edge.stamp_ns())

    def _on_ping(self) -> None:
        self._ping = self._edge.loop.call_later(_PING_NS / 1e9, self._on_ping)
        if self._edge.loop.now_ns >= self.held_until_ns:
            self._listener.on_ping(self._edge.stamp_ns())
