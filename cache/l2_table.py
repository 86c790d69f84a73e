"""The table's file as its writer makes it: locked, allocated, built aside, renamed into place."""

import errno
import fcntl
import mmap
import os
import weakref
from pathlib import Path

from .l2_errors import (
    L2AccessError,
    L2FormatError,
    L2FullError,
    L2SpaceError,
    L2WriterExistsError,
)
from .l2_layout import (
    ALL_GRADES,
    HEADER_WORDS,
    LAYOUT_VERSION,
    MAGIC,
    NAME_BYTES_MAX,
    NAME_WORDS,
    WORD_BYTES,
    HeaderWord,
    Layout,
    State,
)
from .l2_process import identify_self

_WORD_MASK = (1 << 64) - 1
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM)
_CREATE = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class TableFile:
    """A table that this process owns, and the lock that says so.

    The lock is an flock, which a child made by fork without exec shares: start children with spawn.

    `path` is the table; `path.lock` carries the lock and stays when the table goes, because a lock
    on a file that is renamed or removed protects nothing. Raises ValueError (counts out of
    range), L2WriterExistsError, L2SpaceError, L2AccessError, or L2FormatError for a file at the
    path that is no table; only the lock's file is left behind then.
    """

    def __init__(
        self,
        path: Path,
        layout: Layout,
        now_ns: int,
        grade_forbids: int = ALL_GRADES,
        mode: int = 0o600,
    ) -> None:
        if now_ns < 0 or not 0 <= grade_forbids <= ALL_GRADES:
            raise ValueError(f"now_ns {now_ns}, grade_forbids {grade_forbids:#x}")
        self.path = path
        self.layout = layout
        lock_fd = _lock(path)
        self._unlock = weakref.finalize(self, os.close, lock_fd)
        try:
            previous = _map_header(path)
            self.words, self._inode = _build(path, layout, now_ns, grade_forbids, mode)
        except BaseException:
            self._unlock()
            raise
        if previous is not None and previous[HeaderWord.LAYOUT_VERSION] == LAYOUT_VERSION:
            # Readers of the dead writer's table look for the new one at once.
            previous[HeaderWord.STATE] = State.SUPERSEDED

    def write_name(self, slot: int, instrument: str) -> None:
        """Put a name into the directory; the caller publishes the count of names after it.

        Raises L2FullError when the slot is not there, ValueError for a name that does not fit.
        """
        if slot >= self.layout.slot_count:
            raise L2FullError(
                f"{self.path}: all {self.layout.slot_count} slots are taken, none for {instrument}"
            )
        name = instrument.encode("utf-8")
        if not 1 <= len(name) <= NAME_BYTES_MAX:
            raise ValueError(f"{instrument!r}: {len(name)} bytes, expected 1 to {NAME_BYTES_MAX}")
        first = self.layout.directory_offset + slot * NAME_WORDS
        padded = name.ljust(NAME_BYTES_MAX, b"\0")
        self.words[first] = len(name)
        self.words[first + 1 : first + NAME_WORDS] = memoryview(padded).cast("Q")

    def close(self) -> None:
        """Remove the table, then let the lock go; readers that hold it see it closed."""
        if not self._unlock.alive:
            return
        self.words[HeaderWord.STATE] = State.CLOSED
        if _inode_of(self.path) == self._inode:
            self.path.unlink()
        self._unlock()


def _inode_of(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.lstat()
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino


def _lock(path: Path) -> int:
    lock_path = Path(f"{path}.lock")
    try:
        fd = os.open(lock_path, _CREATE, 0o600)
    except OSError as error:
        raise L2AccessError(f"{lock_path}: cannot open the lock: {error.strerror}") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        if error.errno == errno.EWOULDBLOCK:
            raise L2WriterExistsError(
                f"{path}: {_holder(path)} writes this table; stop it, or give another path"
            ) from error
        raise L2AccessError(f"{lock_path}: cannot lock: {error.strerror}") from error
    return fd


def _holder(path: Path) -> str:
    try:
        header = _map_header(path)
    except L2FormatError:
        header = None
    return "another process" if header is None else f"process {header[HeaderWord.WRITER_PID]}"


def _map_header(path: Path) -> memoryview | None:
    """Map the header of the table that is already there; None when there is no file.

    Raises L2FormatError when the file is something else: it is not ours to replace.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise L2AccessError(f"{path}: cannot open the old table: {error.strerror}") from error
    try:
        if os.fstat(fd).st_size >= HEADER_WORDS * WORD_BYTES:
            words = memoryview(mmap.mmap(fd, HEADER_WORDS * WORD_BYTES)).cast("Q")
            if words[HeaderWord.MAGIC] == MAGIC:
                return words
    except OSError as error:
        raise L2AccessError(f"{path}: cannot map the old table: {error.strerror}") from error
    finally:
        os.close(fd)
    raise L2FormatError(f"{path}: not a quote table, so it is left alone; remove it yourself")


def _build(
    path: Path, layout: Layout, now_ns: int, grade_forbids: int, mode: int
) -> tuple[memoryview, tuple[int, int]]:
    aside = Path(f"{path}.new")
    try:
        # The lock is ours, so what lies here was left by a writer that died while building.
        aside.unlink(missing_ok=True)
        fd = os.open(aside, _CREATE | os.O_EXCL, mode)
    except OSError as error:
        raise L2AccessError(f"{aside}: cannot create the table: {error.strerror}") from error
    try:
        words = _allocate(fd, path, layout)
        _fill_header(words, layout, now_ns, grade_forbids)
        stat = os.fstat(fd)
        aside.rename(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise L2AccessError(f"{path}: cannot put the table there: {error.strerror}") from error
    except L2SpaceError:
        aside.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
    return words, (stat.st_dev, stat.st_ino)


def _allocate(fd: int, path: Path, layout: Layout) -> memoryview:
    """Take every page before mapping: a page missing later would be a SIGBUS, not an error."""
    size = layout.table_bytes
    try:
        os.posix_fallocate(fd, 0, size)
        mapping = mmap.mmap(fd, size)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise L2SpaceError(_room_message(path, layout, size)) from error
    return memoryview(mapping).cast("Q")


def _room_message(path: Path, layout: Layout, size: int) -> str:
    room = os.statvfs(path.parent)
    return (
        f"{path}: no room for the quote table: it needs {size} bytes "
        f"({layout.slot_count} slots, {layout.depth_levels} levels), "
        f"{room.f_bavail * room.f_frsize} are free in {path.parent}. Remove what fills it, "
        "enlarge it (mount -o remount,size=...; in a container --shm-size), or ask for fewer "
        "slots or levels"
    )


def _fill_header(words: memoryview, layout: Layout, now_ns: int, grade_forbids: int) -> None:
    writer = identify_self()
    fields = {
        HeaderWord.MAGIC: MAGIC,
        HeaderWord.LAYOUT_VERSION: LAYOUT_VERSION,
        HeaderWord.TABLE_BYTES: len(words) * WORD_BYTES,
        HeaderWord.CREATED_NS: now_ns,
        HeaderWord.BOOT_ID_HIGH: writer.boot_id >> 64,
        HeaderWord.BOOT_ID_LOW: writer.boot_id & _WORD_MASK,
        HeaderWord.WRITER_PID: writer.pid,
        HeaderWord.WRITER_START: writer.start_ticks,
        HeaderWord.PID_NAMESPACE: writer.pid_namespace,
        HeaderWord.SLOT_COUNT: layout.slot_count,
        HeaderWord.DEPTH_LEVELS: layout.depth_levels,
        HeaderWord.DIRECTORY_OFFSET: layout.directory_offset,
        HeaderWord.QUOTES_OFFSET: layout.quotes_offset,
        HeaderWord.DEPTHS_OFFSET: layout.depths_offset,
        HeaderWord.GRADE_FORBIDS: grade_forbids,
        HeaderWord.HEARTBEAT_NS: now_ns,
        HeaderWord.STATE: State.OPEN,
        HeaderWord.NAME_COUNT: 0,
    }
    for word, value in fields.items():
        words[word] = value
