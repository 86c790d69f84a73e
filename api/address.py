"""Where the door is: a Unix socket, made so that nobody else can open it or take it over."""

import asyncio
import errno
import fcntl
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from .errors import DoorError, DoorPathError, DoorPermissionError, DoorTakenError

#: The kernel's bound on the address of a Unix socket, without the closing zero.
PATH_BYTES_MAX = 107

#: Connections that wait to be accepted.
BACKLOG = 16

_LOCK_TRIES = 40
_LOCK_PAUSE_S = 0.05


def check_path(path: Path) -> None:
    """Raise DoorPathError for a path that cannot be the address of a socket."""
    size = len(os.fsencode(path))
    if b"\0" in os.fsencode(path):
        raise DoorPathError(f"{str(path)!r}: a path holds no zero byte")
    if size > PATH_BYTES_MAX:
        raise DoorPathError(
            f"{path}: {size} bytes, but the path of a Unix socket has at most {PATH_BYTES_MAX};"
            " choose a shorter one"
        )


async def listen(path: Path) -> socket.socket:
    """Return a socket that listens at `path`, mode 0600; the socket of a dead daemon is replaced.

    Raises DoorTakenError where a daemon answers, DoorPathError where something else stands or the
    folder is missing or stays locked, DoorPermissionError where this user may not.
    """
    check_path(path)
    try:
        async with _locked(path.parent):
            _clear(path)
            return _bind(path)
    except PermissionError as error:
        raise DoorPermissionError(f"{path}: {error.strerror}") from None
    except OSError as error:
        raise DoorPathError(f"{path}: {error.strerror or error}") from None


def remove(path: Path, made: os.stat_result) -> None:
    """Remove the socket that `listen` made, unless something else stands there by now."""
    try:
        if os.path.samestat(path.lstat(), made):
            path.unlink()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise DoorError(f"{path}: the socket stays behind: {error.strerror}") from None


@asynccontextmanager
async def _locked(folder: Path) -> AsyncIterator[None]:
    """Hold the folder, so that of two daemons that find a dead socket only one replaces it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for _ in range(_LOCK_TRIES):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(_LOCK_PAUSE_S)
        else:
            raise DoorPathError(f"{folder}: another process keeps the folder locked")
        yield
    finally:
        os.close(handle)


def _clear(path: Path) -> None:
    """Remove the socket of a dead daemon; DoorTakenError or DoorPathError for anything else."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise DoorPathError(f"{path}: stands there and is not a socket; it is left alone")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        code = probe.connect_ex(os.fsencode(path))
    # EAGAIN: somebody listens whose backlog is full.
    if code in (0, errno.EAGAIN, errno.EINPROGRESS):
        raise DoorTakenError(f"{path}: a daemon already answers there; stop it or use another path")
    if code != errno.ECONNREFUSED:
        raise OSError(code, os.strerror(code))
    path.unlink(missing_ok=True)


def _bind(path: Path) -> socket.socket:
    """Bind and listen in one go: a socket that is bound but does not listen looks dead."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        # The mode comes from the mask: there is no moment at which others could connect.
        before = os.umask(0o177)
        try:
            made.bind(os.fsencode(path))
        finally:
            os.umask(before)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made
