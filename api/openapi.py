"""The description of the API in OpenAPI 3.1, made from the table of routes and from types."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from .route import Route
from .schemas import Problem

_REF: Final = "#/components/schemas/{name}"
_SUMMARIES: Final = {
    "market": "Instruments, quotes, books, trades, edges and opportunities",
    "trading": "Orders, schedules, fills, positions, profit and loss",
    "risk": "Risk state, limits and switches",
    "system": "The process, its configuration, and faults of simulated venues",
    "stream": "The WebSocket",
}
#: What each refusal means; every route may refuse by those of _EVERYWHERE.
_REFUSALS: Final = {
    400: "The request is wrong",
    401: "A token is needed",
    403: "The token has not the scope, or the request comes from where it may not",
    404: "There is no such thing",
    408: "The body did not arrive in time",
    409: "It means nothing now; the error says why",
    413: "The body is too large",
    421: "The host's name is none of ours",
    426: "The stream is a WebSocket",
    429: "Too many requests; Retry-After says when",
    502: "The simulated venues did not answer",
    503: "Too many clients",
}
_EVERYWHERE: Final = (400, 401, 403, 421, 429)
_WITH_BODY: Final = (408, 413)


def describe(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """Return the document."""
    held = list(routes)
    types = [Problem, *(route.answer for route in held)]
    types += [route.body for route in held if route.body is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    named = dict(zip(map(repr, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in held:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, named)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Crossquote",
            "version": version,
            "description": "Prices, sizes and money are exact decimal text; times are whole"
            " nanoseconds since the epoch, UTC. Every list has a `limit`, and a `cursor` for what"
            " follows.",
        },
        "tags": [{"name": name, "description": text} for name, text in _SUMMARIES.items()],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        # Without any token on loopback none is needed.
        "security": [{}, {"token": []}],
    }


def _operation(route: Route, named: dict[str, Any]) -> dict[str, Any]:
    refusals = {*_EVERYWHERE, *route.refusals}
    if route.body is not None:
        refusals.update(_WITH_BODY)
    found: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [
            {
                "name": one.name,
                "in": "path" if one in route.in_path else "query",
                "required": one in route.in_path,
                "description": one.description,
                "schema": one.schema(),
            }
            for one in route.parameters
        ],
        "responses": {
            **_done(route, named),
            **{str(code): _refusal(code, named) for code in sorted(refusals)},
        },
    }
    if route.changes:
        found["description"] = (
            "Changes something. Without a token on loopback it needs the header `X-Crossquote: 1`,"
            " which no page of another origin can send; with one, the scope `trade`."
        )
    if route.body is not None:
        content = {"application/json": {"schema": named[repr(route.body)]}}
        found["requestBody"] = {"required": route.body_needed, "content": content}
    return found


def _done(route: Route, named: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": named[repr(route.answer)]}}
    return {"200": {"description": route.summary, "content": content}}


def _refusal(code: int, named: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": named[repr(Problem)]}}
    return {"description": _REFUSALS[code], "content": content}
