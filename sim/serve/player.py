"""Plays recordings by a virtual clock, to the servers of their venues."""

import asyncio
import heapq
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction

from market.inputs import Input

from .binance import RecordedBinance
from .coinbase import RecordedCoinbase
from .coinbase_exchange import RecordedExchange
from .server import RecordedServer
from .source import ServeError, Source

TICK_S = 0.005
#: Playing begins once every venue has a subscriber, or so long after the first has one.
WAIT_S = 3.0
#: Then clients have this time to subscribe to the rest, and to ask for rules.
SETTLE_S = 0.5
#: A client has so long to ask for the snapshot of a book after the first diff that it got.
ASK_S = 10.0
#: At full speed: inputs between two looks at the sockets, and frames that a client may be behind.
BATCH = 256
BEHIND_MAX = 2048

_SERVERS: dict[str, Callable[[Source, Callable[[], int]], RecordedServer]] = {
    "binance": RecordedBinance,
    "binance-us": RecordedBinance,
    "coinbase": RecordedCoinbase,
    "coinbase-exchange": RecordedExchange,
}


class Player:
    """Serves recordings. `start`, then `run` until all is played; `stop` closes the servers.

    `speed` is recorded seconds in a second, None for as fast as the clients read. Before playing
    begins the venues' time stands at the first receive time; after the end it runs on. It stands
    too while a client has yet to ask for the snapshot of a book whose diffs reach it: however
    slow the client, that snapshot is the recorded one.
    """

    def __init__(self, sources: list[Source], speed: Fraction | None) -> None:
        self.servers = {one.venue: _SERVERS[one.venue](one, self.now_ns) for one in sources}
        self._speed = speed
        self._now_ns = 0
        self._anchor: tuple[int, int] | None = None  # (loop time, venue time) while time runs
        self.played = 0
        self.done = False

    def now_ns(self) -> int:
        """Return the venues' time."""
        if self._anchor is None:
            return self._now_ns
        loop_ns, venue_ns = self._anchor
        speed = self._speed or Fraction(1)
        return venue_ns + (_loop_ns() - loop_ns) * speed.numerator // speed.denominator

    def scan(self) -> None:
        """Look through all recordings; ServeError for one that holds nothing."""
        for server in self.servers.values():
            server.scan()
            if not server.inputs:
                raise ServeError(f"{server.source.venue}: the recording holds nothing")
        self._now_ns = min(server.first_ns for server in self.servers.values())

    async def start(self, ports: dict[str, int]) -> None:
        """Listen; OSError if a port is taken."""
        for venue, server in self.servers.items():
            await server.start(ports.get(venue, 0))

    async def stop(self) -> None:
        """Close every connection."""
        for server in self.servers.values():
            await server.stop()

    async def run(self) -> None:
        """Wait for clients, then play everything."""
        await self._wait_for_clients()
        inputs = heapq.merge(
            *(self._numbered(at, one) for at, one in enumerate(self.servers.values()))
        )
        if self._speed is None:
            await self._at_full_speed(inputs)
        else:
            await self._by_the_clock(inputs)
        self.done = True

    def _numbered(self, at: int, server: RecordedServer) -> Iterator[tuple[int, int, int, Input]]:
        for number, item in enumerate(server.source.inputs()):
            yield item.ts_recv, at, number, item

    async def _wait_for_clients(self) -> None:
        servers = list(self.servers.values())
        while not any(server.subscribed for server in servers):
            await asyncio.sleep(TICK_S)
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                while not all(server.subscribed for server in servers):
                    await asyncio.sleep(TICK_S)
        await asyncio.sleep(SETTLE_S)

    async def _wait_for_questions(self, server: RecordedServer) -> None:
        try:
            async with asyncio.timeout(ASK_S):
                while not server.settled:
                    await asyncio.sleep(TICK_S)
        except TimeoutError:
            server.settle()

    async def _by_the_clock(self, inputs: Iterator[tuple[int, int, int, Input]]) -> None:
        self._anchor = (_loop_ns(), self._now_ns)
        servers = list(self.servers.values())
        for ts_recv, at, _, item in inputs:
            while ts_recv > self.now_ns():
                await asyncio.sleep(TICK_S)
            servers[at].play(item)
            self.played += 1
            if not servers[at].settled:
                self._now_ns, self._anchor = self.now_ns(), None
                await self._wait_for_questions(servers[at])
                self._anchor = (_loop_ns(), self._now_ns)
            if not self.played % BATCH:
                await asyncio.sleep(0)

    async def _at_full_speed(self, inputs: Iterator[tuple[int, int, int, Input]]) -> None:
        servers = list(self.servers.values())
        for ts_recv, at, _, item in inputs:
            self._now_ns = max(self._now_ns, ts_recv)
            servers[at].play(item)
            self.played += 1
            if not servers[at].settled:
                await self._wait_for_questions(servers[at])
            if not self.played % BATCH:
                await asyncio.sleep(0)
                while any(client.queued > BEHIND_MAX for s in servers for client in s.clients):
                    await asyncio.sleep(TICK_S)
        self._anchor = (_loop_ns(), self._now_ns)


def _loop_ns() -> int:
    return round(asyncio.get_running_loop().time() * 1e9)
