"""The bytes of a segment: constants, header, record; `docs/format-segment.md` says why.

All numbers are little-endian. A segment is a header page (or pages), then records aligned to
eight bytes, each a 32-byte record header and its payload padded with zeros.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from .crc32c import crc32c
from .segment_errors import BlankSegment, Corrupt, UnsupportedVersion

MAGIC = b"XQSEGMT\x00"
VERSION = 1
PAGE = 4096
MAX_PAYLOAD = 64 * 1024 * 1024
MAX_CHECKPOINT = 64 * 1024 * 1024
MAX_SEGMENT = 1024 * 1024 * 1024

# magic, version, checksum, segment, first record, checkpoint length, offset of the first record
HEADER = struct.Struct("<8sIIQQII")
# commit (length, and its complement above), number, timestamp, kind, checksum
RECORD = struct.Struct("<QQqII")
RECORD_HEADER = RECORD.size
# A flush mark carries the offset up to which the segment was on disk before this group.
MARK_PAYLOAD = struct.Struct("<Q")
MARK_LEAST = RECORD_HEADER + MARK_PAYLOAD.size

KIND_RESERVED = 0xFFFF_FF00  # the first kind that is not the caller's
KIND_END = 0xFFFF_FFFE
KIND_MARK = 0xFFFF_FFFF


class Record(NamedTuple):
    """One record: its number in the log, the caller's kind, nanoseconds UTC, and the bytes."""

    number: int
    kind: int
    ts_ns: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """The opening of a segment. `seed` starts the checksum of each of its records."""

    segment: int
    first_record: int
    checkpoint: bytes
    data_offset: int
    seed: int


def page_up(offset: int) -> int:
    """Return the first page boundary at or after `offset`."""
    return (offset + PAGE - 1) & ~(PAGE - 1)


def commit_word(length: int) -> int:
    """Return the word that makes a record whole: never zero, and no single flip of another."""
    return length | (~length & 0xFFFF_FFFF) << 32


def encode_record(number: int, kind: int, ts_ns: int, payload: bytes, seed: int) -> bytes:
    """Return the bytes of one record, padding included."""
    padded = payload + bytes(-len(payload) % 8)
    commit = commit_word(len(payload))
    checksum = crc32c(padded, crc32c(RECORD.pack(commit, number, ts_ns, kind, 0), seed))
    return RECORD.pack(commit, number, ts_ns, kind, checksum) + padded


def encode_header(segment: int, first_record: int, checkpoint: bytes) -> tuple[bytes, int]:
    """Return the opening of a segment, whole pages, and the seed of its records."""
    data_offset = page_up(HEADER.size + len(checkpoint))
    numbers = (segment, first_record, len(checkpoint), data_offset)
    seed = crc32c(checkpoint, crc32c(HEADER.pack(MAGIC, VERSION, 0, *numbers)))
    header = HEADER.pack(MAGIC, VERSION, seed, *numbers) + checkpoint
    return header.ljust(data_offset, b"\x00"), seed


def decode_header(path: Path, data: bytes) -> SegmentHeader:
    """Read the opening of a segment from the first bytes of its file.

    Raises BlankSegment when no header was ever stored, UnsupportedVersion, or Corrupt.
    """
    if not data[:PAGE].strip(b"\x00"):
        raise BlankSegment(path, 0, 0, 0, "the header was never stored")
    if len(data) < HEADER.size or data[: len(MAGIC)] != MAGIC:
        raise Corrupt(path, 0, 0, 0, "this is not a segment")
    _, version, seed, segment, first_record, length, data_offset = HEADER.unpack_from(data)
    if version != VERSION:
        raise UnsupportedVersion(f"{path.name}: format version {version}, known is {VERSION}")
    checkpoint = data[HEADER.size : HEADER.size + length]
    if length > MAX_CHECKPOINT or data_offset != page_up(HEADER.size + length):
        raise Corrupt(path, segment, 0, first_record, "the header's lengths do not fit")
    expected = encode_header(segment, first_record, checkpoint)[1]
    if len(checkpoint) != length or seed != expected:
        raise Corrupt(path, segment, 0, first_record, "the header's checksum does not fit")
    return SegmentHeader(segment, first_record, checkpoint, data_offset, seed)
