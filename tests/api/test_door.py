"""The routes and the limits of the door, over a real Unix socket."""

import asyncio

import aiohttp
import orjson
import pytest
import uvloop

from api.app import BODY_BYTES_MAX
from api.door import CONNECTIONS_MAX, Door
from api.view import COMMAND_NAME_MAX, LEVELS_MAX

from .fake_view import FakeView


async def ask(path, method, target, **options):
    """Return the status and the JSON of one request."""
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
        session.request(method, f"http://door{target}", **options) as reply,
    ):
        assert reply.content_type == "application/json"
        return reply.status, orjson.loads(await reply.read())


@pytest.mark.parametrize("route", ["status", "edges", "connections", "schedules"])
async def test_a_read_route_answers_what_the_view_says(door, view, route):
    status, data = await ask(door.path, "GET", f"/{route}")
    view.turn -= route == "status"
    assert (status, data) == (200, getattr(view, route)())


@pytest.mark.parametrize(("query", "levels"), [("", 10), ("?levels=0", 0), ("?levels=3", 3)])
async def test_books_hold_as_many_levels_as_asked(door, view, query, levels):
    status, data = await ask(door.path, "GET", f"/books{query}")
    assert status == 200
    assert data == view.books(levels)
    assert len(data[0]["bids"]) == levels


@pytest.mark.parametrize("levels", ["-1", "x", "", "1.5", "٣", "99999", str(LEVELS_MAX + 1)])
async def test_levels_out_of_range_are_refused_by_name(door, levels):
    status, data = await ask(door.path, "GET", f"/books?levels={levels}")
    assert status == 400
    assert data["error"].startswith("levels: ")


async def test_a_command_reaches_the_view_and_its_answer_comes_back(door, view):
    body = {"name": "resync", "argument": "BTC-USD.COINBASE"}
    assert await ask(door.path, "POST", "/command", json=body) == (
        200,
        {"accepted": True, "reason": ""},
    )
    assert view.commands == [("resync", "BTC-USD.COINBASE")]


async def test_a_command_that_is_not_accepted_is_no_error(door):
    body = {"name": "dance", "argument": ""}
    assert await ask(door.path, "POST", "/command", json=body) == (
        200,
        {"accepted": False, "reason": "unknown command dance"},
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "must be"),
        (b'{"name": "resync"}', "must be"),
        (b'{"name": "resync", "argument": "", "more": 1}', "must be"),
        (b'{"name": 1, "argument": ""}', "name: must be text"),
        (b'{"name": "resync", "argument": null}', "argument: must be text"),
        (b'{"name": "%b", "argument": ""}' % (b"x" * (COMMAND_NAME_MAX + 1)), "name: longer"),
        (b'{"name": "resync", "argument": "%b"}' % (b"x" * 257), "argument: longer"),
    ],
)
async def test_a_malformed_command_is_refused_and_never_reaches_the_view(door, view, body, said):
    status, data = await ask(door.path, "POST", "/command", data=body)
    assert status == 400
    assert said in data["error"]
    assert view.commands == []


async def test_a_body_over_the_limit_is_refused(door, view):
    status, data = await ask(door.path, "POST", "/command", data=b" " * (BODY_BYTES_MAX + 1))
    assert status == 413
    assert str(BODY_BYTES_MAX) in data["error"]
    assert view.commands == []


async def test_a_body_that_does_not_arrive_is_given_up(door, monkeypatch):
    monkeypatch.setattr("api.app.BODY_SECONDS_MAX", 0.05)
    reader, writer = await asyncio.open_unix_connection(str(door.path))
    writer.write(b"POST /command HTTP/1.1\r\nHost: door\r\nContent-Length: 9\r\n\r\n{")
    async with asyncio.timeout(30):
        assert b" 408 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_stop_is_passed_on_and_answered(door, view):
    assert await ask(door.path, "POST", "/stop") == (200, {"stopping": True})
    assert view.stopped == 1


async def test_an_unknown_route_is_404_and_names_the_routes(door):
    status, data = await ask(door.path, "GET", "/nowhere")
    assert status == 404
    assert "/nowhere" in data["error"]
    assert "/status" in data["error"]


@pytest.mark.parametrize(
    ("method", "target"), [("POST", "/status"), ("DELETE", "/books"), ("GET", "/stop")]
)
async def test_a_wrong_method_is_405_and_names_the_right_one(door, view, method, target):
    status, data = await ask(door.path, method, target)
    assert status == 405
    assert data["error"] == f"{target} takes {'GET' if method != 'GET' else 'POST'}, not {method}"
    assert view.stopped == 0


async def test_one_connection_too_many_is_told_so_and_others_go_on(door):
    held = [await asyncio.open_unix_connection(str(door.path)) for _ in range(CONNECTIONS_MAX)]
    try:
        status, data = await ask(door.path, "GET", "/status")
        assert status == 503
        assert str(CONNECTIONS_MAX) in data["error"]
        reader, writer = held[0]
        writer.write(b"GET /status HTTP/1.1\r\nHost: door\r\n\r\n")
        async with asyncio.timeout(30):
            assert b" 200 " in await reader.readline()
    finally:
        for _, writer in held:
            writer.close()
            await writer.wait_closed()


async def test_a_stalled_connection_does_not_hold_up_the_stop(view, path):
    door = Door(view, path)
    await door.start()
    _, writer = await asyncio.open_unix_connection(str(path))
    writer.write(b"POST /command HTTP/1.1\r\nHost: door\r\nContent-Length: 9\r\n\r\n{")
    await writer.drain()
    assert (await ask(path, "GET", "/status"))[0] == 200
    async with asyncio.timeout(30):
        await door.stop()
    assert not path.exists()
    writer.close()
    await writer.wait_closed()


def test_the_door_serves_on_uvloop_as_the_daemon_runs_it(path):
    async def session():
        door = Door(FakeView(), path)
        await door.start()
        answer = await ask(path, "GET", "/status")
        await door.stop()
        return answer

    status, data = uvloop.run(session())
    assert (status, data["pid"]) == (200, 4711)
    assert not path.exists()


async def test_a_view_that_cannot_be_written_as_json_is_a_server_error(view, path, caplog):
    view.extra = {"size": 1 << 70}
    door = Door(view, path)
    await door.start()
    try:
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
            session.get("http://door/status") as reply,
        ):
            assert reply.status == 500
    finally:
        await door.stop()
    assert "Error handling request" in caplog.text
