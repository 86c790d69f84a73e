"""One WebSocket client of a simulated venue: a bounded queue and the one task that writes."""

import asyncio
from collections import deque
from collections.abc import Callable

from aiohttp import WSCloseCode, web

from .counts import Counts

QUEUE_FRAMES = 4096
CLOSE_S = 1.0  # for a close in order


class Client:
    """Takes frames without waiting, and writes them as fast as the client reads.

    A client whose queue is full is cut off, and counted: a venue waits for nobody.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        counts: Counts,
        queue_frames: int = QUEUE_FRAMES,
    ) -> None:
        self.socket = socket
        self._transport = transport
        self._counts = counts
        self._queue_frames = queue_frames
        self._queue: deque[str | bytes] = deque()  # text frames, and payloads of pings
        self._ready = asyncio.Event()
        self.gone = asyncio.Event()
        self._close: tuple[int, bytes] | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.sent_s = asyncio.get_running_loop().time()  # when a frame was last taken in

    @property
    def queued(self) -> int:
        """Frames that wait to be written."""
        return len(self._queue)

    def send(self, text: str) -> None:
        """Take in a frame; nothing happens once the client is being closed."""
        if self._close is None:
            self.sent_s = asyncio.get_running_loop().time()
            self._counts.frames += 1
            self._push(text)

    def ping(self, payload: bytes) -> None:
        """Take in a ping frame."""
        if self._close is None:
            self._push(payload)

    def close(self, code: int = WSCloseCode.GOING_AWAY, reason: str = "") -> None:
        """Close in order, after what is queued; one that does not read it in time is cut off."""
        if self._close is None:
            self._close = (code, reason.encode())
            self.later("abort", CLOSE_S, self.abort)
            self._ready.set()

    def abort(self) -> None:
        """Cut the connection without a word."""
        self._close = self._close or (WSCloseCode.ABNORMAL_CLOSURE, b"")
        self._queue.clear()
        self._transport.abort()
        self._ready.set()

    def later(self, name: str, delay_s: float, call: Callable[[], None]) -> None:
        """Call something after a time unless the client is gone by then; one timer a name."""
        self.cancel(name)
        loop = asyncio.get_running_loop()
        self._timers[name] = loop.call_later(delay_s, call)

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
                    item = self._queue.popleft()
                    if isinstance(item, str):
                        await self.socket.send_str(item)
                    else:
                        await self.socket.ping(item)
                if self._close is not None:
                    await self.socket.close(code=self._close[0], message=self._close[1])
                    return
                self._ready.clear()
                await self._ready.wait()
        except ConnectionError:
            self._queue.clear()  # the reader sees the same end, and releases the client

    def _push(self, item: str | bytes) -> None:
        if len(self._queue) >= self._queue_frames:
            self._counts.slow_clients += 1
            self.abort()
            return
        self._queue.append(item)
        self._ready.set()
