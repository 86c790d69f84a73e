"""The log of segments, as the rest of the house uses it."""

from .segment_compress import compress
from .segment_errors import (
    BlankSegment,
    Corrupt,
    DiskFull,
    MissingSegment,
    NotSealed,
    RecordTooLarge,
    SegmentError,
    SyncFailed,
    UnsupportedVersion,
    WriterClosed,
    WriterFailed,
    WriterLocked,
)
from .segment_files import SegmentFile
from .segment_format import MAX_CHECKPOINT, MAX_PAYLOAD, Record, SegmentHeader
from .segment_image import SegmentImage, Tail
from .segment_reader import SegmentReader
from .segment_writer import SegmentWriter, WriterCounts

__all__ = [
    "MAX_CHECKPOINT",
    "MAX_PAYLOAD",
    "BlankSegment",
    "Corrupt",
    "DiskFull",
    "MissingSegment",
    "NotSealed",
    "Record",
    "RecordTooLarge",
    "SegmentError",
    "SegmentFile",
    "SegmentHeader",
    "SegmentImage",
    "SegmentReader",
    "SegmentWriter",
    "SyncFailed",
    "Tail",
    "UnsupportedVersion",
    "WriterClosed",
    "WriterCounts",
    "WriterFailed",
    "WriterLocked",
    "compress",
]
