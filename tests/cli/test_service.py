"""What a service manager is told, over a real Unix datagram socket."""

import asyncio
import os
import signal
import socket

import pytest

from cli.service import Service, standing
from tests.daemon.process import DaemonProcess


@pytest.fixture
def manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(30)
        yield listening


def environment(manager, **more):
    return {"NOTIFY_SOCKET": manager.getsockname(), **more}


def words(manager):
    return manager.recv(4096).decode().splitlines()


def test_without_a_manager_there_is_nobody_to_tell():
    assert Service.of({}, 1) is None
    assert Service.of({"NOTIFY_SOCKET": ""}, 1) is None
    assert Service.of({"NOTIFY_SOCKET": "vsock:2:1"}, 1) is None


@pytest.mark.parametrize(
    ("given", "owner", "expected"),
    [
        ("30000000", "7", 30.0),
        ("30000000", "", 30.0),
        ("30000000", "8", None),
        ("0", "7", None),
        ("", "7", None),
        ("soon", "7", None),
        ("9" * 30, "7", 3600.0),
    ],
)
def test_a_watchdog_counts_when_it_is_a_number_and_for_this_process(
    manager, given, owner, expected
):
    service = Service.of(environment(manager, WATCHDOG_USEC=given, WATCHDOG_PID=owner), 7)
    assert service.watchdog_s == expected
    assert service.every_s == (expected / 3 if expected else 10.0)
    service.close()


async def test_ready_is_told_first_and_then_life_from_the_loop(manager):
    service = Service.of(environment(manager, WATCHDOG_USEC="3000"), 1)
    running = asyncio.ensure_future(service.run(lambda: "fine"))
    try:
        first = await asyncio.to_thread(words, manager)
        assert first[0] == "READY=1"
        assert first[2] == "STATUS=fine"
        assert await asyncio.to_thread(words, manager) == ["WATCHDOG=1", "STATUS=fine"]
    finally:
        running.cancel()
    service.stopping()
    while (told := words(manager))[0] == "WATCHDOG=1":
        continue
    assert told == ["STOPPING=1", "STATUS=stopping"]
    service.close()
    assert service.failed == 0


def test_a_manager_that_is_gone_is_counted_and_changes_nothing(tmp_path):
    service = Service.of({"NOTIFY_SOCKET": str(tmp_path / "nobody")}, 1)
    service.tell("READY=1")
    service.close()
    service.tell("WATCHDOG=1")
    assert service.failed == 2


def test_an_abstract_address_is_told_too():
    name = f"crossquote-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name)
        listening.settimeout(10)
        service = Service.of({"NOTIFY_SOCKET": "@" + name}, 1)
        service.tell("READY=1")
        assert listening.recv(100) == b"READY=1"
        service.close()


def test_the_status_counts_live_books():
    assert standing([True, False, True], "sim") == "mode sim, 2 of 3 books live"


async def test_the_daemon_tells_its_manager_from_ready_to_stopping(manager, tmp_path, monkeypatch):
    """And a process that hangs says nothing: the word comes from its event loop."""
    for name, value in environment(manager, WATCHDOG_USEC="300000").items():
        monkeypatch.setenv(name, value)
    with DaemonProcess(tmp_path / "home") as daemon:
        first = await asyncio.to_thread(words, manager)
        assert first[:2] == ["READY=1", f"MAINPID={daemon.pid}"]
        assert await asyncio.to_thread(daemon.status)
        daemon.signal(signal.SIGSTOP)
        drain(manager)
        manager.settimeout(0.5)
        with pytest.raises(TimeoutError):
            words(manager)
        daemon.signal(signal.SIGCONT)
        manager.settimeout(30)
        assert (await asyncio.to_thread(words, manager))[0] == "WATCHDOG=1"
        daemon.signal(signal.SIGTERM)
        code, _ = await daemon.ended()
        assert code == 0
    told = []
    manager.setblocking(False)
    while not told or told[-1] != ["STOPPING=1", "STATUS=stopping"]:
        told.append(words(manager))
    with pytest.raises(BlockingIOError):
        words(manager)


def drain(manager):
    """Read what was sent before the process stopped; it has when two looks find nothing."""
    manager.settimeout(0.1)
    quiet = 0
    while quiet < 2:
        try:
            words(manager)
        except TimeoutError:
            quiet += 1
