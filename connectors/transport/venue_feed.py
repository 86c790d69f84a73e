"""Everything live of one venue: its connections, its REST door, its clock offset.

Effects of the node come in by `send`, `fetch`, `reconnect` and `ready`; inputs go out through the
sink. A venue that is down keeps only its own tasks waiting.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from connectors.transport.connection import Connection, ConnectionParameters, Edge
from connectors.transport.limits import VenueLimits, pacers_for
from connectors.transport.offset import Offset, OffsetEstimator
from connectors.transport.reply import Reply
from connectors.transport.rest import RestClient
from connectors.venue import Venue
from market.inputs import Input, InputKind

#: The node is told of an offset that moved by more than this.
_OFFSET_STEP_NS = 1_000_000
#: First round trips come quickly, later ones keep up with drift.
_OFFSET_FIRST_S = 1.0
_OFFSET_LATER_S = 15.0
_OFFSET_FIRST_COUNT = 5


@dataclass(frozen=True, slots=True)
class FeedAddress:
    """Where a venue is: the WebSocket URL and the REST base (scheme, host and port)."""

    ws: str
    rest: str


class VenueFeed:
    """Drives one venue; its books are spread over so many `connections`, `venue.ws.1` and on."""

    def __init__(
        self,
        venue: Venue,
        address: FeedAddress,
        connections: int,
        *,
        sink: Callable[[Input], None],
        frames: Callable[[str, bytes, int], None] | None = None,
        edge: Edge,
        limits: VenueLimits,
        parameters: ConnectionParameters,
    ) -> None:
        self.venue = venue
        self._sink = sink
        self._edge = edge
        self._estimator = OffsetEstimator()
        self._told_ns: int | None = None
        self._asked = 0
        self._ask_again = asyncio.Event()
        self._rest_source = f"{venue.name}.rest"
        pacers = pacers_for(limits, edge.clock)
        own = replace(
            parameters,
            epoch=limits.epoch,
            rollover_s=min(parameters.rollover_s, limits.rollover_s or parameters.rollover_s),
        )
        self.connections = {
            name: Connection(
                venue=venue.name,
                name=name,
                url=address.ws,
                sink=sink,
                frames=frames,
                edge=edge,
                pacers=pacers,
                parameters=own,
            )
            for name in (f"{venue.name}.ws.{number + 1}" for number in range(connections))
        }
        self.rest = RestClient(
            venue=venue.name,
            base_url=address.rest,
            sink=self._replied,
            clock=edge.clock,
            counters=edge.counters,
            limits=limits,
            tls=edge.tls,
        )

    @property
    def offset(self) -> Offset | None:
        """The venue's clock minus ours with its doubt, None before the first round trip."""
        return self._estimator.offset()

    def send(self, source: str, data: bytes) -> bool:
        """Send a frame on an open connection; False when it is not."""
        connection = self.connections.get(source.partition("#")[0])
        return connection is not None and connection.send(source, data)

    def reconnect(self, source: str, why: str) -> bool:
        """Drop a connection; it opens again by itself."""
        connection = self.connections.get(source.partition("#")[0])
        return connection is not None and connection.reconnect(source, why)

    def ready(self, source: str) -> None:
        """Let the connection go that `source` replaces."""
        connection = self.connections.get(source.partition("#")[0])
        if connection is not None:
            connection.ready(source)

    def shifted(self, shift_ns: int) -> None:
        """Our stamps moved against time: the offset moves with them, and the node is told."""
        self._estimator.stepped(shift_ns)
        self._tell(self._edge.clock.now_ns())

    def measure_anew(self) -> None:
        """Ask for the venue's time as often as at the start."""
        self._asked = 0
        self._ask_again.set()

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.rest.run(), name=f"{self.venue.name} rest")
            for name, connection in self.connections.items():
                tasks.create_task(connection.run(), name=name)
            tasks.create_task(self._ask_times(), name=f"{self.venue.name} time")

    async def _ask_times(self) -> None:
        """Ask for the rules once, and for the venue's time again and again."""
        self.rest.fetch(self.venue.rules_path)
        while True:
            self._ask_again.clear()
            self.rest.fetch(self.venue.time_path)
            self._asked += 1
            first = self._asked < _OFFSET_FIRST_COUNT
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_OFFSET_FIRST_S if first else _OFFSET_LATER_S):
                    await self._ask_again.wait()

    def _replied(self, reply: Reply) -> None:
        """Make a reply an input, and a time reply an offset too."""
        self._sink(reply.as_input(self._rest_source))
        if reply.status == 200 and reply.url.endswith(self.venue.time_path):
            self._measure(reply)

    def _measure(self, reply: Reply) -> None:
        """Take a round trip into the offset; tell the node when the estimate moved."""
        venue_ns = self.venue.server_time(reply.body)
        if venue_ns is None or not self._estimator.add(reply.sent_ns, venue_ns, reply.recv_ns):
            self._edge.counters.count(self.venue.name, "rest", "bad_time_reply")
            return
        self._tell(reply.recv_ns)

    def _tell(self, ts_ns: int) -> None:
        """Make the offset an input when it moved."""
        offset = self._estimator.offset()
        if offset is None:
            return
        if self._told_ns is None or abs(offset.offset_ns - self._told_ns) > _OFFSET_STEP_NS:
            self._told_ns = offset.offset_ns
            self._sink(Input(ts_ns, InputKind.OFFSET, self._rest_source, number=offset.offset_ns))
