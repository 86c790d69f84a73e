"""What carries REST requests: aiohttp over real sockets, or whatever else is put in its place."""

import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, cast

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from connectors.transport.dial import Resolver, endpoint, system_tls

_AGENT = "crossquote"


@dataclass(frozen=True, slots=True)
class SessionParameters:
    """Limits of one request; `total_s_max` covers it from name lookup to the last byte."""

    total_s_max: float
    connect_s_max: float
    in_flight_max: int


class Body(Protocol):
    """The body of a response as it comes in."""

    def iter_any(self) -> AsyncIterator[bytes]:
        """Return the pieces of the body, none of them empty."""


class Response(Protocol):
    """The head of a response, and the way to its body."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields, whose names are looked up without regard to case."""

    @property
    def content(self) -> Body:
        """The body."""

    def close(self) -> None:
        """Read no further."""


class Session(Protocol):
    """Carries requests; failures are aiohttp.ClientError or OSError."""

    def get(
        self, url: URL, *, allow_redirects: bool = True
    ) -> AbstractAsyncContextManager[Response]:
        """Send a GET request."""


class SessionOpener(Protocol):
    """Makes the session of one venue's REST door."""

    def __call__(
        self, base: str, parameters: SessionParameters, tls: ssl.SSLContext | None
    ) -> AbstractAsyncContextManager[Session]:
        """Return the session for `base` (scheme, host and port), closed by leaving it."""


def open_session(
    base: str, parameters: SessionParameters, tls: ssl.SSLContext | None
) -> AbstractAsyncContextManager[Session]:
    """Return an aiohttp session: our resolver, no cookies, bounded connections."""
    timeout = aiohttp.ClientTimeout(
        total=parameters.total_s_max, sock_connect=parameters.connect_s_max
    )
    connector = aiohttp.TCPConnector(
        limit=parameters.in_flight_max,
        resolver=_OwnResolver(),
        ssl=tls or (system_tls() if endpoint(base)[2] else True),
    )
    session = aiohttp.ClientSession(
        connector=connector,
        timeout=timeout,
        headers={"User-Agent": _AGENT},
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    return cast(AbstractAsyncContextManager[Session], session)


class _OwnResolver(AbstractResolver):
    """The transports' resolver in aiohttp's form."""

    def __init__(self) -> None:
        self._resolver = Resolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.lookup(host, port)
        return [
            ResolveResult(
                hostname=host,
                host=address.sockaddr[0],
                port=port,
                family=address.family,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
            if family in (socket.AF_UNSPEC, address.family)
        ]

    async def close(self) -> None:
        """Nothing is held."""
