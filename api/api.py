"""The API as a whole: its routes and its stream, served through one door or several."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

import orjson
from aiohttp import web

from .app import add_description, add_routes
from .audit_log import AuditLog
from .gate import Gate
from .host import Host
from .metrics import Admit
from .openapi import describe
from .route import Scope
from .stream import Stream
from .stream_socket import add_stream
from .table import ROUTES

#: Adds further routes to an application; the second argument lets requests in that may read.
Mount = Callable[[web.Application, Admit], None]


class Api:
    """Everything but the doors. `start` and `stop` its stream's clock around them.

    `mounts` add routes that are no part of the described API, such as those of the metrics.
    """

    def __init__(
        self, host: Host, audit: AuditLog | None = None, mounts: Iterable[Mount] = ()
    ) -> None:
        self.audit = audit
        self._mounts = tuple(mounts)
        self.stream = Stream(host)
        self._host = host
        self._document = orjson.dumps(describe(ROUTES, host.version))
        self._task: asyncio.Task[None] | None = None

    def serve(self, app: web.Application, gate: Gate) -> None:
        """Add every route to an application, for whom the gate lets in."""
        add_routes(app, ROUTES, self._host, gate, self._host.timing)
        add_stream(app, self.stream, gate)
        add_description(app, self._document, gate)
        for mount in self._mounts:
            mount(app, partial(gate.admit, scope=Scope.READ, changes=False))

    def start(self) -> None:
        """Begin to serve the stream."""
        self._task = asyncio.ensure_future(self.stream.run())

    async def stop(self) -> None:
        """End the stream's clock; raises what it failed with."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
        finally:
            self.stream.close()
