"""Health says whether the loop turns, readiness whether every book can be relied on."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from api.health import STILL_S_MAX, Health
from books.state import Reason
from tests.api.measured import Measured, traded


class Monotonic:
    def __init__(self):
        self.ns = 10**12

    def __call__(self):
        return self.ns


async def asked(process, path, monotonic=None):
    app = web.Application()
    Health(process, monotonic or Monotonic()).mount(app)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get(path)
        return answer.status, await answer.json()


async def test_a_loop_that_turns_is_alive():
    process, monotonic = Measured(), Monotonic()
    assert await asked(process, "/healthz", monotonic) == (
        200,
        {"alive": True, "turned_seconds_ago": None, "inputs": 0},
    )
    process.lag.turned_ns = monotonic.ns - 40_000_000
    assert (await asked(process, "/healthz", monotonic))[1]["turned_seconds_ago"] == 0.04


async def test_a_loop_that_stood_still_of_late_is_not():
    process, monotonic = Measured(), Monotonic()
    process.lag.turned_ns = monotonic.ns - round((STILL_S_MAX + 0.1) * 1e9)
    status, said = await asked(process, "/healthz", monotonic)
    assert (status, said["alive"]) == (503, False)


async def test_all_books_live_and_usable_is_ready():
    process = traded()
    assert await asked(process, "/readyz") == (
        200,
        {"ready": True, "books": len(process.node.books), "usable": 5, "reasons": {}},
    )


async def test_a_book_that_is_not_live_makes_it_not_ready_and_is_named():
    process = traded()
    node = process.node
    node._changed(1, node.books[1].condemn(Reason.GAP, "10 is not 9"))
    status, said = await asked(process, "/readyz")
    assert status == 503
    assert said["reasons"] == {node.instruments[1].id: "gap 10 is not 9"}
    assert said["usable"] == len(node.books) - 1


async def test_a_live_book_that_fell_silent_makes_it_not_ready(monkeypatch):
    """Nothing came for a minute: every book is live still, and none may be used."""
    process = traded()
    now = process.node.now + 60_000_000_000
    monkeypatch.setattr(process.clock, "now_ns", lambda: now)
    status, said = await asked(process, "/readyz")
    assert status == 503
    assert set(said["reasons"].values()) == {"silent"}
    assert said["usable"] == 0


async def test_nothing_watched_is_not_ready():
    assert await asked(Measured(), "/readyz") == (
        503,
        {"ready": False, "books": 0, "usable": 0, "reasons": {}},
    )


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_other_methods_are_not_allowed(path):
    app = web.Application()
    Health(Measured()).mount(app)
    async with TestClient(TestServer(app)) as client:
        assert (await client.post(path)).status == 405
