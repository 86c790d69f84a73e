"""REST in virtual time: the sessions that the transports use, answered by a simulated venue."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import NamedTuple, Protocol

from yarl import URL

from connectors.transport.session import Response, Session, SessionParameters

from .loop import VirtualLoop
from .venue import Answer, VirtualVenue


class RestEdge(Protocol):
    """What a door needs of its world."""

    loop: VirtualLoop

    def venue_at(self, base: str) -> VirtualVenue:
        """Return the venue behind an address."""

    def latency_ns(self, venue: str) -> int:
        """Return how long bytes of this moment travel to us."""

    def way_up_ns(self) -> int:
        """Return how long bytes of this moment travel to a venue."""

    def body(self, venue: str, body: bytes) -> bytes:
        """Return what becomes of the body of a reply."""

    def asked(self, venue: str, path: str) -> None:
        """Say that a request leaves."""

    def answered(self, venue: str, path: str, answer: Answer | None) -> None:
        """Say that a reply arrived, None when there will be none."""


class VirtualDoors:
    """Opens sessions; goes into the transports' edge."""

    def __init__(self, edge: RestEdge) -> None:
        self._edge = edge

    def __call__(
        self, base: str, parameters: SessionParameters, tls: ssl.SSLContext | None
    ) -> AbstractAsyncContextManager[Session]:
        """Return the session of one venue."""
        assert tls is None, "there is nothing to encrypt"
        return _Door(self._edge, self._edge.venue_at(base), parameters)


class _Door:
    """One venue's session."""

    def __init__(self, edge: RestEdge, venue: VirtualVenue, parameters: SessionParameters) -> None:
        self._edge = edge
        self._venue = venue
        self._parameters = parameters

    async def __aenter__(self) -> "_Door":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is held."""

    def get(
        self, url: URL, *, allow_redirects: bool = True
    ) -> AbstractAsyncContextManager[Response]:
        """Send a request."""
        assert not allow_redirects, "no request may leave its venue"
        return _Exchange(self._edge, self._venue, url.raw_path_qs, self._parameters.total_s_max)

    def request(
        self,
        method: str,
        url: URL,
        *,
        data: bytes,
        headers: dict[str, str],
        allow_redirects: bool,
    ) -> AbstractAsyncContextManager[Response]:
        """Send a signed request."""
        assert not allow_redirects, "no request may leave its venue"
        signed = _Signed(method, url, {**headers, "Host": url.host_port_subcomponent or ""}, data)
        return _Order(self._edge, self._venue, signed, self._parameters.total_s_max)


class _Exchange:
    """One request and its reply; TimeoutError when both ways take too long."""

    def __init__(self, edge: RestEdge, venue: VirtualVenue, path: str, total_s_max: float) -> None:
        self._edge = edge
        self._venue = venue
        self._path = path
        self._total_s_max = total_s_max

    async def __aenter__(self) -> "_Reply":
        edge, name = self._edge, self._venue.name
        edge.asked(name, self._path)
        answer: Answer | None = None
        try:
            async with asyncio.timeout(self._total_s_max):
                await asyncio.sleep(edge.way_up_ns() / 1e9)
                made = self._venue.ask(self._path)
                await asyncio.sleep(edge.latency_ns(name) / 1e9)
                answer = made
        finally:
            edge.answered(name, self._path, answer)
        return _Reply(answer.status, answer.headers, edge.body(name, answer.body))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is held."""


class _Signed(NamedTuple):
    """A signed request."""

    method: str
    url: URL
    headers: Mapping[str, str]
    body: bytes


class _Order:
    """One signed request and its reply; TimeoutError when both ways take too long."""

    def __init__(
        self, edge: RestEdge, venue: VirtualVenue, signed: _Signed, total_s_max: float
    ) -> None:
        self._edge = edge
        self._venue = venue
        self._signed = signed
        self._total_s_max = total_s_max

    async def __aenter__(self) -> "_Reply":
        edge, venue = self._edge, self._venue
        async with asyncio.timeout(self._total_s_max):
            await asyncio.sleep(edge.way_up_ns() / 1e9)
            answer = venue.ask_account(*self._signed)
            await asyncio.sleep(edge.latency_ns(venue.name) / 1e9)
        return _Reply(answer.status, answer.headers, edge.body(venue.name, answer.body))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is held."""


class _Reply:
    """A reply that is there in one piece."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.content = _Body(body)

    def close(self) -> None:
        """Read no further."""


class _Body:
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def iter_any(self) -> AsyncIterator[bytes]:
        if self._body:
            yield self._body
