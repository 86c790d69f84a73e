"""Outputs that are whole or not there: a temporary name beside them, renamed at the end."""

import gzip
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

import zstandard

from .errors import DirectionError

_ZSTD_LEVEL = 3
_GZIP_LEVEL = 6


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object:
        """Take bytes."""


def refuse_existing(path: Path) -> None:
    """Raise DirectionError where something stands already: nothing is ever overwritten."""
    if os.path.lexists(path):
        raise DirectionError(f"{path}: is there already")
    if not path.parent.is_dir():
        raise DirectionError(f"{path.parent}: no such directory")


def part_of(path: Path) -> Path:
    """Return the temporary name of an output; the process's own, so that two never meet."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


@contextmanager
def new_file(path: Path) -> Iterator[Sink]:
    """Give a sink for a new file; `.gz` and `.zst` compress. Raises DirectionError, OSError.

    The file appears under its name when the block ends well; otherwise nothing is left.
    """
    refuse_existing(path)
    part = part_of(path)
    try:
        with part.open("xb") as raw:
            with compressed(raw, path.suffix) as sink:
                yield sink
            raw.flush()
            os.fsync(raw.fileno())
        refuse_existing(path)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """Give a directory to fill; it appears under its name when the block ends well."""
    refuse_existing(path)
    part = part_of(path)
    part.mkdir()
    try:
        yield part
        for file in part.iterdir():
            _sync(file)
        refuse_existing(path)
        part.rename(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def compressed(raw: IO[bytes], suffix: str) -> Iterator[Sink]:
    """Give a sink into an open file; the same bytes give the same file, whenever it is written."""
    if suffix == ".gz":
        # No name and no time in the header.
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, raw, mtime=0) as packed:
            yield packed
    elif suffix == ".zst":
        packer = zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True)
        with packer.stream_writer(raw, closefd=False) as writer:
            yield writer
    else:
        yield raw


def _sync(file: Path) -> None:
    fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
