"""Faults of REST: answers that tell to wait, and snapshots that are older than they should be."""

import re
import time
from collections import OrderedDict

import orjson
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

KEPT_REPLIES = 64
KEPT_BYTES = 1 << 20
#: Requests that were under way when the first refusal was sent are no sign of carrying on.
UNDER_WAY_S = 0.25

_SNAPSHOT = re.compile(r"/depth$|/product_book$|/products/[^/]+/book$")


class HttpFaults:
    """Stands before every REST answer of a venue.

    The newest answer of each snapshot path is kept, at most 64 of them: a venue whose cache hangs
    answers with what it had.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._limited_until_s = 0.0
        self._told_s = 0.0
        self.stale = False
        self.stale_served = 0
        self.limited = 0
        self.carried_on = 0

    def limit(self, seconds: float) -> None:
        """Answer every request with 429 from now on for some seconds."""
        self._limited_until_s = time.monotonic() + seconds
        self._told_s = 0.0

    def unlimit(self) -> None:
        """Answer again."""
        self._limited_until_s = 0.0

    def middleware(self) -> Middleware:
        """Return what aiohttp calls for each request."""

        @web.middleware
        async def meet(request: web.Request, handler: Handler) -> web.StreamResponse:
            if hdrs.UPGRADE in request.headers:
                return await handler(request)
            left_s = self._limited_until_s - time.monotonic()
            if left_s > 0.0:
                return self._refuse(request.path, left_s)
            if request.method != "GET" or not _SNAPSHOT.search(request.path):
                return await handler(request)
            kept = self._kept.get(request.path_qs)
            if self.stale and kept is not None:
                self.stale_served += 1
                return web.Response(body=kept, content_type="application/json")
            response = await handler(request)
            self._keep(request.path_qs, response)
            return response

        return meet

    def _keep(self, path: str, response: web.StreamResponse) -> None:
        body = response.body if isinstance(response, web.Response) else None
        if response.status != 200 or not isinstance(body, bytes) or len(body) > KEPT_BYTES:
            return
        self._kept[path] = body
        self._kept.move_to_end(path)
        if len(self._kept) > KEPT_REPLIES:
            self._kept.popitem(last=False)

    def _refuse(self, path: str, left_s: float) -> web.Response:
        now_s = time.monotonic()
        self.limited += 1
        if not self._told_s:
            self._told_s = now_s
        elif now_s > self._told_s + UNDER_WAY_S:
            self.carried_on += 1
        wait_s = int(left_s) + 1
        return web.Response(
            status=429,
            body=_too_many(path),
            content_type="application/json",
            headers={"Retry-After": str(wait_s)},
        )


def _too_many(path: str) -> bytes:
    if path.startswith("/api/v3/") and not path.startswith("/api/v3/brokerage"):
        text = "Too much request weight used; current limit is 6000 request weight per 1 MINUTE."
        return orjson.dumps({"code": -1003, "msg": text})
    row = {"id": "rate_limit_exceeded", "message": "Too many requests"}
    return orjson.dumps({"errors": [row], "message": "Public rate limit exceeded"})
