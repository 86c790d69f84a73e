"""One segment read whole, and the verdict on how it ends."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from .segment_core import RecordCursor, find_record
from .segment_errors import Corrupt
from .segment_files import PACKED_SUFFIX
from .segment_format import (
    HEADER,
    KIND_END,
    KIND_MARK,
    KIND_RESERVED,
    MARK_PAYLOAD,
    MAX_CHECKPOINT,
    MAX_PAYLOAD,
    MAX_SEGMENT,
    PAGE,
    RECORD_HEADER,
    Record,
    SegmentHeader,
    commit_word,
    decode_header,
    page_up,
)

# A nominal segment, or one made for the largest checkpoint and record.
MAX_IMAGE = MAX_SEGMENT + MAX_CHECKPOINT + MAX_PAYLOAD + 4 * PAGE


@dataclass(frozen=True, slots=True)
class Tail:
    """How a segment ends.

    `offset` is where its whole records end and `record` the number of the next one. Of what stands
    behind, `bytes_left` counts the bytes up to the last that is not zero, and `later_records` the
    whole records among them, which a lost page cut off.
    """

    segment: int
    offset: int
    record: int
    sealed: bool
    bytes_left: int
    later_records: int

    @property
    def torn(self) -> bool:
        """Whether a record was begun and never became whole."""
        return self.bytes_left > 0

    def __str__(self) -> str:
        if not self.torn:
            return f"segment {self.segment} ends whole before record {self.record}"
        return (
            f"segment {self.segment} is torn: record {self.record} at byte {self.offset} is not "
            f"whole, {self.bytes_left} bytes left ({self.later_records} whole records in them)"
        )


class SegmentImage:
    """The bytes of one segment, compressed or not. Raises Corrupt, BlankSegment, OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = _read(path)
        self.header: SegmentHeader = decode_header(path, self.data)
        self.tail: Tail | None = None

    def __iter__(self) -> Iterator[Record]:
        """Iterate the records; after the last, `tail` is set, or Corrupt is raised."""
        header = self.header
        cursor = RecordCursor(self.data, header.data_offset, header.first_record, header.seed)
        yield from cursor
        self.tail = self._judge(cursor.offset, cursor.number, cursor.sealed)

    def corrupt(self, offset: int, record: int, reason: str) -> Corrupt:
        """Return the error that names a place in this segment."""
        return Corrupt(self.path, self.header.segment, offset, record, reason)

    def _judge(self, offset: int, record: int, sealed: bool) -> Tail:
        """Tell a torn tail, which a kill or a lost page explains, from damage in the middle."""
        segment = self.header.segment
        if sealed:
            return Tail(segment, offset, record, True, 0, 0)
        last = offset + len(self.data[offset:].rstrip(b"\x00"))
        later, known_durable = self._survey(offset, record)
        if known_durable:
            raise self.corrupt(offset, record, "a record that was on disk is not whole")
        if last > offset:
            self._explain(offset, record, later)
        return Tail(segment, offset, record, False, last - offset, later)

    def _survey(self, offset: int, record: int) -> tuple[int, bool]:
        """Count the whole records behind `offset`; say whether one vouches for that place.

        A flush mark names the offset before which all was on disk when its group began, and an
        end mark stands only behind a segment that was whole.
        """
        later = 0
        known_durable = False
        at = offset + 8
        while (found := find_record(self.data, at, record, self.header.seed)) is not None:
            start, at, kind, _ = found
            if kind < KIND_RESERVED:
                later += 1
            elif kind == KIND_END:
                known_durable = True
            elif kind == KIND_MARK and at - start >= RECORD_HEADER + MARK_PAYLOAD.size:
                durable: int = MARK_PAYLOAD.unpack_from(self.data, start + RECORD_HEADER)[0]
                known_durable = known_durable or durable > offset
        return later, known_durable

    def _explain(self, offset: int, record: int, later: int) -> None:
        """Raise Corrupt unless a kill or lost pages leave what stands at `offset`."""
        data = self.data
        if len(data) - offset < RECORD_HEADER:
            return  # the file was cut within a record's header
        commit = int.from_bytes(data[offset : offset + 8], "little")
        page_end = min(page_up(offset + 1), len(data))
        if commit == 0:
            # A kill leaves one record without its commit word; a lost page is zero to its end.
            if later and any(data[offset:page_end]):
                raise self.corrupt(offset, record, "no commit word, yet whole records follow")
            return
        length = commit & 0xFFFF_FFFF
        if commit != commit_word(length) or length > MAX_PAYLOAD:
            raise self.corrupt(offset, record, "the commit word is damaged")
        end = offset + RECORD_HEADER + length + -length % 8
        if end > len(data):
            return  # the file was cut within the record
        lost = any(
            not any(data[page : min(page + PAGE, end)]) for page in range(page_end, end, PAGE)
        )
        if not lost:
            raise self.corrupt(offset, record, "the checksum does not fit")


def read_header(path: Path) -> SegmentHeader:
    """Read only the opening of a segment. Raises Corrupt, BlankSegment, OSError."""
    with path.open("rb") as file:
        if not path.name.endswith(PACKED_SUFFIX):
            return decode_header(path, _opening(file))
        try:
            with zstandard.ZstdDecompressor().stream_reader(file) as stream:
                return decode_header(path, _opening(cast("BinaryIO", stream)))
        except zstandard.ZstdError as error:
            raise Corrupt(path, 0, 0, 0, f"not readable as zstandard: {error}") from error


def _opening(stream: BinaryIO) -> bytes:
    head = stream.read(HEADER.size)
    if len(head) < HEADER.size:
        return head
    length = int(HEADER.unpack(head)[5])
    # A damaged length must not ask for more memory than a checkpoint may have.
    return head + stream.read(min(length, MAX_CHECKPOINT))


def _read(path: Path) -> bytes:
    if path.stat().st_size > MAX_IMAGE:
        raise Corrupt(path, 0, 0, 0, "larger than any segment")
    data = path.read_bytes()
    if not path.name.endswith(PACKED_SUFFIX):
        return data
    try:
        size = zstandard.frame_content_size(data)
        if not 0 <= size <= MAX_IMAGE:
            raise Corrupt(path, 0, 0, 0, "no believable size in the compressed frame")
        return zstandard.ZstdDecompressor().decompress(data)
    except zstandard.ZstdError as error:
        raise Corrupt(path, 0, 0, 0, f"not readable as zstandard: {error}") from error
