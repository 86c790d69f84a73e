"""One socket's life within a supervised connection: its frames, its sends, its watchdog."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from connectors.transport.clock import Clock
from connectors.transport.counters import Counters
from connectors.transport.gate import FrameGate
from connectors.transport.pacer import Pacer, Rate
from connectors.transport.stream import Stream, StreamClose, StreamError
from market.inputs import Input, InputKind

#: The watchdog looks this often within its limit, so it fires at most a quarter late.
_LOOKS = 4


@dataclass(frozen=True, slots=True)
class EpochParameters:
    """Limits of one epoch.

    `send_queue_max` frames may wait for their turn; a further one ends the epoch, because a
    connection that lost a control frame is in a state that nobody knows. `send_rate` bounds the
    frames of this connection. `subscribe_s_max`: the first frame must be sent by then, else the
    epoch ends (0: no deadline). `silence_s_max`: with nothing heard for so long the epoch ends
    (0: no watchdog); it is armed by the first frame sent or received, for before that nothing is
    expected. `pings_count` says whether a ping of the venue is a sign of life. A frame which
    contains `shutdown_mark` asks for a rollover (empty: none does).
    """

    send_queue_max: int = 256
    send_rate: Rate = field(default_factory=lambda: Rate(4, 1.1))
    subscribe_s_max: float = 0.0
    silence_s_max: float = 0.0
    pings_count: bool = False
    shutdown_mark: bytes = b""


@dataclass(frozen=True, slots=True)
class EpochSetting:
    """What an epoch works with, shared by all epochs of a connection."""

    venue: str
    connection: str
    url: str
    clock: Clock
    counters: Counters
    sink: Callable[[Input], None]
    frames: Callable[[str, bytes, int], None]
    changed: Callable[[], None]
    ended: Callable[["Epoch"], None]
    send_pacer: Pacer
    parameters: EpochParameters


class Epoch:
    """Listener of one stream. Its inputs carry `source`, and none follows its CLOSE.

    The order is OPEN, any number of FRAME, CLOSE; an attempt that never opened gives none.
    """

    def __init__(self, number: int, setting: EpochSetting) -> None:
        self.number = number
        self.source = f"{setting.connection}#{number}"
        self.opened = False
        self.ready = False
        self.replace = False
        self.sent = 0
        self._setting = setting
        self._parameters = setting.parameters
        self._sink = setting.sink
        self._gate = FrameGate(
            self.source,
            setting.frames,
            setting.parameters.shutdown_mark,
            partial(self.count, "late_frame"),
            self._shutdown,
        )
        #: The stream calls the gate itself: nothing stands between a frame and the node.
        self.on_frame: Callable[[bytes, int], None] = self._gate.on_frame
        self._stream: Stream | None = None
        self._queue: deque[bytes] = deque()
        self._queued = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._opened_ns = 0

    def on_open(self, stream: Stream, recv_ns: int) -> None:
        """Tell the node, which answers with its subscriptions."""
        self._stream = stream
        if self.over:
            return
        self.opened = True
        self._opened_ns = self._setting.clock.monotonic_ns()
        self._tasks = [
            asyncio.ensure_future(self._send_all()),
            asyncio.ensure_future(self._watch()),
        ]
        self._sink(Input(recv_ns, InputKind.OPEN, self.source, note=self._setting.url))
        self._setting.changed()

    @property
    def over(self) -> bool:
        """Whether nothing more of this epoch is delivered."""
        return self._gate.over

    @property
    def frames(self) -> int:
        """Frames delivered."""
        return self._gate.frames

    @property
    def waiting(self) -> int:
        """Frames that wait to be sent."""
        return len(self._queue)

    def on_ping(self, recv_ns: int) -> None:  # noqa: ARG002
        """Take note of a sign of life, where pings are one."""
        if self._parameters.pings_count:
            self._gate.heard += 1

    def on_close(self, close: StreamClose, recv_ns: int) -> None:
        """The stream ended by itself."""
        self._end(close, recv_ns)

    def end(self, name: str, text: str = "") -> None:
        """End the epoch from our side: nothing is delivered after this call."""
        self._end(StreamClose(name, 1000, text), self._setting.clock.now_ns())

    def _shutdown(self) -> None:
        """The venue announced that it will close."""
        self.count("server_shutdown")
        self.ask_replacement()

    def ask_replacement(self) -> None:
        """Ask the connection for a new epoch while this one goes on."""
        self.replace = True
        self._setting.changed()

    def confirm(self) -> None:
        """The consumer has what it needs from this epoch: an older one may go."""
        self.ready = True
        self._setting.changed()

    def age_s(self) -> float:
        """Return the seconds since the epoch opened, 0 before."""
        if not self.opened:
            return 0.0
        return (self._setting.clock.monotonic_ns() - self._opened_ns) / 1e9

    def send(self, data: bytes) -> bool:
        """Queue a frame; False and counted if the epoch is over or its queue is full."""
        if self.over or not self.opened:
            self.count("send_after_close")
            return False
        if len(self._queue) >= self._parameters.send_queue_max:
            self.end("send_queue_full", f"{len(self._queue)} frames")
            return False
        self._queue.append(data)
        self._queued.set()
        return True

    async def dispose(self) -> None:
        """Close the socket and end the tasks; bounded by the stream's `close_s_max`."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._stream is not None:
            await self._stream.close()

    def count(self, reason: str) -> None:
        """Count something by the names of this connection."""
        self._setting.counters.count(self._setting.venue, self._setting.connection, reason)

    def _end(self, close: StreamClose, recv_ns: int) -> None:
        if self.over:
            return
        self._gate.over = True
        self._queue.clear()
        for task in self._tasks:
            task.cancel()
        if self.opened:
            self.count(close.name)
            self._sink(Input(recv_ns, InputKind.CLOSE, self.source, note=str(close)))
        self._setting.ended(self)
        self._setting.changed()

    async def _send_all(self) -> None:
        """Send queued frames as the connection's and the venue's rates allow.

        The first frame of an epoch overtakes the later ones of others: it has a deadline.
        """
        pacer = Pacer((self._parameters.send_rate,), self._setting.clock.monotonic_ns)
        while True:
            while not self._queue:
                self._queued.clear()
                await self._queued.wait()
            await pacer.acquire()
            await self._setting.send_pacer.acquire(urgent=not self.sent)
            assert self._stream is not None, "open without a stream"
            try:
                self._stream.send(self._queue.popleft())
            except StreamError as error:
                self.end(error.name, error.text)
                return
            self.sent += 1

    async def _watch(self) -> None:
        """End the epoch when its first frame is late, then when nothing is heard."""
        limit_s = self._parameters.subscribe_s_max
        if limit_s:
            await asyncio.sleep(limit_s)
            if not self.sent:
                self.end("subscribe_late", f"nothing sent in {limit_s} s")
                return
        silence_s = self._parameters.silence_s_max
        if not silence_s:
            return
        heard, quiet_looks = -1, 0
        while quiet_looks < _LOOKS:
            await asyncio.sleep(silence_s / _LOOKS)
            expected = self.sent or self.frames
            quiet_looks = quiet_looks + 1 if expected and heard == self._gate.heard else 0
            heard = self._gate.heard
        self.end("silent", f"nothing heard for {silence_s} s")
