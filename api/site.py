"""A listening place with a bound on its connections: one too many is told so and turned away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import orjson
from aiohttp import web

#: For so long a connection that is turned away stays open.
_FULL_SECONDS = 1.0

#: Begins to listen, given what makes the protocol of a new connection.
Listen = Callable[[Callable[[], asyncio.Protocol]], Awaitable[asyncio.Server]]


class BoundedSite(web.BaseSite):
    """Accepts at most so many connections at a time, by whatever way `listen` opens."""

    def __init__(self, runner: web.AppRunner, listen: Listen, connections_max: int) -> None:
        super().__init__(runner)
        self._listen = listen
        self._most = connections_max

    @property
    def name(self) -> str:
        """What aiohttp prints for it."""
        return "the API"

    async def start(self) -> None:
        """Begin to accept; raises what `listen` does."""
        server = self._runner.server
        assert server is not None

        def accept() -> asyncio.Protocol:
            return server() if len(server.connections) < self._most else _Full(self._most)

        # Only a site that listens is one that the runner may stop.
        self._server = await self._listen(accept)
        await super().start()


class _Full(asyncio.Protocol):
    """Turns one connection too many away."""

    def __init__(self, most: int) -> None:
        self._most = most

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer without waiting for the question, and listen to it for a while.

        Closed at once, the client could fail at sending before it reads why.
        """
        # Those of uvloop are transports without being of asyncio's class.
        self._transport = cast(asyncio.Transport, transport)
        body = orjson.dumps({"error": f"{self._most} connections are open; try later"})
        self._transport.write(
            b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        asyncio.get_running_loop().call_later(_FULL_SECONDS, transport.close)

    def data_received(self, data: bytes) -> None:  # noqa: ARG002
        """The question has come; it is not read."""
        self._transport.close()
