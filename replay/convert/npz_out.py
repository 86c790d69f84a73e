"""Events into an hftbacktest array: rows as they arrived go to disk, are put in order, and packed.

What arrived before the venue sent it (clocks differ) is impossible in a backtest: then all arrivals
are moved by the same time, so that the fastest took none. Memory is bounded by WINDOW rows.
"""

import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Self, cast

import numpy as np

from .errors import DirectionError
from .event import Event, EventKind
from .npz import (
    BUY,
    CLEAR,
    DEPTH,
    EVENT,
    EXCHANGE,
    FIELDS,
    HEADERS,
    LOCAL,
    MEMBER,
    ROWS,
    SELL,
    SNAPSHOT,
    TRADE,
)
from .output import Sink

#: Rows among which the venue's order is made; what comes later than that is told and moved.
WINDOW = 1 << 18
#: Rows that may wait for the first time of the venue.
WAITING_MAX = 1 << 20

_SIDES = {"buy": BUY, "sell": SELL, "unknown": 0}


class NpzWriter:
    """Takes the events of one instrument, then writes the file; `scratch` is where rows wait.

    A context: what waits is gone when it is left. Raises DirectionError for a second instrument,
    OSError.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        # Anonymous: gone with the process, however that ends.
        self._arrived: IO[bytes] = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115
        self._key: tuple[str, str] | None = None
        self._rows: list[tuple[int, int, int, float, float]] = []
        self._venue_ns = 0
        self._local_ns = 0
        self._waiting: list[tuple[int, int, float, float]] = []
        self._least: int | None = None
        self.left_out: Counter[str] = Counter()
        self.count = 0
        self.shift_ns = 0
        self.late = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._arrived.close()

    def take(self, event: Event) -> None:
        """Take an event, in order of arrival."""
        key = (event.venue, event.symbol)
        if self._key is None:
            self._key = key
        elif key != self._key:
            raise DirectionError(
                f"an npz file is of one instrument; here are {self._key[1]} of {self._key[0]}"
                f" and {key[1]} of {key[0]}: choose one with --instrument"
            )
        self._venue_ns = max(self._venue_ns, event.ts_event)
        if event.kind is EventKind.QUOTE:
            self.left_out["quote"] += 1
            return
        for ev, px, qty in _rows(event):
            self._put(ev, event.ts_event, event.ts_recv, px, qty)

    def _put(self, ev: int, ts_event: int, ts_recv: int, px: float, qty: float) -> None:
        """Add a row; without a time of its own it has the newest one that the venue told."""
        if not self._venue_ns and len(self._waiting) < WAITING_MAX:
            self._waiting.append((ev, ts_recv, px, qty))
            return
        self._settle()
        self._add(ev, ts_event or self._venue_ns or ts_recv, ts_recv, px, qty)

    def _settle(self) -> None:
        waiting, self._waiting = self._waiting, []
        for ev, ts_recv, px, qty in waiting:
            self._add(ev, self._venue_ns or ts_recv, ts_recv, px, qty)

    def _add(self, ev: int, exch_ts: int, local_ts: int, px: float, qty: float) -> None:
        # A recorder that was started anew may have had an earlier clock.
        self._local_ns = local_ts = max(local_ts, self._local_ns)
        latency = local_ts - exch_ts
        if self._least is None or latency < self._least:
            self._least = latency
        self._rows.append((ev, exch_ts, local_ts, px, qty))
        if len(self._rows) >= ROWS:
            self._spill()

    def _spill(self) -> None:
        block = np.zeros(len(self._rows), EVENT)
        for name, values in zip(FIELDS, zip(*self._rows, strict=True), strict=True):
            block[name] = values
        self._arrived.write(block.tobytes())
        self._rows = []

    def finish(self, sink: Sink) -> None:
        """Write the file."""
        self._settle()
        if self._rows:
            self._spill()
        self.shift_ns = max(0, -(self._least or 0))
        with tempfile.TemporaryFile(dir=self._scratch) as ordered:
            order = _Order()
            for block in _blocks(self._arrived):
                block["local_ts"] += self.shift_ns
                for part in order.take(block):
                    ordered.write(part.tobytes())
            for part in order.rest():
                ordered.write(part.tobytes())
            self.late = order.late
            self.count = ordered.tell() // EVENT.itemsize
            _pack(sink, ordered, self.count)


def _rows(event: Event) -> Iterator[tuple[int, float, float]]:
    """Yield flags, price and size of the rows that an event is."""
    if event.kind is EventKind.TRADE:
        price, size = event.bids[0]
        yield TRADE | _SIDES[event.side], float(price), float(size)
        return
    kind = DEPTH
    if event.kind is not EventKind.UPDATE:
        # Without a side it takes all levels away.
        yield CLEAR, 0.0, 0.0
        kind = SNAPSHOT
    for side, levels in ((BUY, event.bids), (SELL, event.asks)):
        for price, size in levels:
            yield kind | side, float(price), float(size)


def _blocks(file: IO[bytes]) -> Iterator[Any]:
    file.seek(0)
    while data := file.read(ROWS * EVENT.itemsize):
        yield np.frombuffer(data, EVENT).copy()


class _Order:
    """Puts rows into both orders: a row that is late for the venue's order is told twice.

    The exchange's part stands where its time belongs, the local part where it arrived: behind the
    newest row, by the venue's time, of those that arrived before.
    """

    def __init__(self) -> None:
        self._held = np.zeros(0, EVENT)
        # Sort keys of the rows held: time, row in whose wake it stands, row itself.
        self._keys: Any = np.zeros((3, 0), np.int64)
        self._next = 0
        self._newest = np.iinfo(np.int64).min
        self._newest_row = -1
        self._written = np.iinfo(np.int64).min
        self.late = 0

    def take(self, rows: Any) -> Iterator[Any]:
        """Take rows as they arrived; yield those whose place is certain."""
        late = rows["exch_ts"] < self._written
        self.late += int(late.sum())
        rows["exch_ts"][late] = self._written
        at = np.arange(self._next, self._next + len(rows), dtype=np.int64)
        self._next += len(rows)
        times = rows["exch_ts"]
        newest = np.maximum.accumulate(np.concatenate(([self._newest], times)))
        in_order = times >= newest[:-1]
        wake = np.maximum.accumulate(
            np.concatenate(([self._newest_row], np.where(in_order, at, -1)))
        )[1:]
        self._newest, self._newest_row = newest[-1], wake[-1]
        again = rows[~in_order]
        rows["ev"] |= np.where(in_order, EXCHANGE | LOCAL, EXCHANGE).astype(np.uint64)
        again["ev"] |= np.uint64(LOCAL)
        keys = np.stack((times, at, np.zeros_like(at)))
        more = np.stack((newest[1:], wake, at))[:, ~in_order]
        self._held = np.concatenate((self._held, rows, again))
        self._keys = np.concatenate((self._keys, keys, more), axis=1)
        if len(self._held) > 2 * WINDOW:
            yield self._give(len(self._held) - WINDOW)

    def rest(self) -> Iterator[Any]:
        """Yield what is held."""
        if len(self._held):
            yield self._give(len(self._held))

    def _give(self, count: int) -> Any:
        order = np.lexsort(self._keys[::-1])
        given, kept = order[:count], order[count:]
        self._written = int(self._keys[0][given[-1]])
        rows = self._held[given]
        self._held, self._keys = self._held[kept], self._keys[:, kept]
        return rows


def _pack(sink: Sink, rows: IO[bytes], count: int) -> None:
    """Write the rows as the only member of an npz file."""
    head = {"descr": HEADERS.dtype_to_descr(EVENT), "fortran_order": False, "shape": (count,)}
    # A fixed date: the same rows give the same file.
    member = zipfile.ZipInfo(MEMBER, (1980, 1, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_DEFLATED
    rows.seek(0)
    with (
        zipfile.ZipFile(cast(Any, sink), "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open(member, "w", force_zip64=True) as file,
    ):
        HEADERS.write_array_header_1_0(file, head)
        while data := rows.read(ROWS * EVENT.itemsize):
            file.write(data)
