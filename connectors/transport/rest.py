"""A venue's REST interface: one session, few requests at once, every outcome a Reply.

A 429 or 418 makes the whole venue quiet for as long as it asks. A path that waits or is under way
is not asked for twice. What may not go out in time comes back with status 0 and `rate_limited`,
what finds the queue full with `queue_full`; a body over the limit is dropped as `reply_too_big`.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from connectors.transport.budget import Budget
from connectors.transport.clock import Clock
from connectors.transport.counters import Counters
from connectors.transport.dial import endpoint, error_name
from connectors.transport.limits import VenueLimits
from connectors.transport.reply import Reply
from connectors.transport.schedule import Schedule, ScheduleParameters, Verdict
from connectors.transport.session import (
    Response,
    Session,
    SessionOpener,
    SessionParameters,
    open_session,
)
from connectors.transport.stream import MEBIBYTE

_NAME = "rest"
_USED_WEIGHT = "X-MBX-USED-WEIGHT-1M"
#: How often the waiting ones are looked over for those that waited too long.
_LOOK_S = 1.0
_COUNTED = (400, 403, 404, 409, 418, 429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class RestParameters:
    """Limits of one request; `total_s_max` covers it from name lookup to the last byte."""

    total_s_max: float = 15.0
    connect_s_max: float = 5.0
    reply_bytes_max: int = 64 * MEBIBYTE
    schedule: ScheduleParameters = field(default_factory=ScheduleParameters)


class RestClient:
    """Fetches public data of one venue; `sink` gets each Reply from the loop, never from `fetch`.

    `base_url` is scheme, host and port; redirects are not followed, so no request leaves it.
    """

    def __init__(
        self,
        *,
        venue: str,
        base_url: str,
        sink: Callable[[Reply], None],
        clock: Clock,
        counters: Counters,
        limits: VenueLimits,
        parameters: RestParameters | None = None,
        tls: ssl.SSLContext | None = None,
        open_session: SessionOpener = open_session,
    ) -> None:
        self._venue = venue
        self._base = base_url.rstrip("/")
        endpoint(self._base)
        self._sink = sink
        self._clock = clock
        self._counters = counters
        self._parameters = parameters or RestParameters()
        self._tls = tls
        self._open_session = open_session
        self._budget = Budget(limits.budget)
        self._in_flight_max = limits.rest_in_flight
        self._schedule = Schedule(
            self._parameters.schedule, self._budget, limits.weight, self._in_flight_max
        )
        self._changed = asyncio.Event()
        self._requests: set[asyncio.Task[None]] = set()

    def fetch(self, path: str) -> Verdict:
        """Ask for a path, which begins with a slash (ValueError); exactly one Reply answers.

        A wish that joins an earlier one is answered by that one's reply.
        """
        if not path.startswith("/"):
            raise ValueError(f"{path!r}: expected a path")
        verdict = self._schedule.ask(path, self._clock.monotonic_ns())
        if verdict is Verdict.FULL:
            asyncio.get_running_loop().call_soon(self._refuse, path, verdict.value)
        self._changed.set()
        return verdict

    @property
    def waiting(self) -> int:
        """Paths that wait for their turn."""
        return len(self._schedule.waiting)

    async def run(self) -> None:
        """Serve until cancelled; then requests under way are dropped without a reply."""
        parameters = SessionParameters(
            self._parameters.total_s_max, self._parameters.connect_s_max, self._in_flight_max
        )
        async with self._open_session(self._base, parameters, self._tls) as session:
            try:
                while True:
                    await self._turn(session)
            finally:
                for task in self._requests:
                    task.cancel()
                await asyncio.gather(*self._requests, return_exceptions=True)

    async def _turn(self, session: Session) -> None:
        """Start what may start, refuse what waited too long, wait for the next change."""
        self._changed.clear()
        for path in self._schedule.expired(self._clock.monotonic_ns()):
            self._refuse(path, "rate_limited")
        while True:
            taken = self._schedule.take(self._clock.monotonic_ns(), self._clock.now_ns())
            if taken is None:
                break
            task = asyncio.ensure_future(self._request(session, taken))
            self._requests.add(task)
            task.add_done_callback(self._requests.discard)
        wait_ns = self._schedule.wait_ns(self._clock.monotonic_ns(), self._clock.now_ns())
        wait_s = min(_LOOK_S, _LOOK_S if wait_ns is None else wait_ns / 1e9)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s if self._schedule.waiting else None):
                await self._changed.wait()

    async def _request(self, session: Session, path: str) -> None:
        url = self._base + path
        sent_ns = self._clock.now_ns()
        status, body, reason = 0, b"", ""
        try:
            async with session.get(URL(url, encoded=True), allow_redirects=False) as response:
                self._heed(response)
                body = await self._read(response)
                status = response.status
        except _TooBigError:
            reason = "reply_too_big"
        except (aiohttp.ClientError, OSError) as error:
            reason = _reason(error)
        finally:
            self._schedule.done(path)
            self._changed.set()
        if reason:
            self._count(reason)
        elif status != 200:
            self._count(f"http_{status}" if status in _COUNTED else f"http_{status // 100}xx")
        self._sink(Reply(url, status, body, reason, sent_ns, self._clock.now_ns()))

    async def _read(self, response: Response) -> bytes:
        """Return the body, read no further than the limit."""
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > self._parameters.reply_bytes_max:
                response.close()
                raise _TooBigError
            chunks.append(chunk)
        return b"".join(chunks)

    def _heed(self, response: Response) -> None:
        """Take in what the venue says about its limits."""
        used = response.headers.get(_USED_WEIGHT, "")
        now_ns = self._clock.monotonic_ns()
        if used.isascii() and used.isdigit():
            self._budget.observe(int(used), now_ns, self._clock.now_ns())
        if response.status in (418, 429):
            asked = response.headers.get("Retry-After", "").strip()
            seconds = float(asked[:9]) if asked.isascii() and asked.isdigit() else 0.0
            self._budget.pause(response.status, seconds, now_ns)

    def _refuse(self, path: str, reason: str) -> None:
        self._count(reason)
        self._sink(Reply(self._base + path, 0, b"", reason, 0, self._clock.now_ns()))

    def _count(self, reason: str) -> None:
        self._counters.count(self._venue, _NAME, reason)


class _TooBigError(Exception):
    """The body is larger than allowed."""


def _reason(error: Exception) -> str:
    """Return the counter's name of a failed request."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "dns"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return "tls"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error_name(error.os_error)
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
        return "lost"
    if isinstance(error, OSError):
        return error_name(error)
    return "http_protocol"
