"""An hftbacktest array as events of one instrument: what its local side sees, in its order.

Prices and sizes are floats there: the shortest decimal that means the float is taken, which is the
one that was written as long as it has at most 15 digits.
"""

import ast
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from replay.forms import TIME_MAX

from .book import EventBook
from .errors import DamageError, DirectionError, Tolerance
from .event import Event, EventKind, Level, plain
from .npz import (
    BBO,
    BUY,
    CLEAR,
    DEPTH,
    EVENT,
    FIELDS,
    KIND,
    LOCAL,
    MAGIC,
    MEMBER,
    ROWS,
    SELL,
    SNAPSHOT,
    TRADE,
)

_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    OverflowError,
)
#: Bytes of an array's header; hftbacktest's have 182.
_HEAD_MAX = 4096
_BOOK = (DEPTH, CLEAR, SNAPSHOT)

Row = tuple[int, int, int, float, float]


class NpzSource:
    """An npz file of `venue` and `symbol`; raises DirectionError, DamageError, OSError.

    `size` is the number of bytes that `on_read` hears of.
    """

    def __init__(
        self,
        path: Path,
        market: tuple[str, str],
        tolerance: Tolerance,
        on_read: Callable[[int], None],
    ) -> None:
        self._path = path
        self._venue, self._symbol = market
        self._tolerance = tolerance
        self._on_read = on_read
        self._book = EventBook()
        # All levels were taken away: either the book was lost, or empty if an update follows.
        self._cleared = False
        self.size = path.stat().st_size
        with self._open() as file:
            self._head(file)

    def _open(self) -> IO[bytes]:
        try:
            packed = zipfile.ZipFile(self._path)
            if MEMBER not in packed.namelist():
                raise DirectionError(f"{self._path.name}: no {MEMBER} is in it")
            return packed.open(MEMBER)
        except _ERRORS as error:
            raise DamageError(f"{self._path.name}: {error!s:.100}") from None

    def _head(self, file: IO[bytes]) -> int:
        """Read the header of the array; returns its number of rows."""
        try:
            magic, size = struct.unpack("<8sH", file.read(10))
            if magic != MAGIC or size > _HEAD_MAX:
                raise DirectionError(f"{self._path.name}: no array of version 1.0")
            head = ast.literal_eval(file.read(size).decode("latin-1"))
            told = head["descr"], head["fortran_order"], len(head["shape"]), head["shape"][0]
        except (*_ERRORS, KeyError, TypeError, IndexError, MemoryError, RecursionError) as error:
            raise DamageError(f"{self._path.name}: its header: {error!s:.100}") from None
        rows = told[3]
        if told[:3] != (EVENT.descr, False, 1) or not isinstance(rows, int) or rows < 0:
            raise DirectionError(f"{self._path.name}: no array of hftbacktest events")
        return rows

    def events(self) -> Iterator[Event]:
        """Yield the events by arrival; raises DirectionError, DamageError."""
        held: list[Row] = []
        last = 0
        for number, row in self._rows():
            kind, local = row[0] & KIND, row[2]
            if local < last or not 0 <= local <= TIME_MAX or not 0 <= row[1] <= TIME_MAX:
                self._tolerance.damage(f"{self._path.name}: row {number}: its time is out of order")
                continue
            last = local
            if kind not in (*_BOOK, TRADE, BBO):
                raise DirectionError(
                    f"{self._path.name}: row {number}: event {kind} is of single orders"
                )
            if held and (kind not in _BOOK or row[1:3] != held[0][1:3]):
                yield from self._message(held, number)
                held = []
            if kind in _BOOK:
                held.append(row)
            elif kind == TRADE:
                yield from self._trade(row, number)
        if held:
            yield from self._message(held, number)

    def _rows(self) -> Iterator[tuple[int, Row]]:
        """Yield the rows of the local side with their numbers."""
        number = 0
        with self._open() as file:
            count = self._head(file)
            while number < count:
                want = min(ROWS, count - number)
                try:
                    data = file.read(want * EVENT.itemsize)
                except _ERRORS as error:
                    self._tolerance.damage(f"{self._path.name}: row {number}: {error!s:.100}")
                    return
                block = np.frombuffer(data[: len(data) // EVENT.itemsize * EVENT.itemsize], EVENT)
                columns: list[list[Any]] = [block[name].tolist() for name in FIELDS]
                for at, row in enumerate(zip(*columns, strict=True), number + 1):
                    if row[0] & LOCAL:
                        yield at, row
                number += want
                self._on_read(self.size * want // max(count, 1))
                if len(block) < want:
                    self._tolerance.damage(f"{self._path.name}: fewer rows than the {count} named")
                    return

    def _event(self, kind: EventKind, row: Row) -> Event:
        return Event(kind, self._venue, self._symbol, row[2], row[1])

    def _trade(self, row: Row, number: int) -> Iterator[Event]:
        side = "buy" if row[0] & BUY else "sell" if row[0] & SELL else "unknown"
        try:
            level = _level(row)
        except ValueError as error:
            self._tolerance.damage(f"{self._path.name}: row {number}: {error}")
            return
        yield self._event(EventKind.TRADE, row)._replace(bids=(level,), side=side)

    def _message(self, rows: list[Row], number: int) -> Iterator[Event]:
        """Yield the update, the snapshot or the loss that rows of the same times are."""
        try:
            changes = [_change(row) for row in rows]
        except ValueError as error:
            self._tolerance.damage(f"{self._path.name}: up to row {number}: {error}")
            return
        if all(row[0] & KIND == DEPTH for row in rows) and not self._cleared:
            event = self._event(EventKind.UPDATE, rows[0])._replace(
                bids=tuple(level for buy, level in changes if buy and level),
                asks=tuple(level for buy, level in changes if not buy and level),
            )
            self._book.take(event)
            yield event
            return
        for row, change in zip(rows, changes, strict=True):
            self._apply(row, change)
        bids, asks = self._book.levels()
        if any(row[0] & KIND != CLEAR for row in rows) or bids or asks:
            self._cleared = False
            yield self._event(EventKind.SNAPSHOT, rows[0])._replace(bids=bids, asks=asks)
        else:
            self._cleared = True
            yield self._event(EventKind.LOST, rows[0])._replace(text="cleared", ts_event=0)
            self._book.take(self._event(EventKind.LOST, rows[0]))

    def _apply(self, row: Row, change: tuple[bool, Level | None]) -> None:
        """Apply one row to the book behind the events."""
        event = self._event(EventKind.UPDATE, row)
        buy, level = change
        if not self._book.live:
            self._book.take(event._replace(kind=EventKind.SNAPSHOT))
        if level is not None:
            self._book.take(_sided(event, (level,), buy=buy))
        elif not row[0] & (BUY | SELL):
            self._book.take(event._replace(kind=EventKind.SNAPSHOT))
        else:
            bids, asks = self._book.levels()
            upto = row[3]
            gone = [
                (price, "0")
                for price, _ in (bids if buy else asks)
                if not math.isfinite(upto)
                or (float(price) >= upto if buy else float(price) <= upto)
            ]
            self._book.take(_sided(event, tuple(gone), buy=buy))


def _sided(event: Event, levels: tuple[Level, ...], *, buy: bool) -> Event:
    return event._replace(bids=levels) if buy else event._replace(asks=levels)


def _change(row: Row) -> tuple[bool, Level | None]:
    """Return whether a row is a bid, and its level; None where it takes levels away."""
    if row[0] & KIND == CLEAR:
        return bool(row[0] & BUY), None
    if not row[0] & (BUY | SELL):
        raise ValueError("a level without a side")
    return bool(row[0] & BUY), _level(row)


def _level(row: Row) -> Level:
    """Return price and size; raises ValueError for what is no number of a book."""
    px, qty = row[3], row[4]
    if not (math.isfinite(px) and math.isfinite(qty)) or px < 0 or qty < 0:
        raise ValueError(f"no price and size: {px} and {qty}")
    # Adding zero takes the sign off a zero.
    return plain(repr(px + 0.0)), plain(repr(qty + 0.0))
