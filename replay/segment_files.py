"""The files of a log: their names, their space, their lock, and how they reach the disk.

A log NAME in a directory is `NAME-000001.seg`, `NAME-000002.seg.zst`, ... and `NAME.lock`; a file
ending in `.new` is still being made and is worth nothing after a crash.
"""

import errno
import fcntl
import os
import re
from dataclasses import dataclass
from pathlib import Path

from .segment_errors import DiskFull, WriterLocked

NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,99}")
SUFFIX = ".seg"
PACKED_SUFFIX = ".seg.zst"
NEW_SUFFIX = ".new"
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True, order=True)
class SegmentFile:
    """One segment of a log: its number and the file that holds it."""

    number: int
    path: Path

    @property
    def packed(self) -> bool:
        """Whether the file is compressed."""
        return self.path.name.endswith(PACKED_SUFFIX)


def check_name(name: str) -> str:
    """Return `name` if it can name a log, else raise ValueError."""
    if NAME.fullmatch(name) is None:
        raise ValueError(f"log name {name!r}: letters, digits, '_', '.' and '-', at most 100")
    return name


def segment_path(directory: Path, name: str, number: int) -> Path:
    """Return the path of an uncompressed segment."""
    return directory / f"{name}-{number:06d}{SUFFIX}"


def list_segments(directory: Path, name: str) -> list[SegmentFile]:
    """Return the segments of a log in order, one file each.

    Where a segment stands there twice (its compression was cut short), the uncompressed one wins.
    Raises FileNotFoundError or NotADirectoryError.
    """
    pattern = re.compile(re.escape(name) + r"-(\d{6,})\.seg(\.zst)?")
    found: dict[int, Path] = {}
    for entry in directory.iterdir():
        match = pattern.fullmatch(entry.name)
        if match is not None and (match[2] is None or int(match[1]) not in found):
            found[int(match[1])] = entry
    return [SegmentFile(number, found[number]) for number in sorted(found)]


def remove_unfinished(directory: Path, name: str) -> None:
    """Delete the files of a log that a crash left half made."""
    pattern = re.compile(re.escape(name) + r"-\d{6,}\.seg(\.zst)?\.new")
    for entry in directory.iterdir():
        if pattern.fullmatch(entry.name) is not None:
            entry.unlink(missing_ok=True)


def remove_segment(directory: Path, name: str, number: int) -> None:
    """Delete one segment in both its forms."""
    path = segment_path(directory, name, number)
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".zst").unlink(missing_ok=True)


def lock_log(directory: Path, name: str) -> int:
    """Take the log for this writer and return the lock's descriptor.

    The system releases it with the process, however that ends. Raises WriterLocked.
    """
    fd = os.open(directory / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(fd)
        raise WriterLocked(f"{name} in {directory} has a writer already") from error
    return fd


def allocate(path: Path, size: int) -> int:
    """Create `path` with `size` bytes of allocated zeros and return its descriptor.

    Raises DiskFull when the space (or the quota, or the file size limit) does not allow it; the
    file is gone again then.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        os.posix_fallocate(fd, 0, size)
    except OSError as error:
        os.close(fd)
        path.unlink(missing_ok=True)
        if error.errno in NO_SPACE:
            raise DiskFull(f"{path.name}: no room for {size} bytes ({error.strerror})") from error
        raise
    return fd


def write_whole(fd: int, data: bytes) -> None:
    """Write bytes at the start of a file."""
    rest, at = memoryview(data), 0
    while rest:
        done = os.pwrite(fd, rest, at)
        rest, at = rest[done:], at + done


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
