"""Coinbase Advanced's order door: requests over REST, and the `user` channel on a stream."""

import asyncio
import secrets
import ssl
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Protocol, cast

import aiohttp
from yarl import URL

from connectors.coinbase.orders_sign import JwtSigner, call, frame
from connectors.orders import PAYLOAD_MAX, Request, SignedCall, source_of
from connectors.transport.budget import BudgetParameters
from connectors.transport.connection import (
    Connection,
    ConnectionParameters,
    VenuePacers,
)
from connectors.transport.epoch import EpochParameters
from connectors.transport.orders import DoorSetting, no_answer, not_sent, report
from connectors.transport.orders_hosts import check_host, signed
from connectors.transport.orders_queue import OrderLimits, OrderQueue
from connectors.transport.pacer import Pacer, Rate
from connectors.transport.session import Response, SessionParameters, open_session
from market.inputs import STREAM, Input, InputKind

#: A request that arrives later is refused. With what it may wait here that stays below the time
#: after which an unknown order is taken for one that never arrives (`Patience.arrival_ns`).
LIFE_S = 3
_TOTAL_S_MAX = 4.0
_CONNECT_S_MAX = 2.0

#: 30 requests a second for the user, of which one is left to spare.
#: https://docs.cdp.coinbase.com/advanced-trade/docs/rest-api-rate-limits
LIMITS = OrderLimits(
    orders=Rate(20, 1.0),
    budget=BudgetParameters(burst=20, per_second=25.0),
    weights=(("", 1),),
    in_flight=16,
)
_EPOCH = EpochParameters(send_rate=Rate(7, 1.1), subscribe_s_max=4.5, silence_s_max=5.0)
_CONNECT = (Rate(3, 1.1),)
_PAUSES = (429, 418)


class OrderSession(Protocol):
    """Carries signed requests; failures are aiohttp.ClientError, TimeoutError or OSError."""

    def request(
        self,
        method: str,
        url: URL,
        *,
        data: bytes,
        headers: dict[str, str],
        allow_redirects: bool,
    ) -> AbstractAsyncContextManager[Response]:
        """Send a request."""


class OrderSessionOpener(Protocol):
    """Makes the session of a venue's REST door."""

    def __call__(
        self, base: str, parameters: SessionParameters, tls: ssl.SSLContext | None
    ) -> AbstractAsyncContextManager[OrderSession]:
        """Return the session for `base`, closed by leaving it."""


def open_order_session(
    base: str, parameters: SessionParameters, tls: ssl.SSLContext | None
) -> AbstractAsyncContextManager[OrderSession]:
    """Return an aiohttp session, as for public data."""
    return cast(AbstractAsyncContextManager[OrderSession], open_session(base, parameters, tls))


class CoinbaseOrderDoor:
    """See `connectors.transport.orders.OrderDoor`.

    `rest` is scheme, host and port, `ws` the address of the user feed.
    """

    def __init__(
        self,
        *,
        venue: str,
        rest: str,
        ws: str,
        signer: JwtSigner,
        setting: DoorSetting,
        open_session: OrderSessionOpener = open_order_session,
    ) -> None:
        """Raises ForbiddenHostError for an address that orders may not go to."""
        check_host(ws)
        check_host(rest)
        self.venue = venue
        self._rest, self._ws = rest.rstrip("/"), ws
        self._signer = signer
        edge, parameters = setting.edge, setting.parameters
        self._sink = setting.sink
        self._edge = edge
        self._venue_ns = partial(setting.venue_ns, venue)
        self._open_session = open_session
        self._session: OrderSession | None = None
        self._source = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._queue = OrderQueue(LIMITS, edge.clock, self._carry, self._refuse)
        self._connection = Connection(
            venue=venue,
            name=source_of(venue),
            url=ws,
            sink=self._changed,
            frames=self._frame,
            edge=edge,
            pacers=VenuePacers(
                Pacer(_CONNECT, edge.clock.monotonic_ns),
                Pacer((_EPOCH.send_rate,), edge.clock.monotonic_ns),
            ),
            parameters=ConnectionParameters(
                stream=parameters.stream,
                epoch=_EPOCH,
                backoff=parameters.backoff,
                rollover_s=0.0,
            ),
        )

    def submit(self, request: Request) -> None:
        """Sign a request and send it, as soon as the venue's limits let it go."""
        if not request.path:
            self._subscribe(request)
        elif self._session is None:
            self._queue.refuse(request, "the order door is not open")
        else:
            self._queue.add(request)

    def reconnect(self, source: str, why: str) -> None:
        """Drop the stream and open it again; one that is over already is left."""
        self._connection.reconnect(source, why)

    async def run(self) -> None:
        """Serve until cancelled; what is under way then is dropped without a report."""
        parameters = SessionParameters(_TOTAL_S_MAX, _CONNECT_S_MAX, LIMITS.in_flight)
        async with self._open_session(self._rest, parameters, self._edge.tls) as session:
            self._session = session
            try:
                await self._connection.run()
            finally:
                self._session = None
                self._queue.close()
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- the stream ------------------------------------------------------------------------------

    def _changed(self, item: Input) -> None:
        if item.kind is InputKind.OPEN:
            self._source = item.source
        elif item.source == self._source:
            self._source = ""
        self._sink(item)

    def _frame(self, source: str, data: bytes, recv_ns: int) -> None:
        self._sink(Input(recv_ns, InputKind.REPORT, source, data, STREAM, 200))

    def _subscribe(self, request: Request) -> None:
        now_s = self._venue_ns() // 10**9
        data = signed(self._ws, lambda _: frame(request, self._signer, now_s, secrets.token_hex(8)))
        if not self._source or not self._connection.send(self._source, data):
            self._queue.refuse(request, "the user feed is closed")

    # --- requests --------------------------------------------------------------------------------

    def _carry(self, request: Request) -> None:
        now_s = self._venue_ns() // 10**9
        made = signed(
            self._rest,
            lambda host: call(request, self._signer, host, now_s, secrets.token_hex(8), LIFE_S),
        )
        task = asyncio.ensure_future(self._call(request, made))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _call(self, request: Request, made: SignedCall) -> None:
        assert self._session is not None, "carried without a session"
        url = URL(self._rest + made.path, encoded=True)
        clock = self._edge.clock
        try:
            async with self._session.request(
                made.method,
                url,
                data=made.body,
                headers=dict(made.headers),
                allow_redirects=False,
            ) as response:
                body = await _read(response)
                status = response.status
                asked = response.headers.get("Retry-After", "").strip()
        except aiohttp.ClientConnectorError as error:
            self._count("refused")
            self._sink(not_sent(self.venue, request, clock.now_ns(), f"no connection: {error}"))
        except (aiohttp.ClientError, OSError, _TooBigError) as error:
            self._count("no_answer")
            self._sink(no_answer(self.venue, request, clock.now_ns(), type(error).__name__))
        else:
            if status in _PAUSES:
                self._count(f"http_{status}")
                seconds = float(asked[:9]) if asked.isascii() and asked.isdigit() else 1.0
                self._queue.pause(status, seconds)
            self._sink(report(self.venue, request, clock.now_ns(), status, body))
        finally:
            self._queue.done()

    def _refuse(self, request: Request, why: str) -> None:
        self._count("not_sent")
        self._sink(not_sent(self.venue, request, self._edge.clock.now_ns(), why))

    def _count(self, reason: str) -> None:
        self._edge.counters.count(self.venue, source_of(self.venue), reason)


class _TooBigError(Exception):
    """The body is larger than allowed: what it said is not known."""


async def _read(response: Response) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > PAYLOAD_MAX:
            response.close()
            raise _TooBigError
        chunks.append(chunk)
    return b"".join(chunks)
