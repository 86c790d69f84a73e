"""Writing a log: records into mapped segments, rolled, synced and kept within a bound."""

import contextlib
import mmap
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from .segment_core import RecordLog
from .segment_errors import (
    DiskFull,
    RecordTooLarge,
    SegmentError,
    SyncFailed,
    WriterClosed,
    WriterFailed,
)
from .segment_files import (
    NEW_SUFFIX,
    allocate,
    check_name,
    list_segments,
    lock_log,
    remove_segment,
    segment_path,
    sync_directory,
    write_whole,
)
from .segment_format import (
    HEADER,
    MARK_LEAST,
    MAX_CHECKPOINT,
    MAX_PAYLOAD,
    MAX_SEGMENT,
    PAGE,
    RECORD_HEADER,
    encode_header,
    page_up,
)
from .segment_plain import PlainLog
from .segment_recover import recover

LEAST_SEGMENT = 4 * PAGE
DEFAULT_SEGMENT = 64 * 1024 * 1024


@dataclass(slots=True)
class WriterCounts:
    """What happened to a writer since it was opened."""

    segments: int = 0
    deleted_segments: int = 0
    syncs: int = 0
    disk_full: int = 0
    too_large: int = 0


class SegmentWriter:
    """Appends to the log `name` in `directory`, always in a new segment.

    `append(kind, ts_ns, payload) -> number` takes a kind below 0xFFFFFF00, nanoseconds UTC and any
    contiguous bytes up to 64 MiB. It raises RecordTooLarge, DiskFull (nothing was appended; a later
    try may succeed), WriterFailed, WriterClosed, and what `checkpoint` raises.

    `checkpoint` gives the opaque bytes that open each segment; it is called before the record that
    did not fit. Sync "process": a record is acknowledged when `append` returns, and survives any
    kill of the process. Sync "disk": it is acknowledged by the `flush` after it, and survives a
    loss of power. `flush` may run in another thread; everything else belongs to one thread.

    `retain_bytes` bounds the files of the log, at least two segments: before a new segment, the
    oldest closed ones are deleted, even if there is then no space for the new one. Only a segment
    made for one large record or checkpoint may exceed the bound.

    Opening cuts a torn tail (`cut` tells what, else None) and raises Corrupt for damage in the
    middle of the last segment, unless `cut_corruption` is set; WriterLocked, DiskFull, OSError.
    """

    def __init__(
        self,
        directory: Path,
        name: str,
        *,
        checkpoint: Callable[[], bytes],
        sync: Literal["process", "disk"],
        segment_bytes: int = DEFAULT_SEGMENT,
        retain_bytes: int | None = None,
        cut_corruption: bool = False,
        log: RecordLog | PlainLog | None = None,
    ) -> None:
        if sync not in {"process", "disk"}:
            raise ValueError(f"sync {sync!r}: 'process' or 'disk'")
        if not LEAST_SEGMENT <= segment_bytes <= MAX_SEGMENT:
            raise ValueError(f"segment_bytes {segment_bytes}: {LEAST_SEGMENT} to {MAX_SEGMENT}")
        if retain_bytes is not None and retain_bytes < 2 * page_up(segment_bytes):
            raise ValueError("retain_bytes: at least two segments")
        self.counts = WriterCounts()
        self._directory = directory
        self._name = check_name(name)
        self._checkpoint = checkpoint
        self._disk = sync == "disk"
        self._segment_bytes = page_up(segment_bytes)
        self._retain_bytes = retain_bytes
        self._sync_lock = threading.Lock()
        self._state: Literal["open", "failed", "closed"] = "open"
        self._rolling = False
        self._map: mmap.mmap | None = None
        self._fd = -1
        self._log = RecordLog() if log is None else log
        # The compiled method itself: nothing stands between the caller and the copy.
        self.append: Callable[[int, int, bytes | bytearray | memoryview], int] = self._log.append
        self._lock_fd = lock_log(directory, name)
        try:
            found = recover(directory, name, cut_corruption=cut_corruption)
            self.cut = found.cut
            self._segment = found.next_segment - 1
            self._durable_records = found.next_record
            self._durable_offset = 0
            self._open_segment(0, found.next_record)
        except BaseException:
            self._release()
            raise
        self._log.on_full = self._make_room

    @property
    def appended(self) -> int:
        """How many records the log has had, which is the number of the next one."""
        return self._log.number

    @property
    def log(self) -> RecordLog:
        """The compiled log, for compiled callers; TypeError where the plain twin writes."""
        if not isinstance(self._log, RecordLog):
            raise TypeError("the plain log is not for compiled callers")
        return self._log

    @property
    def acknowledged(self) -> int:
        """All records with a lower number survive what the sync promises."""
        return self._durable_records if self._disk else self._log.number

    @property
    def state(self) -> Literal["open", "failed", "closed"]:
        """Whether the writer takes records."""
        return self._state

    @property
    def segment(self) -> int:
        """The number of the segment being written."""
        return self._segment

    def flush(self) -> int:
        """Sync what was appended before this call and return `acknowledged`.

        With sync "process" there is nothing to do. Raises SyncFailed, once and for all, and then
        WriterFailed; WriterClosed.
        """
        if not self._disk:
            self._check_open()
            return self.acknowledged
        with self._sync_lock:
            self._check_open()
            # Read before the mark: records that another thread appends meanwhile do not count.
            records = self._log.number
            if records > self._durable_records:
                offset = self._log.mark(self._durable_offset)
                try:
                    os.fdatasync(self._fd)
                except OSError as error:
                    raise self._fail(error) from error
                self.counts.syncs += 1
                self._durable_records, self._durable_offset = records, offset
            return self._durable_records

    def roll(self) -> None:
        """Seal the open segment and go on in a new one. Raises what `append` raises."""
        self._check_open()
        self._open_segment(0, self._log.number)

    def close(self) -> None:
        """Seal the open segment (synced with sync "disk") and let go; again is harmless.

        A failed writer only lets go. Raises SyncFailed.
        """
        try:
            if self._state == "open":
                with self._sync_lock:
                    self._seal()
                self._state = "closed"
        finally:
            self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _make_room(self, length: int) -> None:
        self._check_open()
        if length > MAX_PAYLOAD:
            self.counts.too_large += 1
            raise RecordTooLarge(f"a payload of {length} bytes, at most {MAX_PAYLOAD}")
        self._open_segment(length, self._log.number)

    def _check_open(self) -> None:
        if self._state == "failed":
            raise WriterFailed(f"{self._name}: an earlier sync failed")
        if self._state == "closed":
            raise WriterClosed(f"{self._name}: the writer is closed")

    def _open_segment(self, length: int, record: int) -> None:
        """Make the next segment with room for `length` bytes, then seal the one before."""
        if self._rolling:
            raise SegmentError("the checkpoint must not write to the log it opens")
        self._rolling = True
        try:
            checkpoint = self._checkpoint()
        finally:
            self._rolling = False
        if len(checkpoint) > MAX_CHECKPOINT:
            self.counts.too_large += 1
            raise RecordTooLarge(f"a checkpoint of {len(checkpoint)} bytes, at most 64 MiB")
        needed = page_up(HEADER.size + len(checkpoint)) + PAGE
        needed += page_up(RECORD_HEADER + length + 7 + MARK_LEAST)
        size = max(self._segment_bytes, needed)
        with self._sync_lock:
            # A sync in another thread may have failed while this one waited.
            self._check_open()
            self._delete_oldest(size)
            self._switch(size, record, checkpoint)

    def _switch(self, size: int, record: int, checkpoint: bytes) -> None:
        header, seed = encode_header(self._segment + 1, record, checkpoint)
        path = segment_path(self._directory, self._name, self._segment + 1)
        unfinished = path.with_name(path.name + NEW_SUFFIX)
        try:
            fd = allocate(unfinished, size)
        except DiskFull:
            self.counts.disk_full += 1
            raise
        try:
            mapping = mmap.mmap(fd, size)
            # Written and not copied into the mapping: that costs a page fault for each page.
            write_whole(fd, header)
        except OSError:
            os.close(fd)
            unfinished.unlink(missing_ok=True)
            raise
        try:
            if self._disk:
                os.fsync(fd)
            if self._map is not None:
                self._seal()
            unfinished.rename(path)
            if self._disk:
                sync_directory(self._directory)
        except OSError as error:
            mapping.close()
            os.close(fd)
            raise self._fail(error) from error
        except SyncFailed:
            mapping.close()
            os.close(fd)
            raise
        self._map, self._fd = mapping, fd
        self._segment += 1
        self._log.attach(mapping, len(header), record, seed)
        self._durable_offset = len(header)
        self.counts.segments += 1

    def _seal(self) -> None:
        """End the open segment, give back its unused space, sync it with sync "disk"."""
        assert self._map is not None
        self._log.end()
        offset, records = self._log.offset, self._log.number
        self._log.detach()
        self._map.close()
        self._map = None
        try:
            os.ftruncate(self._fd, offset)
            if self._disk:
                os.fdatasync(self._fd)
                self.counts.syncs += 1
        except OSError as error:
            raise self._fail(error) from error
        self._durable_records = records
        os.close(self._fd)
        self._fd = -1

    def _fail(self, error: OSError) -> SyncFailed:
        self._state = "failed"
        self._log.block()
        return SyncFailed(f"{self._name}: {error.strerror}; nothing more is accepted")

    def _delete_oldest(self, coming: int) -> None:
        if self._retain_bytes is None:
            return
        sizes: dict[int, int] = {}
        for file in list_segments(self._directory, self._name):
            # The compressing thread may have replaced the file since it was listed.
            with contextlib.suppress(FileNotFoundError):
                sizes[file.number] = file.path.stat().st_size
        total = sum(sizes.values()) + coming
        for number, size in sizes.items():
            if total <= self._retain_bytes or (number == self._segment and self._map is not None):
                return
            remove_segment(self._directory, self._name, number)
            self.counts.deleted_segments += 1
            total -= size

    def _release(self) -> None:
        self._log.detach()
        if self._map is not None:
            self._map.close()
            self._map = None
        for fd in (self._fd, self._lock_fd):
            if fd >= 0:
                os.close(fd)
        self._fd = self._lock_fd = -1
