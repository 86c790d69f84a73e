"""Recording: every input as it arrived, in segments that each open with a checkpoint."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from .input_log import InputLog
from .native_format import FINAL, KIND_FINAL, KIND_SOURCE, LOG, PREFIX, SOURCE, Head, encode_opening
from .segment import RecordTooLarge, SegmentError, SegmentWriter, Tail
from .segment_files import list_segments

DEFAULT_SEGMENT = 16 * 1024 * 1024
DEFAULT_RETAIN = 2 * 1024 * 1024 * 1024

#: Sources that one segment declares; a further one opens a new segment with a fresh list.
SOURCES_MAX = 1024

#: After a stop the recorder tries again, by the time of the inputs.
RETRY_FIRST_NS = 1_000_000_000
RETRY_MAX_NS = 60_000_000_000

_pack = PREFIX.pack


@dataclass(slots=True)
class RecorderCounts:
    """What happened to a recorder: how often it stopped, and inputs that were not recorded."""

    stops: int = 0
    missed: int = 0


class Recorder:
    """Records inputs into `directory`, within `retain_bytes`. One thread owns it: the node's.

    `checkpoint` gives the node's state and is called whenever a segment is opened: between two
    inputs. `started_ns` is the time of the start. `compress` is offered the paths of closed
    segments, one segment late, and must return at once; it may be offered a path again.

    When a record cannot be stored (a full disk, a quota, a failed write, an input over 64 MiB)
    recording stops: `recording` is False, `reason` says why, `on_change(recording, reason)` was
    called, inputs are counted in `counts.missed`. It goes on in a new segment when there is room:
    it tries after 1 s, then ever more rarely, up to once in 60 s.

    Opening raises OSError, SegmentError (WriterLocked, DiskFull, Corrupt) and ValueError for
    bounds that do not fit; `cut` tells what a crash left torn behind, else None.
    """

    def __init__(
        self,
        directory: Path,
        *,
        checkpoint: Callable[[], bytes],
        started_ns: int,
        segment_bytes: int = DEFAULT_SEGMENT,
        retain_bytes: int = DEFAULT_RETAIN,
        sync: Literal["process", "disk"] = "process",
        on_change: Callable[[bool, str], None] | None = None,
        compress: Callable[[Path], None] | None = None,
    ) -> None:
        self.recording = False
        self.reason = ""
        self.counts = RecorderCounts()
        self._directory = directory
        self._checkpoint = checkpoint
        self._segment_bytes = segment_bytes
        self._retain_bytes = retain_bytes
        self._sync = sync
        self._on_change = on_change
        self._compress = compress
        #: Takes the common records; public for compiled callers, who leave the others to `record`.
        self.inputs = InputLog()
        self.inputs.ts_ns = started_ns
        self._missed = 0
        self._retry_ns = 0
        self._pause_ns = RETRY_FIRST_NS
        self._closed = False
        self._writer = self._open()
        self._append = self._writer.append
        self.inputs.open(self._writer.log)
        self.cut: Tail | None = self._writer.cut
        self.recording = True
        self._offer()

    def record(
        self,
        ts_recv: int,
        kind: int,
        source: str,
        data: bytes = b"",
        note: str = "",
        number: int = 0,
        digest_before: int = 0,
    ) -> bool:
        """Record an input that is about to be handled; returns whether it is recorded.

        `digest_before` is the node's digest now. ValueError for a `number` beyond 64 bits.
        """
        common = not note and not number
        if common and self.inputs.append(kind, ts_recv, source, data, digest_before):
            return True
        self.inputs.ts_ns = ts_recv
        return self._record(ts_recv, kind, source, data, note, number, digest_before)

    def _record(
        self,
        ts_recv: int,
        kind: int,
        source: str,
        data: bytes,
        note: str,
        number: int,
        digest_before: int,
    ) -> bool:
        """Record what takes more than a copy: a note, a number, a new source, a new segment."""
        if not -(1 << 63) <= number < 1 << 63:
            raise ValueError(f"number {number} does not fit 64 bits")
        text = note.encode("utf-8", "surrogatepass")
        try:
            if not self.recording and not self._resume(ts_recv):
                return self._miss()
            index = self._declare(source, ts_recv)
            prefix = _pack(digest_before, number, index, len(text))
            self._append(kind, ts_recv, prefix + text + data)
        except (SegmentError, OSError) as error:
            return self._stop(error)
        return True

    def _declare(self, source: str, ts_recv: int) -> int:
        """Return the number of a source, declared in this segment."""
        index = self.inputs.sources.get(source)
        if index is not None:
            return index
        if len(self.inputs.sources) >= SOURCES_MAX:
            self.inputs.sources = {}
            self._writer.roll()
        index = len(self.inputs.sources)
        self._append(KIND_SOURCE, ts_recv, SOURCE.pack(index) + source.encode())
        self.inputs.sources[source] = index
        return index

    def _opening(self) -> bytes:
        """Return what opens the next segment."""
        head = Head(self.inputs.ts_ns, self.recording, self._missed, tuple(self.inputs.sources))
        if self.recording:
            self._offer()
        return encode_opening(head, self._checkpoint())

    def _open(self) -> SegmentWriter:
        return SegmentWriter(
            self._directory,
            LOG,
            checkpoint=self._opening,
            sync=self._sync,
            segment_bytes=self._segment_bytes,
            retain_bytes=self._retain_bytes,
        )

    def _offer(self) -> None:
        """Offer the closed segments for compression."""
        if self._compress is None:
            return
        for file in list_segments(self._directory, LOG):
            if not file.packed and file.number < self._writer.segment:
                self._compress(file.path)

    # --- stopping and going on -------------------------------------------------------------------

    def _miss(self) -> bool:
        self._missed += 1
        self.counts.missed += 1
        return False

    def _stop(self, error: Exception) -> bool:
        """An input could not be recorded: what follows needs a new segment."""
        # An input too large says nothing about room: the next one may have its segment at once.
        if not (self.recording and isinstance(error, RecordTooLarge)):
            self._retry_ns = self.inputs.ts_ns + self._pause_ns
            self._pause_ns = min(2 * self._pause_ns, RETRY_MAX_NS)
        self.reason = str(error)
        self.inputs.close()
        if self.recording:
            self.recording = False
            self.counts.stops += 1
            if self._on_change is not None:
                self._on_change(False, self.reason)
        return self._miss()

    def _resume(self, ts_recv: int) -> bool:
        """Open a new segment if it is time to try; raises what stops recording."""
        if self._closed or ts_recv < self._retry_ns:
            return False
        self.inputs.sources = {}
        if self._writer.state == "failed":
            self._writer.close()
            self._writer = self._open()
            self._append = self._writer.append
        else:
            self._writer.roll()
        self.inputs.open(self._writer.log)
        self.recording = True
        self.reason = ""
        self._missed = 0
        self._pause_ns = RETRY_FIRST_NS
        if self._on_change is not None:
            self._on_change(True, "")
        return True

    # --- reading and closing ---------------------------------------------------------------------

    @property
    def segment(self) -> int:
        """The number of the segment being written."""
        return self._writer.segment

    def flush(self) -> None:
        """With sync `disk`, put what was recorded on disk; a failure stops the recording."""
        try:
            self._writer.flush()
        except SegmentError as error:
            self._stop(error)

    def close(self, digest: int) -> None:
        """End with the closing digest; again is harmless. A failure stands in `reason`."""
        if self._closed:
            return
        self._closed = True
        self.inputs.close()
        try:
            if self.recording:
                self._append(KIND_FINAL, self.inputs.ts_ns, FINAL.pack(digest))
            self._writer.close()
        except (SegmentError, OSError) as error:
            self.reason = str(error)
            self._writer.close()
        self.recording = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Without a digest: whoever leaves in order has closed before.
        if not self._closed:
            self._closed = True
            self.recording = False
            self.inputs.close()
            self._writer.close()
