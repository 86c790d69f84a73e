"""Where the door stands: modes, dead sockets, live ones, and what is no socket."""

import errno
import fcntl
import os
import socket
import stat

import pytest

from api.address import PATH_BYTES_MAX
from api.client import DoorClient
from api.door import Door
from api.errors import DoorError, DoorPathError, DoorPermissionError, DoorTakenError


def dead_socket(path):
    """Leave a socket behind as a killed daemon does."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))


async def test_the_socket_is_for_its_owner_alone_whatever_the_mask(view, path):
    before = os.umask(0)
    try:
        door = Door(view, path)
        await door.start()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert os.umask(0) == 0, "the mask is as it was"
        await door.stop()
    finally:
        os.umask(before)


async def test_the_socket_is_removed_on_stop_and_a_second_stop_does_nothing(view, path):
    door = Door(view, path)
    await door.start()
    await door.stop()
    await door.stop()
    assert not path.exists()


async def test_the_socket_of_a_dead_daemon_is_replaced(view, path):
    dead_socket(path)
    door = Door(view, path)
    await door.start()
    assert path.is_socket()
    await door.stop()


async def test_a_second_door_is_refused_and_the_first_one_stays(door, view, path):
    with pytest.raises(DoorTakenError, match="already answers"):
        await Door(view, path).start()
    assert path.is_socket()


async def test_a_listener_whose_backlog_is_full_counts_as_alive(view, path):
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(path))
        busy.listen(0)
        waiting = []
        try:
            while True:
                one = socket.socket(socket.AF_UNIX)
                waiting.append(one)
                one.setblocking(False)
                if one.connect_ex(str(path)) != 0:
                    break
            with pytest.raises(DoorTakenError):
                await Door(view, path).start()
        finally:
            for one in waiting:
                one.close()


async def test_a_file_at_the_path_is_left_alone(view, path):
    path.write_text("precious")
    with pytest.raises(DoorPathError, match="not a socket"):
        await Door(view, path).start()
    assert path.read_text() == "precious"


async def test_a_link_to_a_socket_is_left_alone(door, view, tmp_path):
    link = tmp_path / "link.sock"
    link.symlink_to(door.path)
    with pytest.raises(DoorPathError, match="not a socket"):
        await Door(view, link).start()
    assert link.is_symlink()


async def test_what_stands_in_the_place_of_our_socket_by_now_is_not_removed(view, path):
    door = Door(view, path)
    await door.start()
    path.unlink()
    dead_socket(path)
    await door.stop()
    assert path.is_socket()


async def test_a_socket_that_cannot_be_removed_is_an_error_and_the_door_is_closed_all_the_same(
    view, path, monkeypatch
):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    door = Door(view, path)
    await door.start()
    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.unlink", refuse)
        with pytest.raises(DoorError, match="stays behind: Permission denied"):
            await door.stop()
    with socket.socket(socket.AF_UNIX) as probe:
        assert probe.connect_ex(str(path)) == errno.ECONNREFUSED


async def test_a_missing_folder_is_named(view, tmp_path):
    with pytest.raises(DoorPathError, match=r"absent/door\.sock: No such file"):
        await Door(view, tmp_path / "absent" / "door.sock").start()


async def test_a_folder_that_stays_locked_is_an_error_in_bounded_time(view, path, monkeypatch):
    monkeypatch.setattr("api.address._LOCK_TRIES", 2)
    monkeypatch.setattr("api.address._LOCK_PAUSE_S", 0.001)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(DoorPathError, match="locked"):
            await Door(view, path).start()
    finally:
        os.close(handle)
    assert not path.exists()


async def test_a_folder_without_the_right_is_named(view, path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("api.address._bind", refuse)
    with pytest.raises(DoorPermissionError, match="Permission denied"):
        await Door(view, path).start()


@pytest.mark.parametrize("make", [Door, lambda _, path: DoorClient(path)])
async def test_a_path_over_the_limit_of_the_kernel_is_refused_by_number(view, make):
    long = "/tmp/" + "é" * 60
    with pytest.raises(DoorPathError, match=f"125 bytes.*at most {PATH_BYTES_MAX}"):
        await make(view, long).start()


async def test_a_path_at_the_limit_is_served(view, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    door = Door(view, "d" * PATH_BYTES_MAX)
    await door.start()
    assert (tmp_path / ("d" * PATH_BYTES_MAX)).is_socket()
    await door.stop()
