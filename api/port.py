"""The public way in: the API on a TCP port, on loopback unless tokens guard it."""

import asyncio
import errno
from functools import partial

from aiohttp import web

from .api import Api
from .app import BODY_BYTES_MAX, errors_as_json
from .errors import DoorError, DoorTakenError
from .gate import Gate, is_loopback
from .live_page import add_page
from .site import BoundedSite

#: An answer that nobody fetches is dropped after this.
_SHUTDOWN_SECONDS = 1.0
_BACKLOG = 128
#: Connections at a time, those of the stream included.
CONNECTIONS_MAX = 512


class UnguardedError(DoorError):
    """Others than this machine could come in, and no token would stop them."""


def check_guarded(host: str, *, tokens: bool) -> None:
    """Raise UnguardedError for an address beyond loopback without a token."""
    if not is_loopback(host) and not tokens:
        raise UnguardedError(
            f"api.host: {host} can be reached by others, and there is no token; make one with"
            " `crossquote token add NAME --scope read`, or listen at 127.0.0.1"
        )


class Port:
    """Serves the API at an address. `start` once, `stop` once; port 0 takes any free one."""

    def __init__(self, api: Api, gate: Gate, host: str, port: int) -> None:
        self._api = api
        self._gate = gate
        self._host = host
        self.port = port
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        """Where it is served, for people."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    async def start(self) -> None:
        """Open the port; DoorTakenError where another has it, DoorError where it cannot be."""
        app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[errors_as_json])
        self._api.serve(app, self._gate)
        add_page(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        loop = asyncio.get_running_loop()
        listening = partial(loop.create_server, host=self._host, port=self.port, backlog=_BACKLOG)
        site = BoundedSite(runner, listening, CONNECTIONS_MAX)
        try:
            await site.start()
        except OSError as error:
            await runner.cleanup()
            if error.errno == errno.EADDRINUSE:
                raise DoorTakenError(
                    f"{self.address}: another program listens there; api.port chooses another"
                    " one, 0 any that is free"
                ) from None
            raise DoorError(f"{self.address}: {error.strerror or error}") from None
        self._runner = runner
        self.port = runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the port and every connection."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
