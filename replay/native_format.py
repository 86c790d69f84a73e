"""What a recording keeps in its segments: the head beside each checkpoint, and the records.

A segment's opening is one line of JSON, the head, then the node's checkpoint. A record of kind 1
to 255 is an input of that `InputKind`: PREFIX, the note in UTF-8, the data. Two kinds are the
recording's own: SOURCE declares a source's number for the rest of the segment, FINAL holds the
digest after the last input of a clean stop.
"""

import json
import struct
from dataclasses import asdict, dataclass
from typing import NamedTuple

from market.inputs import Input, InputKind

from .segment_format import Record

#: The name of the log in its directory.
LOG = "recording"
FORMAT = "crossquote-recording"
VERSION = 1

KIND_SOURCE = 0x100
KIND_FINAL = 0x101

#: digest before the input, the input's number, its source, bytes of its note
PREFIX = struct.Struct("<QqII")
SOURCE = struct.Struct("<I")
FINAL = struct.Struct("<Q")

_KINDS = {int(kind): kind for kind in InputKind}


class BadRecordError(ValueError):
    """A whole record or head that does not say what a recording says."""


class UnsupportedRecordingError(ValueError):
    """The recording was written in a version that this build does not read."""


@dataclass(frozen=True, slots=True)
class Head:
    """The opening of a segment.

    `ts_ns` is the receive time of the newest input before it (of the start, for the first one).
    `continues` says that its checkpoint is the state after the segment before; otherwise the
    recorder was started anew, or `missed` inputs were not recorded. `sources` by their number.
    """

    ts_ns: int
    continues: bool
    missed: int
    sources: tuple[str, ...]


class Entry(NamedTuple):
    """One record: the digest before the input, or, without an input, the closing digest."""

    number: int
    digest: int
    input: Input | None


def encode_opening(head: Head, checkpoint: bytes) -> bytes:
    """Return the bytes that open a segment."""
    line = json.dumps({"format": FORMAT, "version": VERSION, **asdict(head)})
    return line.encode() + b"\n" + checkpoint


def decode_opening(data: bytes) -> tuple[Head, bytes]:
    """Return head and checkpoint; raises BadRecordError, UnsupportedRecordingError."""
    line, _, checkpoint = data.partition(b"\n")
    try:
        fields = json.loads(line)
        if fields.pop("format") != FORMAT:
            raise BadRecordError(f"the segment is not of a {FORMAT}")
        version = fields.pop("version")
        if version != VERSION:
            raise UnsupportedRecordingError(
                f"recording version {version!s:.20}, this build reads {VERSION}"
            )
        return Head(**{**fields, "sources": tuple(fields["sources"])}), checkpoint
    except (UnsupportedRecordingError, BadRecordError):
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadRecordError(f"the segment's head: {error!s:.80}") from error


def decode_record(record: Record, sources: list[str]) -> Entry | None:
    """Return what a record holds, None for a declaration, which `sources` takes.

    Raises BadRecordError.
    """
    number, kind, ts_ns, payload = record
    known = _KINDS.get(kind)
    try:
        if known is not None:
            digest, value, source, size = PREFIX.unpack_from(payload)
            end = PREFIX.size + size
            if end > len(payload):
                raise BadRecordError(f"record {number}: its note reaches beyond it")
            note = payload[PREFIX.size : end].decode("utf-8", "surrogatepass") if size else ""
            taken = Input(ts_ns, known, sources[source], payload[end:], note, value)
            return Entry(number, digest, taken)
        if kind == KIND_SOURCE:
            _declare(payload, sources)
            return None
        if kind == KIND_FINAL:
            return Entry(number, FINAL.unpack(payload)[0], None)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise BadRecordError(f"record {number}: {error}") from error
    raise BadRecordError(f"record {number}: unknown kind {kind}")


def _declare(payload: bytes, sources: list[str]) -> None:
    index = SOURCE.unpack_from(payload)[0]
    name = payload[SOURCE.size :].decode("utf-8", "surrogatepass")
    if index != len(sources):
        raise IndexError(f"source {index} where {len(sources)} is next")
    sources.append(name)
