"""What the journal of the engine keeps in its log, and what can be wrong with it.

Kind 1 holds commands: the engine's sequence after them and the checksum of the events that they
made (two u64), then the 72-byte command records. Kind 2 holds one instrument: its rules as twelve
i64. A checkpoint is a magic and the engine's snapshot in a zstandard frame.
"""

# The names say what happened; an Error suffix would add nothing.
# ruff: noqa: N818

import struct

import zstandard

from engine.rules import BookRules

KIND_COMMANDS = 1
KIND_INSTRUMENT = 2
HEAD = struct.Struct("<QQ")
RULES = struct.Struct("<12q")
# A batch becomes one record for each so many commands, about 288 KiB.
CHUNK_COMMANDS = 4096
CHECKPOINT_MAGIC = b"XQEJRNL1"
# An engine's snapshot at its documented limits, and a bound on what a broken frame may ask for.
SNAPSHOT_MAX = 1 << 30


class JournalError(Exception):
    """Base of what is wrong with an engine's journal beyond the log itself."""


class JournalHalted(JournalError):
    """A command failed midway: the engine is ahead of its journal and takes nothing more."""


class NoSnapshot(JournalError):
    """A segment does not open with an engine's snapshot: another log, or none was written."""


class Diverged(JournalError):
    """Replaying a record gave other events than those acknowledged."""


def encode_rules(rules: BookRules) -> bytes:
    """Return the payload of an instrument record."""
    return RULES.pack(*rules.row())


def decode_rules(payload: bytes) -> BookRules:
    """Read the payload of an instrument record; raises ValueError when it is none."""
    if len(payload) != RULES.size:
        raise ValueError(f"an instrument record has {RULES.size} bytes, not {len(payload)}")
    return BookRules(*RULES.unpack(payload))


def encode_checkpoint(snapshot: bytes) -> bytes:
    """Return the opening of a segment; a snapshot shrinks to less than a fifth."""
    return CHECKPOINT_MAGIC + zstandard.ZstdCompressor(level=1).compress(snapshot)


def decode_checkpoint(checkpoint: bytes, place: str) -> bytes:
    """Return the snapshot in a checkpoint; raises NoSnapshot, which names `place`."""
    if not checkpoint.startswith(CHECKPOINT_MAGIC):
        raise NoSnapshot(f"{place} does not open with an engine's snapshot")
    frame = checkpoint[len(CHECKPOINT_MAGIC) :]
    try:
        if not 0 <= zstandard.frame_content_size(frame) <= SNAPSHOT_MAX:
            raise NoSnapshot(f"{place}: the snapshot has no believable size")
        return zstandard.ZstdDecompressor().decompress(frame)
    except zstandard.ZstdError as error:
        raise NoSnapshot(f"{place}: the snapshot cannot be read: {error}") from error
