"""What can go wrong with segments.

SegmentError
├── DiskFull            no space for a new segment; nothing was changed
├── RecordTooLarge      a payload or checkpoint beyond the limit; nothing was changed
├── WriterLocked        another writer holds this log
├── WriterClosed        the writer was closed
├── WriterFailed        a sync failed before; the writer takes nothing more
│   └── SyncFailed      this call's sync failed; final
├── NotSealed           the segment is still open, or was never closed
├── UnsupportedVersion  written by a later format
└── Corrupt             bytes that no kill and no lost page explains
    ├── BlankSegment    a file whose header was never stored
    └── MissingSegment  a number between the first and the last is not there

What the system refuses for other reasons (a missing directory, a read-only one) stays the
`OSError` it is: its name already says it.
"""

# The names say what happened; an Error suffix would add nothing.
# ruff: noqa: N818

from pathlib import Path


class SegmentError(Exception):
    """Base of all errors about segments."""


class DiskFull(SegmentError):
    """The space of a new segment could not be allocated; the record was not appended."""


class RecordTooLarge(SegmentError):
    """A payload or a checkpoint is larger than the format allows; it was not appended."""


class WriterLocked(SegmentError):
    """Another writer, in this process or another, has this log open."""


class WriterClosed(SegmentError):
    """The writer was closed before this call."""


class WriterFailed(SegmentError):
    """An earlier sync failed: what is on disk is unknown, and nothing more is accepted."""


class SyncFailed(WriterFailed):
    """The sync of this call failed; it is never retried."""


class NotSealed(SegmentError):
    """The segment has no end mark: it is open or was left open by a crash."""


class UnsupportedVersion(SegmentError):
    """The segment was written in a format version this reader does not know."""


class Corrupt(SegmentError):
    """Damage in the middle: `offset` bytes into the file, where `record` should stand."""

    def __init__(self, path: Path, segment: int, offset: int, record: int, reason: str) -> None:
        super().__init__(f"{path.name}: record {record} at byte {offset}: {reason}")
        self.path = path
        self.segment = segment
        self.offset = offset
        self.record = record
        self.reason = reason


class BlankSegment(Corrupt):
    """The header was never stored: a segment whose making was lost with the power."""


class MissingSegment(Corrupt):
    """A segment between the first and the last of a log is not there."""
