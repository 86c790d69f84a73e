"""The control door: HTTP on a Unix socket, for the verbs about a running daemon.

GET  /status  /books?levels=N  /edges  /connections    what the view says, as JSON
     /orders  /positions  /risk  /pnl  /schedules
     /metrics  /healthz  /readyz                       see api.metrics and api.health
POST /command {"name": …, "argument": …}               {"accepted": …, "reason": …}, also when not
POST /stop                                             {"stopping": true}
     /v1/…                                             the API, see docs/api.md

Whatever is wrong with a request is answered {"error": "…"} with a 4xx status.
"""

import asyncio
import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from .address import listen, remove
from .api import Api
from .app import BODY_BYTES_MAX, Handler, answer, errors_as_json, read_body
from .errors import DoorError
from .gate import DOOR, LocalGate
from .route import BadRequestError
from .site import BoundedSite
from .view import COMMAND_ARGUMENT_MAX, COMMAND_NAME_MAX, LEVELS_MAX, DaemonView

#: Connections at a time, and levels unless asked.
CONNECTIONS_MAX = 32
LEVELS_DEFAULT = 10

#: An answer that nobody fetches is dropped after this.
_SHUTDOWN_SECONDS = 1.0
_STOP_SECONDS_MAX = 3.0


class UnixDoor(ABC):
    """Serves routes at a path. `start` once, `stop` once; both end in a few seconds at most."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._runner: web.AppRunner | None = None
        self._made: os.stat_result | None = None

    async def start(self) -> None:
        """Open the door; DoorError says why it cannot be (see `api.address.listen`)."""
        if self._runner is not None:
            raise RuntimeError("the door is open already")
        bound = await listen(self.path)
        self._made = self.path.lstat()
        app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[errors_as_json])
        self._add_routes(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        self._runner = runner
        # aiohttp's own site would remove what stands there.
        loop = asyncio.get_running_loop()
        listening = partial(loop.create_unix_server, sock=bound)
        await BoundedSite(runner, listening, CONNECTIONS_MAX).start()

    async def stop(self) -> None:
        """Close the door and remove its socket; an answer under way is finished first.

        DoorError says that the socket stays behind or that connections do; the door is closed.
        """
        runner, self._runner = self._runner, None
        if runner is None or self._made is None:
            return
        try:
            # Nobody new comes in from here on, and the next daemon may have the path.
            remove(self.path, self._made)
        finally:
            await self._close(runner)

    async def _close(self, runner: web.AppRunner) -> None:
        try:
            async with asyncio.timeout(_STOP_SECONDS_MAX):
                await runner.cleanup()
        except TimeoutError:
            raise DoorError(f"{self.path}: connections did not close in time") from None

    @abstractmethod
    def _add_routes(self, app: web.Application) -> None:
        """Add the routes."""


class Door(UnixDoor):
    """Serves a daemon's view at a path, and the routes of the API beside it."""

    def __init__(self, view: DaemonView, path: str | Path, api: Api | None = None) -> None:
        super().__init__(path)
        self._view = view
        self._api = api
        self._gate = LocalGate(api.audit if api is not None else None)

    def _add_routes(self, app: web.Application) -> None:
        view = self._view
        if self._api is not None:
            self._api.serve(app, self._gate)
        for path, method in (
            ("/status", view.status),
            ("/edges", view.edges),
            ("/connections", view.connections),
            ("/orders", view.orders),
            ("/positions", view.positions),
            ("/risk", view.risk),
            ("/pnl", view.pnl),
            ("/schedules", view.schedules),
        ):
            app.router.add_get(path, reader(method), allow_head=False)
        app.router.add_get("/books", self._books, allow_head=False)
        app.router.add_post("/command", self._command)
        app.router.add_post("/stop", self._stop)

    async def _books(self, request: web.Request) -> web.Response:
        given = request.query.get("levels", str(LEVELS_DEFAULT))
        # `isdecimal` alone would let digits of other scripts and numbers of any length through.
        if not (given.isascii() and given.isdecimal() and len(given) <= 4):
            raise BadRequestError(f"levels: {given[:20]!r} is not a whole number")
        levels = int(given)
        if levels > LEVELS_MAX:
            raise BadRequestError(f"levels: {levels} is not within 0 and {LEVELS_MAX}")
        return answer(self._view.books(levels))

    async def _command(self, request: web.Request) -> web.Response:
        body = await read_body(request)
        name, argument = _command_of(body)
        told = self._view.command(name, argument)
        self._gate.note(DOOR, "command", request.path, body, told.get("reason", ""))
        return answer(told)

    async def _stop(self, request: web.Request) -> web.Response:
        self._gate.note(DOOR, "stop", request.path, b"", "")
        self._view.stop()
        return answer({"stopping": True})


def reader(method: Callable[[], Any]) -> Handler:
    """Return a handler that answers what a method says."""

    async def handle(request: web.Request) -> web.StreamResponse:  # noqa: ARG001
        return answer(method())

    return handle


def _command_of(body: bytes) -> tuple[str, str]:
    """Return name and argument of a command's body; raises BadRequestError."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequestError(f"the body is not JSON: {error}") from None
    if not isinstance(given, dict) or set(given) != {"name", "argument"}:
        raise BadRequestError('the body must be {"name": "…", "argument": "…"}')
    for key, limit in (("name", COMMAND_NAME_MAX), ("argument", COMMAND_ARGUMENT_MAX)):
        if not isinstance(given[key], str):
            raise BadRequestError(f"{key}: must be text")
        if len(given[key]) > limit:
            raise BadRequestError(f"{key}: longer than {limit} characters")
    return given["name"], given["argument"]
