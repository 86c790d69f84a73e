"""Finding the end of a log again: cut the torn tail, seal the last segment."""

import os
from dataclasses import dataclass
from pathlib import Path

from .segment_errors import BlankSegment, Corrupt, DiskFull
from .segment_files import NO_SPACE, SegmentFile, list_segments, remove_unfinished, sync_directory
from .segment_format import KIND_END, encode_record
from .segment_image import SegmentImage, Tail


@dataclass(frozen=True, slots=True)
class Recovered:
    """Where a log goes on, and what was cut from it (None when nothing was)."""

    next_segment: int
    next_record: int
    cut: Tail | None


def recover(directory: Path, name: str, *, cut_corruption: bool) -> Recovered:
    """Seal the last segment of a log behind its last whole record.

    The caller holds the log's lock. A segment whose header was never stored is deleted. Raises
    Corrupt for damage in the middle of the last segment, unless `cut_corruption` is set: then all
    from the damage on is cut. Raises DiskFull when there is no room for the end mark.
    """
    remove_unfinished(directory, name)
    files = list_segments(directory, name)
    blank: Tail | None = None
    while files:
        file = files.pop()
        try:
            image = SegmentImage(file.path)
        except BlankSegment:
            blank = Tail(file.number, 0, 0, False, file.path.stat().st_size, 0)
            file.path.unlink()
            continue
        try:
            for _ in image:
                pass
        except Corrupt as error:
            if file.packed or not cut_corruption:
                raise
            left = len(image.data) - error.offset
            tail = Tail(file.number, error.offset, error.record, False, left, 0)
        else:
            assert image.tail is not None
            tail = image.tail
        if not tail.sealed:
            _seal(file, image, tail)
        return Recovered(file.number + 1, tail.record, tail if tail.torn else blank)
    return Recovered(1, 0, blank)


def _seal(file: SegmentFile, image: SegmentImage, tail: Tail) -> None:
    """Cut the file behind its whole records and write the end mark there, durably."""
    mark = encode_record(tail.record, KIND_END, 0, b"", image.header.seed)
    fd = os.open(file.path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        # The cut is on disk before the mark: else the mark could vouch for what was torn.
        os.ftruncate(fd, tail.offset)
        os.fsync(fd)
        if os.pwrite(fd, mark, tail.offset) != len(mark):
            raise DiskFull(f"{file.path.name}: no room for the end mark")
        os.fsync(fd)
    except OSError as error:
        if error.errno in NO_SPACE:
            raise DiskFull(f"{file.path.name}: no room for the end mark") from error
        raise
    finally:
        os.close(fd)
    sync_directory(file.path.parent)
