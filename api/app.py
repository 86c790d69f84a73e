"""The aiohttp application of the API, made from the table of routes."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import orjson
from aiohttp import web

from .gate import Caller, Gate
from .host import Host
from .route import BadRequestError, Call, RefusedError, Route, Scope
from .timing import Timing

#: Bytes of a request's body, and how long it may take to arrive.
BODY_BYTES_MAX = 4_096
BODY_SECONDS_MAX = 2.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(
    app: web.Application, routes: Iterable[Route], host: Host, gate: Gate, timing: Timing
) -> None:
    """Serve routes to whom the gate lets in."""
    for route in routes:
        app.router.add_route(route.method, route.path, _served(route, host, gate, timing))


def _served(route: Route, host: Host, gate: Gate, timing: Timing) -> Handler:
    """Return what aiohttp calls for a route."""
    waits = inspect.iscoroutinefunction(route.handle)

    async def handle(request: web.Request) -> web.StreamResponse:
        caller = gate.admit(request, route.scope, changes=route.changes)
        body = await read_body(request) if request.can_read_body else b""
        began = time.perf_counter_ns()
        try:
            values = route.values(request.match_info, list(request.query.items()))
            call = Call(host, caller.name, values, route.decode(body), host.now_ns())
            found = route.handle(call)
            response = answer(await found if waits else found)
        except RefusedError as error:
            _note(gate, route, caller, request, body, str(error))
            raise
        _note(gate, route, caller, request, body, "")
        if not waits:
            timing.note(time.perf_counter_ns() - began)
        return response

    return handle


def _note(
    gate: Gate, route: Route, caller: Caller, request: web.Request, body: bytes, refusal: str
) -> None:
    """Put a call that changes something on record, also when it was refused."""
    if route.changes:
        gate.note(caller, route.name, request.path_qs, body, refusal)


def add_description(app: web.Application, document: bytes, gate: Gate) -> None:
    """Serve the description of the API."""

    async def handle(request: web.Request) -> web.Response:
        gate.admit(request, Scope.READ, changes=False)
        return web.Response(body=document, content_type="application/json")

    app.router.add_get("/openapi.json", handle, allow_head=False)


async def read_body(request: web.Request) -> bytes:
    """Return the body of a request; BadRequestError for one that does not arrive in time."""
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            return await request.read()
    except TimeoutError:
        late = f"the body did not arrive within {BODY_SECONDS_MAX:g} s"
        raise BadRequestError(late, status=408) from None


def answer(data: Any) -> web.Response:
    """Return data as JSON."""
    return web.Response(body=orjson.dumps(data), content_type="application/json")


def error_answer(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """Return a refusal as JSON."""
    return web.Response(
        status=status,
        body=orjson.dumps({"error": message}),
        content_type="application/json",
        headers=headers,
    )


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every refusal in JSON; a view that raises is a bug, which aiohttp logs as 500."""
    try:
        return await handler(request)
    except RefusedError as error:
        return error_answer(error.status, str(error), error.headers)
    except web.HTTPRequestEntityTooLarge:
        return error_answer(413, f"the body is larger than {BODY_BYTES_MAX} bytes")
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        return error_answer(
            405, f"{request.path} takes {allowed}, not {request.method}", {"Allow": allowed}
        )
    except web.HTTPNotFound:
        routes = {
            route.resource.canonical for route in request.app.router.routes() if route.resource
        }
        known = " ".join(sorted(routes))
        return error_answer(404, f"there is no {request.path[:100]}; there are {known}")
