"""The client of the door: what it returns, and what it says when something is wrong."""

import asyncio
import socket

import pytest

from api.client import DoorClient
from api.door import Door
from api.errors import (
    DoorError,
    DoorPermissionError,
    DoorRefusedError,
    DoorReplyError,
    DoorTimeoutError,
    NoDaemonError,
)


async def calling(path, call, timeout_seconds=30.0):
    """Run a call of the synchronous client beside the loop that serves it."""

    def work():
        with DoorClient(path, timeout_seconds) as client:
            return call(client)

    return await asyncio.to_thread(work)


async def canned(path, *answers):
    """Serve bytes whatever is asked, one answer a connection, then close it."""
    left = list(answers)

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(left.pop(0))
        writer.close()

    return await asyncio.start_unix_server(serve, str(path))


def reply(body, status=200):
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


async def test_each_call_returns_what_the_view_says(door, view):
    def everything(client):
        books, edges, connections = client.books(2), client.edges(), client.connections()
        return books, edges, connections, client.status()

    books, edges, connections, status = await calling(door.path, everything)
    view.turn = 0
    assert books == view.books(2)
    assert edges == view.edges()
    assert connections == view.connections()
    assert status == view.status()


async def test_commands_and_stop_reach_the_view(door, view):
    accepted = await calling(door.path, lambda client: client.command("resync", "X"))
    assert accepted == {"accepted": True, "reason": ""}
    assert await calling(door.path, lambda client: client.stop()) == {"stopping": True}
    assert (view.commands, view.stopped) == ([("resync", "X")], 1)


async def test_an_error_of_the_daemon_is_passed_on_with_its_status(door):
    with pytest.raises(DoorRefusedError, match="levels: 5000 is not within") as caught:
        await calling(door.path, lambda client: client.books(5000))
    assert caught.value.status == 400


async def test_too_many_connections_are_passed_on_as_said(view, path, monkeypatch):
    monkeypatch.setattr("api.door.CONNECTIONS_MAX", 0)
    door = Door(view, path)
    await door.start()
    with pytest.raises(DoorRefusedError, match="connections are open; try later"):
        await calling(door.path, lambda client: client.status())
    await door.stop()


async def test_a_kept_connection_survives_a_restart_of_the_daemon(view, path):
    client = DoorClient(path, 30.0)
    for _ in range(2):
        door = Door(view, path)
        await door.start()
        assert (await asyncio.to_thread(client.status))["pid"] == 4711
        await door.stop()
    with pytest.raises(NoDaemonError, match="crossquote run"):
        await asyncio.to_thread(client.status)
    client.close()


def test_no_socket_says_how_to_start_a_daemon(path):
    with pytest.raises(NoDaemonError, match=f"no daemon at {path}; start one.*crossquote run"):
        DoorClient(path).status()


def test_a_dead_socket_says_how_to_start_a_daemon(path):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with pytest.raises(NoDaemonError, match="no daemon answers"):
        DoorClient(path).status()


def test_a_folder_on_the_way_that_is_a_file_is_no_daemon(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NoDaemonError):
        DoorClient(tmp_path / "file" / "door.sock").status()


def test_a_socket_of_another_user_is_named(path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("api.client._UnixConnection.connect", refuse)
    with pytest.raises(DoorPermissionError, match="another user"):
        DoorClient(path).status()


def test_any_other_failure_of_the_system_is_named(path, monkeypatch):
    def refuse(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("api.client._UnixConnection.connect", refuse)
    with pytest.raises(DoorError, match="Too many open files"):
        DoorClient(path).status()


def test_a_daemon_that_does_not_answer_is_a_timeout(path):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen(1)
        with pytest.raises(DoorTimeoutError, match=r"within 0\.05 s"):
            DoorClient(path, timeout_seconds=0.05).status()


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (b"220 mail.example ESMTP\r\n", DoorReplyError, "else than HTTP"),
        (b"", NoDaemonError, "no daemon answers"),
        (reply(b"hello"), DoorReplyError, "else than JSON"),
        (reply(b"[1]"), DoorReplyError, "else than an object"),
        (reply(b"oops", 500), DoorRefusedError, "see its log"),
        (reply(b"{}", 400), DoorRefusedError, "status 400"),
        (reply(b"{}")[:-1], DoorReplyError, "else than"),
    ],
)
async def test_a_wrong_answer_is_an_error_that_says_so(path, answer, error, said):
    async with await canned(path, answer):
        with pytest.raises(error, match=said):
            await calling(path, lambda client: client.status())


@pytest.mark.parametrize("call", ["books", "connections"])
async def test_rows_that_are_none_are_an_error(path, call):
    async with await canned(path, reply(b'[{}, "x"]')):
        with pytest.raises(DoorReplyError, match="else than rows"):
            await calling(path, lambda c: c.books(1) if call == "books" else c.connections())


async def test_an_endless_answer_is_cut(path, monkeypatch):
    monkeypatch.setattr("api.client.ANSWER_BYTES_MAX", 10)
    async with await canned(path, reply(b'"' + b"x" * 50 + b'"')):
        with pytest.raises(DoorReplyError, match="more than 10 bytes"):
            await calling(path, lambda client: client.status())


async def test_a_command_is_never_given_twice(path):
    async with await canned(path, reply(b"{}"), reply(b"{}")):

        def twice(client):
            client.status()
            client.stop()

        with pytest.raises(NoDaemonError):
            await calling(path, twice)
