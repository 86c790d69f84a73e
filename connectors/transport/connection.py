"""A connection that is kept: opened, watched, replaced before it grows old, opened again.

Each opened socket is an epoch with a number, and what it delivers has the source
`<name>#<number>`, such as `binance.ws.1#3`. Numbers only grow. Usually one epoch is open.

Rollover (age, or the venue announced its shutdown) makes before it breaks:

1. The next epoch is opened while the current one goes on; both deliver under their own source.
2. OPEN of the new source reaches the consumer, which subscribes on it and builds its books.
3. `ready(new source)` says that it has what it needs: the old epoch ends with CLOSE `rollover`.
   Without that call the old one ends `overlap_s_max` after the new one opened, provided that the
   new one delivered anything; if it did not, the *new* one ends with CLOSE `not_delivering`, the
   old one goes on, and the attempt is repeated after a backoff.

Nothing of an epoch is delivered after its CLOSE. A lost connection is not announced beforehand:
CLOSE of the old source precedes OPEN of the new one.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from connectors.transport.backoff import Backoff, BackoffParameters
from connectors.transport.clock import Clock
from connectors.transport.counters import Counters
from connectors.transport.epoch import Epoch, EpochParameters, EpochSetting
from connectors.transport.pacer import Pacer
from connectors.transport.session import SessionOpener, open_session
from connectors.transport.stream import Opener, StreamError, StreamParameters
from market.inputs import Input, InputKind

#: Rollovers are spread over this share of their age, so that connections do not move together.
_ROLLOVER_SPREAD = 0.02


@dataclass(frozen=True, slots=True)
class ConnectionParameters:
    """Limits of a supervised connection.

    An epoch that lasts `stable_s` clears the backoff. `rollover_s`: age at which an epoch is
    replaced, up to 2 % earlier (0: never). `overlap_s_max`: see the module.
    """

    stream: StreamParameters = field(default_factory=StreamParameters)
    epoch: EpochParameters = field(default_factory=EpochParameters)
    backoff: BackoffParameters = field(default_factory=BackoffParameters)
    stable_s: float = 30.0
    rollover_s: float = 23.5 * 3600
    overlap_s_max: float = 15.0


@dataclass(frozen=True, slots=True)
class Edge:
    """What every connection of the process uses; `random` is seeded by whoever builds this."""

    open_stream: Opener
    clock: Clock
    counters: Counters
    random: Random
    tls: ssl.SSLContext | None = None
    open_session: SessionOpener = open_session


@dataclass(frozen=True, slots=True)
class VenuePacers:
    """What the connections of one venue share, because the venue counts by address of ours."""

    connect: Pacer
    send: Pacer


class Connection:
    """Keeps one WebSocket connection to a venue; `sink` gets its inputs, in order.

    `frames(source, data, recv_ns)` gets the frames instead where it is given. Neither may raise or
    wait: they are called where the bytes left the socket.
    """

    def __init__(
        self,
        *,
        venue: str,
        name: str,
        url: str,
        sink: Callable[[Input], None],
        edge: Edge,
        pacers: VenuePacers,
        parameters: ConnectionParameters,
        frames: Callable[[str, bytes, int], None] | None = None,
    ) -> None:
        self.name = name
        self._venue = venue
        self._url = url
        self._edge = edge
        self._pacers = pacers
        self._parameters = parameters
        self._backoff = Backoff(parameters.backoff, edge.random)
        self._changed = asyncio.Event()
        self._setting = EpochSetting(
            venue=venue,
            connection=name,
            url=url,
            clock=edge.clock,
            counters=edge.counters,
            sink=sink,
            frames=frames or partial(_frame_to, sink),
            changed=self._changed.set,
            ended=self._dispose,
            send_pacer=pacers.send,
            parameters=parameters.epoch,
        )
        self._number = 0
        self._retry_after_s = 0.0
        self._epochs: dict[str, Epoch] = {}
        self._disposals: set[asyncio.Task[None]] = set()

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that are open now: none, one, or during a rollover two, oldest first."""
        return tuple(
            source for source, epoch in self._epochs.items() if epoch.opened and not epoch.over
        )

    @property
    def waiting(self) -> int:
        """Frames that wait to be sent."""
        return sum(epoch.waiting for epoch in self._epochs.values())

    def send(self, source: str, data: bytes) -> bool:
        """Queue a frame for an epoch; False and counted when it is not open or its queue full."""
        epoch = self._epochs.get(source)
        if epoch is None:
            self._count("send_after_close")
            return False
        return epoch.send(data)

    def reconnect(self, source: str, why: str = "") -> bool:
        """End an epoch at once (CLOSE `reconnect`) and open a new one; False if it is over."""
        epoch = self._epochs.get(source)
        if epoch is None or epoch.over:
            self._count("reconnect_after_close")
            return False
        epoch.end("reconnect", why)
        return True

    def rollover(self) -> None:
        """Replace the newest open epoch, make before break; nothing to do while none is open."""
        if self.sources:
            self._epochs[self.sources[-1]].ask_replacement()

    def ready(self, source: str) -> None:
        """Say that an epoch delivers what the consumer needs: an older one is let go."""
        epoch = self._epochs.get(source)
        if epoch is not None:
            epoch.confirm()

    async def run(self) -> None:
        """Keep the connection until cancelled, then close it within `close_s_max` seconds."""
        current: Epoch | None = None
        try:
            while True:
                fresh = await self._open_next()
                if current is None or await self._hand_over(current, fresh):
                    current = fresh
                    await self._until_replaced(current)
                    self._judge(current)
                else:
                    self._judge(fresh)
        finally:
            await self._stop()

    async def _open_next(self) -> Epoch:
        """Try until a connection opens, at the venue's pace and with a backoff of our own."""
        while True:
            await asyncio.sleep(max(self._backoff.delay_s(), self._retry_after_s))
            await self._pacers.connect.acquire()
            self._retry_after_s = 0.0
            epoch = Epoch(self._number + 1, self._setting)
            self._epochs[epoch.source] = epoch
            try:
                await self._attempt(epoch)
            except StreamError as error:
                self._count(error.name)
                self._retry_after_s = error.retry_after_s
                self._backoff.failed()
                epoch.end(error.name, error.text)
            else:
                return epoch
            finally:
                if epoch.opened:
                    self._number = epoch.number

    async def _attempt(self, epoch: Epoch) -> None:
        """Open an epoch's stream; cancelled, the epoch is over before its socket goes."""
        opening = asyncio.ensure_future(
            self._edge.open_stream(
                self._url,
                epoch,
                self._edge.clock.now_ns,
                self._parameters.stream,
                self._edge.tls,
            )
        )
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            epoch.end("stopped")
            opening.cancel()
            await asyncio.wait({opening})
            raise

    async def _hand_over(self, old: Epoch, fresh: Epoch) -> bool:
        """Let both deliver until the fresh epoch is to be kept (True) or given up (False)."""
        settled = await self._until(
            lambda: old.over or fresh.over or fresh.ready, self._parameters.overlap_s_max
        )
        if fresh.over:
            return old.over
        if not settled and not fresh.frames:
            fresh.end("not_delivering", f"in {self._parameters.overlap_s_max} s")
            return old.over
        old.end("rollover")
        return True

    async def _until_replaced(self, epoch: Epoch) -> None:
        """Wait until an epoch is over, asks to be replaced or reaches its age."""
        age_s = self._parameters.rollover_s
        age_s *= 1 - _ROLLOVER_SPREAD * self._edge.random.random()
        if not await self._until(lambda: epoch.over or epoch.replace, age_s or None):
            self._count("rollover_age")

    async def _until(self, condition: Callable[[], bool], limit_s: float | None) -> bool:
        """Wait for a condition on the epochs; False when the time is up."""
        try:
            async with asyncio.timeout(limit_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _judge(self, epoch: Epoch) -> None:
        """One that lasted clears the backoff; one that had to be replaced soon adds to it."""
        if epoch.age_s() >= self._parameters.stable_s:
            self._backoff.succeeded()
        else:
            self._backoff.failed()

    def _dispose(self, epoch: Epoch) -> None:
        """Close the socket of an epoch that is over, beside everything else."""
        if self._epochs.get(epoch.source) is epoch:
            del self._epochs[epoch.source]
        task = asyncio.ensure_future(epoch.dispose())
        self._disposals.add(task)
        task.add_done_callback(self._disposals.discard)

    async def _stop(self) -> None:
        for epoch in list(self._epochs.values()):
            epoch.end("stopped")
        await asyncio.gather(*self._disposals, return_exceptions=True)

    def _count(self, reason: str) -> None:
        self._edge.counters.count(self._venue, self.name, reason)


def _frame_to(sink: Callable[[Input], None], source: str, data: bytes, recv_ns: int) -> None:
    """Make an input of a frame."""
    sink(Input(recv_ns, InputKind.FRAME, source, data))
