"""Parquet files of our layout as events; see `parquet` for the columns."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from market.grid import Grid
from replay.forms import TIME_MAX

from .errors import DamageError, DirectionError, Tolerance
from .event import Event, EventKind, Level, plain
from .parquet import BOOK, QUOTES, ROWS, TRADES, described, schema

#: Rows of one event.
EVENT_ROWS_MAX = 1 << 21
_BOOK_KINDS = {kind.value: kind for kind in (EventKind.SNAPSHOT, EventKind.UPDATE, EventKind.LOST)}
_TAKERS = ("buy", "sell", "unknown")
_ERRORS = (pa.ArrowException, OSError, MemoryError, ValueError, KeyError, TypeError, OverflowError)

Row = dict[str, Any]


class ParquetSource:
    """The three files in a directory; raises DirectionError where they are not there or not ours.

    `size` is the number of bytes that `on_read` hears of.
    """

    def __init__(
        self, directory: Path, tolerance: Tolerance, on_read: Callable[[int], None]
    ) -> None:
        self._tables = [
            _Table(directory / name, name, tolerance, on_read)
            for name in (BOOK, TRADES, QUOTES)
            if (directory / name).is_file()
        ]
        if not self._tables:
            raise DirectionError(f"{directory}: none of {BOOK}, {TRADES}, {QUOTES} is there")
        self.size = sum(table.size for table in self._tables)

    def events(self) -> Iterator[Event]:
        """Yield all events in their order; raises DamageError."""
        streams = [table.events() for table in self._tables]
        for _, event in heapq.merge(*streams, key=lambda pair: pair[0]):
            yield event


class _Table:
    """One file."""

    def __init__(
        self, path: Path, table: str, tolerance: Tolerance, on_read: Callable[[int], None]
    ) -> None:
        self.size = path.stat().st_size
        self._name = path.name
        self._tolerance = tolerance
        self._on_read = on_read
        try:
            self._file = pq.ParquetFile(path)
            metadata = self._file.metadata.metadata
        except _ERRORS as error:
            raise DamageError(f"{path.name}: {error!s:.200}") from None
        numbers, self._grids = described(metadata, path.name)
        self._ticks = numbers == "ticks"
        self._schema = schema(table, numbers)
        missing = set(self._schema.names) - set(self._file.schema_arrow.names)
        if missing:
            raise DirectionError(f"{path.name}: no column {', '.join(sorted(missing))}")
        self._event = {BOOK: self._book, TRADES: self._trade, QUOTES: self._quote}[table]

    def events(self) -> Iterator[tuple[int, Event]]:
        """Yield (seq, event); raises DamageError."""
        held: list[Row] = []
        last = -1
        for number, row in enumerate(self._rows(), 1):
            if held and row["seq"] != last:
                yield from self._made(held, number - 1)
                held = []
            if not isinstance(row["seq"], int) or row["seq"] < last:
                self._tolerance.damage(f"{self._name}: row {number}: seq goes back")
                return
            last = row["seq"]
            held.append(row)
            if len(held) > EVENT_ROWS_MAX:
                self._tolerance.damage(f"{self._name}: row {number}: an event too long")
                return
        if held:
            yield from self._made(held, self._file.metadata.num_rows)

    def _rows(self) -> Iterator[Row]:
        """Yield the rows as plain values, times as ns."""
        total = self._file.metadata.num_rows
        batches = self._file.iter_batches(ROWS, columns=self._schema.names)
        while True:
            try:
                batch = next(batches, None)
                if batch is None:
                    return
                columns = [self._plain(batch.column(one.name), one) for one in self._schema]
            except _ERRORS as error:
                self._tolerance.damage(f"{self._name}: {error!s:.200}")
                return
            names = self._schema.names
            for values in zip(*columns, strict=True):
                yield dict(zip(names, values, strict=True))
            self._on_read(self.size * batch.num_rows // max(total, 1))

    def _plain(self, array: Any, field: Any) -> list[Any]:
        kind = field.type
        if pa.types.is_dictionary(kind):
            kind = pa.string()
        array = array.cast(kind)
        values: list[Any] = (
            array.cast(pa.int64()) if pa.types.is_timestamp(kind) else array
        ).to_pylist()
        return values

    def _made(self, rows: list[Row], number: int) -> Iterator[tuple[int, Event]]:
        """Yield the event of its rows; `number` is that of the last one."""
        row = rows[0]
        try:
            ts_recv, ts_event = row["ts_recv"], row["ts_event"] or 0
            if not 0 <= ts_recv <= TIME_MAX or not 0 <= ts_event <= TIME_MAX:
                raise ValueError("a time before 1970 or after 2096")
            if not row["venue"] or not row["symbol"]:
                raise ValueError("no venue or symbol")
            head = Event(EventKind.LOST, row["venue"], row["symbol"], ts_recv, ts_event)
            event = self._event(head, rows)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            self._tolerance.damage(f"{self._name}: row {number}: {error!s:.100}")
            return
        yield row["seq"], event

    def _book(self, head: Event, rows: list[Row]) -> Event:
        sides: dict[str, list[Level]] = {"bid": [], "ask": []}
        row = rows[0]
        for one in rows:
            if one["side"] is not None:
                sides[one["side"]].append(self._level(one, one["price"], one["size"]))
        return head._replace(
            kind=_BOOK_KINDS[row["kind"]],
            bids=tuple(sides["bid"]),
            asks=tuple(sides["ask"]),
            text=row["reason"] or "",
            first=_id(row["first_id"]),
            last=_id(row["last_id"]),
            prev=_id(row["prev_id"]),
        )

    def _trade(self, head: Event, rows: list[Row]) -> Event:
        row = _only(rows)
        if row["side"] not in _TAKERS:
            raise ValueError(f"no side: {row['side']!s:.20}")
        level = self._level(row, row["price"], row["size"])
        return head._replace(
            kind=EventKind.TRADE, bids=(level,), side=row["side"], text=row["id"] or ""
        )

    def _quote(self, head: Event, rows: list[Row]) -> Event:
        row = _only(rows)
        sides = [
            (self._level(row, row[f"{side}_price"], row[f"{side}_size"]),)
            if row[f"{side}_price"] is not None
            else ()
            for side in ("bid", "ask")
        ]
        return head._replace(
            kind=EventKind.QUOTE, bids=sides[0], asks=sides[1], last=_id(row["last_id"])
        )

    def _level(self, row: Row, price: Any, size: Any) -> Level:
        if not self._ticks:
            return plain(price), plain(size)
        at = row["grid"]
        if at < 0 or price < 0 or size < 0:
            raise ValueError("a number below zero")
        grids: tuple[Grid, Grid] = self._grids[at]
        return grids[0].format(price), grids[1].format(size)


def _only(rows: Iterable[Row]) -> Row:
    row, *others = rows
    if others:
        raise ValueError("seq stands twice")
    return row


def _id(number: int | None) -> int:
    return number if number is not None else -1
