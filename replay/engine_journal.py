"""The engine's journal: restart is the newest snapshot and the commands after it.

It stands above the engine and beside the segments, since imports point down only.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from engine.core import Engine, checksum
from engine.record import COMMAND
from engine.snapshot import SnapshotError

from .engine_journaled import JournaledEngine
from .engine_record import (
    HEAD,
    KIND_COMMANDS,
    KIND_INSTRUMENT,
    Diverged,
    NoSnapshot,
    decode_checkpoint,
    decode_rules,
    encode_checkpoint,
)
from .segment_core import RecordLog
from .segment_image import Tail
from .segment_reader import SegmentReader
from .segment_writer import DEFAULT_SEGMENT, SegmentWriter

LOG_NAME = "engine"


class EngineJournal:
    """An engine whose acknowledged commands survive: `engine` is as it was, or new.

    Sync "process": a command is acknowledged when the call returns, and survives any kill of the
    process. Sync "disk": it is acknowledged when its events leave (`engine.drain`, a view of them,
    or `engine.acknowledge`), after one flush for all commands that wait, and survives a loss of
    power. A result code says what the engine did, not that it is acknowledged.

    A segment opens with a snapshot, so a new one is made every `segment_bytes`; `retain_bytes`
    deletes old ones (see SegmentWriter). A full disk is DiskFull: the command was not run, the
    engine goes on with what still fits. A failed sync is SyncFailed, then WriterFailed for all
    commands and events: nothing is retried.

    Opening cuts a torn tail (`cut`) and replays the newest segment. Raises Corrupt for damage
    (unless `cut_corruption`, which loses all from there on), NoSnapshot, Diverged, DiskFull,
    WriterLocked, OSError. `make` gives the engine of an empty log.
    """

    def __init__(
        self,
        directory: Path,
        *,
        sync: Literal["process", "disk"],
        make: Callable[[], JournaledEngine] = JournaledEngine,
        segment_bytes: int = DEFAULT_SEGMENT,
        retain_bytes: int | None = None,
        cut_corruption: bool = False,
    ) -> None:
        self._directory = directory
        self._make = make
        self._engine: JournaledEngine | None = None
        log = RecordLog()
        # The writer asks for a checkpoint first when it holds the lock and has cut the tail.
        self.writer = SegmentWriter(
            directory,
            LOG_NAME,
            checkpoint=self._checkpoint,
            sync=sync,
            segment_bytes=segment_bytes,
            retain_bytes=retain_bytes,
            cut_corruption=cut_corruption,
            log=log,
        )
        assert self._engine is not None
        self.engine: JournaledEngine = self._engine
        self.engine.attach(log, self.writer.flush if sync == "disk" else None)

    @property
    def cut(self) -> Tail | None:
        """The torn tail that opening cut off, None when there was none."""
        return self.writer.cut

    def close(self) -> None:
        """Acknowledge what waits and close the log; again is harmless. Raises SyncFailed."""
        try:
            if self.writer.state == "open":
                self.engine.acknowledge()
        finally:
            self.writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _checkpoint(self) -> bytes:
        if self._engine is None:
            self._engine = restore(self._directory) or self._make()
        return encode_checkpoint(self._engine.snapshot())


def restore(directory: Path) -> JournaledEngine | None:
    """Return the engine that the newest snapshot and its tail give, None for an empty log."""
    reader = SegmentReader(directory, LOG_NAME)
    files = reader.segments()
    if not files:
        return None
    engine = _engine_at(reader, files[-1].number)
    for _ in _replay(reader, files[-1].number, engine):
        pass
    return engine


def outcomes(directory: Path, after: int = 0) -> Iterator[bytes]:
    """Yield the acknowledged events with a sequence above `after`, a record's at a time.

    The events are not stored: the commands are run again, from the newest snapshot that is early
    enough, and each record's checksum is compared. Raises NoSnapshot when the segments that go back
    so far were deleted, Diverged, Corrupt.
    """
    reader = SegmentReader(directory, LOG_NAME)
    for file in reversed(reader.segments()):
        engine = _engine_at(reader, file.number)
        if engine.sequence <= after:
            break
    else:
        raise NoSnapshot(f"no snapshot at or before event {after} is left")
    for events in _replay(reader, file.number, engine):
        first = engine.sequence - len(events) // COMMAND.size + 1
        skipped = max(0, after + 1 - first)
        if kept := events[skipped * COMMAND.size :]:
            yield kept


def _engine_at(reader: SegmentReader, segment: int) -> JournaledEngine:
    """Return the engine as it was when a segment was opened."""
    place = f"segment {segment}"
    snapshot = decode_checkpoint(reader.header(segment).checkpoint, place)
    try:
        return JournaledEngine.restore(snapshot)
    except SnapshotError as error:
        raise NoSnapshot(f"{place}: {error}") from error


def _replay(reader: SegmentReader, segment: int, engine: Engine) -> Iterator[bytes]:
    """Run the records from a segment to the end and yield each record's events."""
    for record in reader.records(segment):
        place = f"record {record.number}"
        if record.kind == KIND_INSTRUMENT:
            engine.add_instrument(decode_rules(record.payload))
        elif record.kind == KIND_COMMANDS:
            yield _run(engine, record.payload, place)
        else:
            raise Diverged(f"{place} is of kind {record.kind}, which no engine wrote")


def _run(engine: Engine, payload: bytes, place: str) -> bytes:
    """Run one record's commands; return their events when they are those acknowledged."""
    sequence, expected = HEAD.unpack_from(payload)
    commands = memoryview(payload)[HEAD.size :]
    ran = engine.batch(commands)
    events = engine.drain()
    if (ran * COMMAND.size, engine.sequence, checksum(events)) != (
        len(commands),
        sequence,
        expected,
    ):
        raise Diverged(
            f"{place}: the events that came again (to {engine.sequence}) are not those "
            f"acknowledged (to {sequence}): another build wrote this journal, or it is damaged"
        )
    return events
