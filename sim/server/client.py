"""One WebSocket client of a simulated venue: a bounded queue and the one task that writes."""

import asyncio
from collections import deque
from collections.abc import Callable

from aiohttp import WSCloseCode, web
from aiohttp.abc import AbstractStreamWriter

from .counts import Counts
from .framing import Framer, ping_frame

QUEUE_FRAMES = 4096
QUEUE_BYTES = 128 << 20
CLOSE_S = 1.0  # for a close in order
#: Frames that a delay may hold back for one client.
LATE_FRAMES = 200_000

#: So many frames are written at once without waiting for the task, while the transport holds
#: less than so many bytes: a venue that catches up must not take its own haste for a slow client.
_BATCH_FRAMES = 512
_TRANSPORT_BYTES = 8 << 20


class Client:
    """Takes frames without waiting, and writes them as fast as the client reads.

    Frames go past aiohttp's writer straight to the transport, many in one write; closing is left
    to aiohttp. A client whose queue is full is cut off, and counted: a venue waits for nobody.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        counts: Counts,
        queue_frames: int = QUEUE_FRAMES,
        *,
        writer: AbstractStreamWriter,
        framer: Framer,
    ) -> None:
        self.socket = socket
        self._transport = transport
        self._counts = counts
        self._queue_frames = queue_frames
        self._look_at = min(_BATCH_FRAMES, queue_frames)
        self._writer = writer
        self._framer = framer
        self._window_bits = int(socket.compress)
        self._queue: list[bytes] = []
        self._queued_bytes = 0
        self._late: deque[tuple[float, bytes]] = deque()
        self._late_bytes = 0
        self._delay_s = 0.0
        self._ready = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.gone = asyncio.Event()
        self._close: tuple[int, bytes] | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.sent_s = self._loop.time()  # when frames were last written

    @property
    def queued(self) -> int:
        """Frames that wait to be written."""
        return len(self._queue) + len(self._late)

    def send(self, text: str | bytes) -> None:
        """Take in a text message; nothing happens once the client is being closed."""
        if self._close is not None:
            return
        self._counts.frames += 1
        frame = self._framer.frame(text, self._window_bits)
        if self._delay_s or self._late:
            self._hold(frame)
        else:
            self._enqueue(frame)

    def ping(self, payload: bytes) -> None:
        """Take in a ping frame."""
        if self._close is None:
            self._enqueue(ping_frame(payload))

    def delay(self, seconds: float) -> None:
        """Have what is taken in from now on written so much later; the order is kept."""
        self._delay_s = seconds

    def close(self, code: int = WSCloseCode.GOING_AWAY, reason: str = "") -> None:
        """Close in order, after what is queued; one that does not read it in time is cut off."""
        if self._close is None:
            self._release_late(everything=True)
            self._close = (code, reason.encode())
            self.later("abort", CLOSE_S, self.abort)
            self._ready.set()

    def abort(self) -> None:
        """Cut the connection without a word."""
        self._close = self._close or (WSCloseCode.ABNORMAL_CLOSURE, b"")
        self._forget_queue()
        self._transport.abort()
        self._ready.set()

    def later(self, name: str, delay_s: float, call: Callable[[], None]) -> None:
        """Call something after a time unless the client is gone by then; one timer a name."""
        self.cancel(name)
        self._timers[name] = self._loop.call_later(delay_s, call)

    def timer_set(self, name: str) -> bool:
        """Tell whether a timer is set."""
        return name in self._timers

    def cancel(self, name: str) -> None:
        """Forget a timer, if it is set."""
        if timer := self._timers.pop(name, None):
            timer.cancel()

    def release(self) -> None:
        """Forget every timer: the client is gone."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self.gone.set()

    async def write(self) -> None:
        """Write what is queued until the client is closed or gone."""
        try:
            while True:
                while self._queue:
                    self._flush()
                    await self._writer.drain()
                if self._close is not None:
                    await self.socket.close(code=self._close[0], message=self._close[1])
                    return
                self._ready.clear()
                await self._ready.wait()
        except ConnectionError:
            self._forget_queue()  # the reader sees the same end, and releases the client

    def _enqueue(self, frame: bytes) -> None:
        queue = self._queue
        if not queue:
            self._ready.set()
        elif len(queue) >= self._look_at or self._queued_bytes >= QUEUE_BYTES:
            self._make_room()
        queue.append(frame)
        self._queued_bytes += len(frame)

    def _make_room(self) -> None:
        """Write at once what is queued; a client that takes nothing and is full is cut off."""
        if self._transport.get_write_buffer_size() < _TRANSPORT_BYTES:
            self._flush()
        elif len(self._queue) >= self._queue_frames or self._queued_bytes >= QUEUE_BYTES:
            self._counts.slow_clients += 1
            self.abort()

    def _flush(self) -> None:
        """Hand everything to the transport in one write."""
        self.sent_s = self._loop.time()
        data = b"".join(self._queue)
        self._forget_queue()
        if not self._transport.is_closing():
            self._transport.write(data)

    def _forget_queue(self) -> None:
        self._queue.clear()
        self._queued_bytes = 0

    def _hold(self, frame: bytes) -> None:
        if len(self._late) >= LATE_FRAMES or self._late_bytes >= QUEUE_BYTES:
            self._counts.slow_clients += 1
            self.abort()
            return
        due_s = self._loop.time() + self._delay_s
        if self._late:
            due_s = max(due_s, self._late[-1][0])
        self._late.append((due_s, frame))
        self._late_bytes += len(frame)
        if len(self._late) == 1:
            self._loop.call_at(due_s, self._release_late)

    def _release_late(self, everything: bool = False) -> None:
        """Queue the late frames that are due."""
        if self._close is not None:
            self._late.clear()
        while self._late and (everything or self._late[0][0] <= self._loop.time()):
            frame = self._late.popleft()[1]
            self._late_bytes -= len(frame)
            self._enqueue(frame)
        if self._late:
            self._loop.call_at(self._late[0][0], self._release_late)
