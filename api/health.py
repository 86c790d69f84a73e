"""Whether the daemon lives, and whether its books can be relied on: for supervisors.

GET /healthz   200 while the event loop turns, 503 when it stood still of late
GET /readyz    200 when every watched book is live and its quote may be used, 503 with what is not
"""

import time
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from books.grade import UNUSABLE, Grade

from .metrics import Admit
from .metrics_source import Process

#: The loop measures itself twenty times a second: for so long without it counts as standing still.
STILL_S_MAX = 5.0

#: Books named in one answer; the others are counted.
NAMED_MAX = 100


class Health:
    """Serves the two routes."""

    def __init__(
        self, process: Process, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._process = process
        self._monotonic_ns = monotonic_ns

    def mount(self, app: web.Application, admit: Admit | None = None) -> None:  # noqa: ARG002
        """Add the routes to an application, for everybody: supervisors have no token."""
        app.router.add_get("/healthz", self._healthz, allow_head=False)
        app.router.add_get("/readyz", self._readyz, allow_head=False)

    def alive(self) -> dict[str, Any]:
        """Return `alive`, `turned_seconds_ago` (None before the first turn) and `inputs`."""
        turned_ns = self._process.lag.turned_ns
        ago_s = (self._monotonic_ns() - turned_ns) / 1e9 if turned_ns else None
        return {
            "alive": ago_s is None or ago_s <= STILL_S_MAX,
            "turned_seconds_ago": None if ago_s is None else round(ago_s, 3),
            "inputs": self._process.node.inputs,
        }

    def ready(self) -> dict[str, Any]:
        """Return `ready`, how many `books` are watched and `usable`, and `reasons` by instrument.

        A daemon that watches nothing is not ready.
        """
        node, now = self._process.node, self._process.clock.now_ns()
        reasons: dict[str, str] = {}
        for slot, instrument in enumerate(node.instruments):
            grade = node.l1.grade(slot, now) & UNUSABLE
            book = node.books[slot]
            if not book.live:
                reasons[instrument.id] = " ".join(filter(None, (book.reason_label, book.detail)))
            elif grade:
                reasons[instrument.id] = ", ".join(Grade(grade).labels)
        count = len(node.instruments)
        return {
            "ready": bool(count) and not reasons,
            "books": count,
            "usable": count - len(reasons),
            "reasons": dict(list(reasons.items())[:NAMED_MAX]),
        }

    async def _healthz(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return _answer(self.alive(), "alive")

    async def _readyz(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return _answer(self.ready(), "ready")


def _answer(said: dict[str, Any], key: str) -> web.Response:
    return web.Response(
        status=200 if said[key] else 503,
        body=orjson.dumps(said),
        content_type="application/json",
    )
