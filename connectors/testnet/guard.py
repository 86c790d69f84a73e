"""What carries the signed requests of the ccxt process: connections to the frozen list only.

Whatever address ccxt comes to use, for a request, a redirect or a stream, its connection is made
here, where the host is checked once more. A redirect is an error, and a proxy is none.
"""

import ssl
from types import SimpleNamespace
from typing import Any

import aiohttp
import certifi
from aiohttp import TraceConfig, TraceRequestRedirectParams

from connectors.hosts import ForbiddenHostError, require_allowed


class GuardedConnector(aiohttp.TCPConnector):
    """Connects to allowed hosts, and to no proxy; raises ForbiddenHostError otherwise."""

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:
        """Check where a request goes, then connect."""
        if req.proxy:
            raise ForbiddenHostError("signed requests take no proxy")
        require_allowed(str(req.url))
        return await super().connect(req, traces, timeout)


class RedirectError(aiohttp.ClientConnectionError):
    """The venue named another address: what became of the request is not known."""


async def _redirected(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, params: TraceRequestRedirectParams
) -> None:
    raise RedirectError(f"{params.url.host} answered with a redirect, which is not followed")


def guarded_session() -> aiohttp.ClientSession:
    """Return a session for signed requests; to be made in the running loop, and closed."""
    trace = TraceConfig()
    trace.on_request_redirect.append(_redirected)
    context = ssl.create_default_context(cafile=certifi.where())
    return aiohttp.ClientSession(
        connector=GuardedConnector(ssl=context),
        trace_configs=[trace],
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def guarded(exchange: type[Any]) -> type[Any]:
    """Return a class of ccxt with every request checked before it is even prepared."""

    class Guarded(exchange):  # type: ignore[misc]
        """Sends nothing to a host that is not on the list."""

        async def fetch(
            self, url: str, method: str = "GET", headers: Any = None, body: Any = None
        ) -> Any:
            """Check the address, then send."""
            require_allowed(url)
            return await super().fetch(url, method, headers, body)

        def client(self, url: str) -> Any:
            """Check the address of a stream, then return its client."""
            require_allowed(url)
            return super().client(url)

    return Guarded
