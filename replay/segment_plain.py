"""The plain twin of the compiled core: the same bytes, written for reading instead of speed."""

import mmap
from collections.abc import Callable, Iterator

from .segment_format import (
    KIND_END,
    KIND_MARK,
    KIND_RESERVED,
    MARK_LEAST,
    MARK_PAYLOAD,
    MAX_PAYLOAD,
    PAGE,
    RECORD,
    RECORD_HEADER,
    Record,
    commit_word,
    page_up,
)


def _table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F6_3B78 if crc & 1 else 0)
        table.append(crc)
    return table


TABLE = _table()


def plain_crc32c(data: bytes, value: int = 0) -> int:
    """Return the CRC-32C of `data`, one byte at a time."""
    crc = value ^ 0xFFFF_FFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFF_FFFF


def plain_record(number: int, kind: int, ts_ns: int, payload: bytes, seed: int) -> bytes:
    """Return the bytes of one record: header, payload, zeros up to eight bytes."""
    padded = payload + bytes(-len(payload) % 8)
    commit = commit_word(len(payload))
    unsigned = RECORD.pack(commit, number, ts_ns, kind, 0)
    checksum = plain_crc32c(unsigned + padded, seed)
    return RECORD.pack(commit, number, ts_ns, kind, checksum) + padded


class PlainLog:
    """Twin of `segment_core.RecordLog`; not for threads."""

    def __init__(self) -> None:
        self.on_full: Callable[[int], None] | None = None
        self.offset = 0
        self.number = 0
        self._view: memoryview | None = None
        self._limit = 0
        self._seed = 0
        self._last_ts_ns = 0

    def attach(
        self, buffer: bytearray | memoryview | mmap.mmap, offset: int, number: int, seed: int
    ) -> None:
        """Go on in `buffer` with record `number` at `offset`; ValueError when it holds none."""
        self.detach()
        view = memoryview(buffer)
        if len(view) % PAGE or offset < 0 or offset % 8 or offset > len(view) - 2 * PAGE:
            view.release()
            raise ValueError("a segment is whole pages, with two of them free")
        self._view = view
        self.offset, self.number = offset, number
        self._limit = len(view) - PAGE
        self._seed = seed

    def detach(self) -> None:
        """Let go of the buffer; the next append asks `on_full` for another."""
        if self._view is not None:
            self._view.release()
        self._view = None
        self.offset = self._limit = 0

    def block(self) -> None:
        """Send every further append to `on_full` without giving up the buffer."""
        self._limit = 0

    def append(self, kind: int, ts_ns: int, payload: bytes | bytearray | memoryview) -> int:
        """Append one record and return its number."""
        if kind >= KIND_RESERVED:
            raise ValueError(f"kind {kind} is reserved")
        data = bytes(payload)
        if not self._fits(len(data)):
            if self.on_full is None:
                raise ValueError("no room, and nothing to make it")
            self.on_full(len(data))
            if not self._fits(len(data)):
                raise ValueError("no room was made")
        self._put(kind, ts_ns, data)
        self._last_ts_ns = ts_ns
        self.number += 1
        return self.number - 1

    def mark(self, durable: int) -> int:
        """Close a group up to a page boundary with a mark that names `durable`; return its end."""
        end = page_up(self.offset + MARK_LEAST)
        if self._view is None or end > len(self._view) - PAGE:
            raise ValueError("no room for a flush mark")
        length = end - self.offset - RECORD_HEADER
        self._put(KIND_MARK, self._last_ts_ns, MARK_PAYLOAD.pack(durable).ljust(length, b"\x00"))
        return self.offset

    def end(self) -> None:
        """Seal the segment with its end mark; ValueError when nothing is attached."""
        if self._view is None or len(self._view) - self.offset < RECORD_HEADER:
            raise ValueError("no room for the end mark")
        self._put(KIND_END, self._last_ts_ns, b"")

    def _fits(self, length: int) -> bool:
        needed = RECORD_HEADER + length + -length % 8 + MARK_LEAST
        return length <= MAX_PAYLOAD and needed <= self._limit - self.offset

    def _put(self, kind: int, ts_ns: int, payload: bytes) -> None:
        assert self._view is not None
        record = plain_record(self.number, kind, ts_ns, payload, self._seed)
        end = self.offset + len(record)
        # The commit word last: until it is there, a reader sees no record at this place.
        self._view[self.offset + 8 : end] = record[8:]
        self._view[self.offset : self.offset + 8] = record[:8]
        self.offset = end


class PlainCursor:
    """Twin of `segment_core.RecordCursor`."""

    def __init__(self, data: bytes, offset: int, number: int, seed: int) -> None:
        self.offset = offset
        self.number = number
        self.sealed = False
        self._data = data
        self._seed = seed

    def __iter__(self) -> Iterator[Record]:
        return self

    def __next__(self) -> Record:
        while not self.sealed:
            whole = _whole_record(self._data, self.offset, self._seed)
            if whole is None or whole[1].number != self.number:
                break
            end, record = whole
            if record.kind < KIND_RESERVED:
                self.offset = end
                self.number += 1
                return record
            if record.kind not in {KIND_END, KIND_MARK}:
                break
            self.sealed = record.kind == KIND_END
            self.offset = end
        raise StopIteration


def _whole_record(data: bytes, at: int, seed: int) -> tuple[int, Record] | None:
    if len(data) - at < RECORD_HEADER:
        return None
    commit, number, ts_ns, kind, _ = RECORD.unpack_from(data, at)
    length = commit & 0xFFFF_FFFF
    end = at + RECORD_HEADER + length + -length % 8
    if commit != commit_word(length) or length > MAX_PAYLOAD or end > len(data):
        return None
    payload = data[at + RECORD_HEADER : at + RECORD_HEADER + length]
    if plain_record(number, kind, ts_ns, payload, seed) != data[at:end]:
        return None
    return end, Record(number, kind, ts_ns, payload)


def plain_find(
    data: bytes, offset: int, number: int, seed: int
) -> tuple[int, int, int, int] | None:
    """Twin of `segment_core.find_record`, without its bound on the work."""
    for at in range(offset + -offset % 8, len(data) - RECORD_HEADER + 1, 8):
        whole = _whole_record(data, at, seed)
        if whole is None:
            continue
        end, record = whole
        if 0 <= record.number - number <= len(data) // RECORD_HEADER:
            return at, end, record.kind, record.number
    return None
