"""The control door of the simulated venues: HTTP on a Unix socket, as that of the daemon.

GET  /status  /spell  /truth              what the view says, as JSON
     /level3/INSTRUMENT/ORDERS            each resting order, so many of each side at most
POST /watch   {"venue": …}                {"accepted": …, "reason": …, "listings": […]}
POST /unwatch                             {"accepted": true}
POST /fault   {"venue": …, "kind": …, …}  {"accepted": …, "reason": …}, also when not
"""

from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from .app import answer, read_body
from .door import UnixDoor, reader
from .route import BadRequestError
from .world_view import WorldView

_FIELDS = ("kind", "seconds", "rate", "amount_ms", "channel", "seed")


class WorldDoor(UnixDoor):
    """Serves a world's view at a path."""

    def __init__(self, view: WorldView, path: str | Path) -> None:
        super().__init__(path)
        self._view = view

    def _add_routes(self, app: web.Application) -> None:
        view = self._view
        app.router.add_get("/status", reader(view.status), allow_head=False)
        app.router.add_get("/spell", reader(view.spell), allow_head=False)
        app.router.add_get("/truth", reader(view.truth), allow_head=False)
        app.router.add_get("/level3/{instrument}/{orders}", self._level3, allow_head=False)
        app.router.add_post("/watch", self._watch)
        app.router.add_post("/unwatch", reader(view.unwatch))
        app.router.add_post("/fault", self._fault)

    async def _level3(self, request: web.Request) -> web.Response:
        given = request.match_info
        orders = given["orders"]
        if not (orders.isascii() and orders.isdecimal() and len(orders) <= 4):
            raise BadRequestError(f"orders: {orders[:20]!r} is not a whole number")
        found = self._view.level3(given["instrument"], int(orders))
        if found is None:
            raise BadRequestError(f"no instrument {given['instrument'][:64]!r} is there", 404)
        return answer(found)

    async def _watch(self, request: web.Request) -> web.Response:
        return answer(self._view.watch(_venue_of(await _object(request))))

    async def _fault(self, request: web.Request) -> web.Response:
        given = await _object(request)
        venue = _venue_of(given)
        unknown = set(given) - {"venue", *_FIELDS}
        if unknown:
            raise BadRequestError(f"unknown: {', '.join(sorted(unknown))}")
        return answer(self._view.fault(venue, {k: v for k, v in given.items() if k != "venue"}))


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        given = orjson.loads(await read_body(request))
    except orjson.JSONDecodeError as error:
        raise BadRequestError(f"the body is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise BadRequestError("the body must be an object")
    return given


def _venue_of(given: dict[str, Any]) -> str:
    venue = given.get("venue")
    if not isinstance(venue, str):
        raise BadRequestError("venue: must be text")
    return venue
