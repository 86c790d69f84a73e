"""What the simulated venues have in common: a server, its clients, and a hand on both for tests."""

import asyncio
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from aiohttp import WSCloseCode, WSMsgType, web

from sim.market.event import Event

from .client import QUEUE_FRAMES, Client
from .counts import Counts
from .faults import Faults
from .framing import Framer
from .http_faults import HttpFaults

BACKLOG_EVENTS = 200_000  # held while paused; beyond it what happened is lost, as in a gap
MESSAGE_BYTES = 1 << 20  # that a client may send in one message
_STOP_S = 2.0


class VenueClock:
    """A venue's clock: that of the market, `skew_ns` ahead while it is wrong."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self.skew_ns = 0

    def __call__(self) -> int:
        """Return the venue's time in ns since the epoch."""
        return self._now_ns() + self.skew_ns


class VenueServer(ABC):
    """HTTP and WebSocket on one port of loopback.

    Stopped, the market goes on without being published. Paused, no market data is sent over the
    sockets, and what happened is published on resume, in one go; REST and control messages are
    answered all the while. With `tls` set before the start, it speaks https and wss only.
    """

    #: Part of the names of the channels that carry changes of books.
    book_channel = ""

    def __init__(
        self, now_ns: Callable[[], int], host: str = "127.0.0.1", queue_frames: int = QUEUE_FRAMES
    ) -> None:
        self.counts = Counts()
        self.faults = Faults()
        self.http_faults = HttpFaults()
        self.tls: ssl.SSLContext | None = None
        self._framer = Framer()
        self.clients: dict[Client, None] = {}
        self.port = 0
        self.clock = now_ns if isinstance(now_ns, VenueClock) else VenueClock(now_ns)
        self._now_ns: Callable[[], int] = self.clock
        self._delay_s = 0.0
        self._due_ns = 0
        self._host = host
        self._queue_frames = queue_frames
        self._runner: web.AppRunner | None = None
        self._paused = False
        self._backlog: list[Event] = []
        self._stall: asyncio.TimerHandle | None = None

    @property
    def http_url(self) -> str:
        """Address of the server, without a path."""
        return f"http{'s' if self.tls else ''}://{self._host}:{self.port}"

    @property
    def ws_url(self) -> str:
        """Address for WebSocket, without a path."""
        return f"ws{'s' if self.tls else ''}://{self._host}:{self.port}"

    async def start(self, port: int = 0) -> None:
        """Listen; port 0 takes a free one. OSError if the port is taken."""
        app = web.Application(middlewares=[self.http_faults.middleware()])
        self._add_routes(app.router)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, port, ssl_context=self.tls).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = int(runner.addresses[0][1])

    async def stop(self, abrupt: bool = False) -> None:
        """Close every connection and listen no more; `abrupt` cuts them, as a crash would."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            self.disconnect_all(abrupt)
            await self._gone(list(self.clients))
            await runner.cleanup()
        self.resume()

    async def _gone(self, clients: list[Client]) -> None:
        """Wait until clients are gone, which their own deadline for a close brings about."""
        waits = [asyncio.create_task(client.gone.wait()) for client in clients]
        if waits:
            await asyncio.wait(waits)

    async def restart(self, abrupt: bool = False) -> None:
        """Stop, and listen again on the same port."""
        await self.stop(abrupt)
        await self.start(self.port)

    def disconnect_all(self, abrupt: bool = False) -> None:
        """Close every WebSocket connection: with 1001, or `abrupt` without a word."""
        for client in list(self.clients):
            if abrupt:
                client.abort()
            else:
                client.close(WSCloseCode.GOING_AWAY)

    def pause(self) -> None:
        """Send no market data over any socket until resumed."""
        self._paused = True

    def resume(self) -> None:
        """Publish what was held back, and go on."""
        self._paused = False
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def stall(self, seconds: float) -> None:
        """Pause, and resume after a time."""
        self.resume()
        self.pause()
        self._stall = asyncio.get_running_loop().call_later(seconds, self.resume)

    def delay(self, seconds: float) -> None:
        """Have everything that is sent from now on arrive so much later, in its order."""
        self._delay_s = seconds
        for client in self.clients:
            client.delay(seconds)

    def late_ns(self) -> int:
        """Return how late what is sent now will be written: behind all that was delayed before."""
        now_ns = time.monotonic_ns()
        self._due_ns = max(self._due_ns, now_ns + round(self._delay_s * 1e9))
        return self._due_ns - now_ns

    def on_events(self, events: list[Event]) -> None:
        """Take in what happened in the market: the pump calls this at each step."""
        running = self._runner is not None
        if running and self._paused and len(self._backlog) + len(events) <= BACKLOG_EVENTS:
            self._backlog += events
            return
        if self._backlog:
            events, self._backlog = self._backlog + events, []
        if running and not self._paused:
            self._publish(events)
        else:
            self._discard(events)

    async def serve_client(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one WebSocket connection from handshake to end."""
        socket = web.WebSocketResponse(
            autoping=False, compress=True, timeout=_STOP_S, max_msg_size=MESSAGE_BYTES
        )
        writer = await socket.prepare(request)
        transport = request.transport
        if transport is None:
            return socket  # gone during the handshake
        client = Client(
            socket,
            transport,
            self.counts,
            self._queue_frames,
            writer=writer,
            framer=self._framer,
        )
        client.delay(self._delay_s)
        self.counts.connections += 1
        self.clients[client] = None
        writing = asyncio.create_task(client.write())
        try:
            self._opened(client, request)
            async for message in socket:
                if message.type is WSMsgType.PING:
                    await socket.pong(message.data)
                self._received(client, message.type, message.data)
        except ConnectionError:
            pass  # a pong to a client that has just gone: the end is the same
        finally:
            self._closed(client)
            client.release()
            del self.clients[client]
            writing.cancel()
            await asyncio.wait([writing])
        return socket

    @abstractmethod
    def _add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the routes of the venue."""

    @abstractmethod
    def _opened(self, client: Client, request: web.Request) -> None:
        """Set up a new connection."""

    @abstractmethod
    def _received(self, client: Client, kind: WSMsgType, data: str | bytes) -> None:
        """Handle a message or control frame of a client."""

    @abstractmethod
    def _closed(self, client: Client) -> None:
        """Forget a connection."""

    @abstractmethod
    def _publish(self, events: list[Event]) -> None:
        """Send what is due."""

    @abstractmethod
    def _discard(self, events: list[Event]) -> None:
        """Take in what happened without sending anything."""
