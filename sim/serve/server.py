"""What the servers of recordings have in common: they are fed inputs instead of a market."""

from abc import abstractmethod
from collections.abc import Callable

import orjson
from aiohttp import web

from market.inputs import Input
from sim.market.event import Event
from sim.server.venue import BACKLOG_EVENTS, VenueServer

from .source import Source

#: A client that is served at full speed may have so many frames waiting before the recording waits.
QUEUE_FRAMES = 65_536


class RecordedServer(VenueServer):
    """Serves one venue of a recording. `scan` once, `start`, then `play` each input in order."""

    def __init__(self, source: Source, now_ns: Callable[[], int]) -> None:
        super().__init__(now_ns, queue_frames=QUEUE_FRAMES)
        self.source = source
        self.first_ns = 0
        self.last_ns = 0
        self.inputs = 0
        self.subscribed = False  # whether a client has asked for anything yet
        self._held: list[Input] = []

    def scan(self) -> None:
        """Look through the whole recording: times, symbols, grids and first snapshots."""
        for item in self.source.inputs():
            self.first_ns = self.first_ns or item.ts_recv
            self.last_ns = item.ts_recv
            self.inputs += 1
            self._look(item)

    def play(self, item: Input) -> None:
        """Take in one input of the recording, and send what it means to whom it concerns."""
        if self._paused and len(self._held) < BACKLOG_EVENTS:
            self._held.append(item)
            return
        if self._held:
            held, self._held = self._held, []
            for one in held:
                self._take(one)
        self._take(item)

    @property
    def settled(self) -> bool:
        """Whether clients asked for all that they need to follow what was sent so far."""
        return True

    def settle(self) -> None:
        """Go on as if they had."""

    @abstractmethod
    def _look(self, item: Input) -> None:
        """Learn from an input before anything is served."""

    @abstractmethod
    def _take(self, item: Input) -> None:
        """Follow the book, and send a frame on."""

    def _publish(self, events: list[Event]) -> None:
        """There is no market."""

    def _discard(self, events: list[Event]) -> None:
        """There is no market."""


def reply(data: object, status: int = 200) -> web.Response:
    """Return data, or bytes that are JSON already, as a REST reply."""
    body = data if isinstance(data, bytes) else orjson.dumps(data)
    return web.Response(status=status, body=body, content_type="application/json")


def parsed(data: bytes) -> dict[str, object] | None:
    """Return a JSON object, None for anything else."""
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
