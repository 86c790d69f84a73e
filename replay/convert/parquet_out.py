"""Events into Parquet files, a row group at a time."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from market.grid import BadNumberError, Grid

from .errors import ConvertError
from .event import Event, EventKind, Level
from .parquet import BOOK, QUOTES, ROWS, TRADES, describe, schema

Grids = tuple[Grid, Grid]


class _Table:
    """One file: columns of the row group that grows, then the file."""

    def __init__(self, path: Path, table: str, numbers: str) -> None:
        self.name = path.name
        self._schema = schema(table, numbers)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._columns: dict[str, list[Any]] = {name: [] for name in self._schema.names}
        self._rows = 0
        self.count = 0

    def put(self, row: dict[str, Any]) -> None:
        for name, column in self._columns.items():
            column.append(row.get(name))
        self._rows += 1
        if self._rows >= ROWS:
            self._flush()

    def _flush(self) -> None:
        arrays = [pa.array(self._columns[one.name], one.type) for one in self._schema]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._columns = {name: [] for name in self._schema.names}
        self.count += self._rows
        self._rows = 0

    def close(self, metadata: dict[str, str]) -> None:
        self._flush()
        self._writer.add_key_value_metadata(metadata)
        self._writer.close()


class ParquetWriter:
    """Writes events into three files of a directory; `numbers` is `text` or `ticks`.

    `grids` returns price and size grid of an instrument where they are known. With `ticks` a value
    that its grid cannot hold makes a finer grid, with a number of its own, which later rows name.
    """

    def __init__(
        self,
        directory: Path,
        numbers: str,
        grids: Callable[[str, str], Grids | None],
    ) -> None:
        self._numbers = numbers
        self._tables = {
            table: _Table(directory / table, table, numbers) for table in (BOOK, TRADES, QUOTES)
        }
        self._known = grids
        self._grids: list[tuple[str, str, Grid, Grid]] = []
        self._current: dict[tuple[str, str], int] = {}
        self._seq = 0
        self.rows: Counter[str] = Counter()

    def take(self, event: Event) -> None:
        """Write an event; raises ConvertError for a number that no grid can hold."""
        row: dict[str, Any] = {
            "seq": self._seq,
            "venue": event.venue,
            "symbol": event.symbol,
            "ts_recv": event.ts_recv,
            "ts_event": event.ts_event or None,
        }
        self._seq += 1
        if self._numbers == "ticks":
            row["grid"] = self._grid_for(event)
        if event.kind is EventKind.TRADE:
            price, size = self._level(row, event.bids[0])
            row |= {"id": event.text or None, "side": event.side, "price": price, "size": size}
            self._tables[TRADES].put(row)
        elif event.kind is EventKind.QUOTE:
            for side, levels in (("bid", event.bids), ("ask", event.asks)):
                if levels:
                    row[f"{side}_price"], row[f"{side}_size"] = self._level(row, levels[0])
            row["last_id"] = _id(event.last)
            self._tables[QUOTES].put(row)
        else:
            self._book(row, event)

    def close(self) -> None:
        """Complete the files."""
        metadata = describe(self._numbers, self._grids)
        for name, table in self._tables.items():
            table.close(metadata)
            self.rows[name] = table.count

    def _book(self, row: dict[str, Any], event: Event) -> None:
        row |= {"kind": event.kind.value, "reason": event.text or None}
        row |= {f"{name}_id": _id(getattr(event, name)) for name in ("first", "last", "prev")}
        table = self._tables[BOOK]
        if not event.bids and not event.asks:
            table.put(row)
        for side, levels in (("bid", event.bids), ("ask", event.asks)):
            for level in levels:
                price, size = self._level(row, level)
                table.put({**row, "side": side, "price": price, "size": size})

    def _level(self, row: dict[str, Any], level: Level) -> tuple[Any, Any]:
        if self._numbers == "text":
            return level
        _, _, price, size = self._grids[row["grid"]]
        try:
            return price.parse(level[0]), size.parse(level[1])
        except BadNumberError as error:
            raise ConvertError(f"{row['symbol']}: {error}") from None

    def _grid_for(self, event: Event) -> int:
        """Return the number of a grid that holds all values of an event."""
        key = (event.venue, event.symbol)
        at = self._current.get(key)
        if at is None:
            price, size = self._known(*key) or (Grid(0), Grid(0))
        else:
            _, _, price, size = self._grids[at]
        before = (price, size) if at is not None else None
        try:
            for level in (*event.bids, *event.asks):
                price, size = _holding(price, level[0]), _holding(size, level[1])
        except BadNumberError as error:
            raise ConvertError(f"{event.symbol}: {error}") from None
        if at is None or (price, size) != before:
            at = self._current[key] = len(self._grids)
            self._grids.append((*key, price, size))
        return at


def _holding(grid: Grid, text: str) -> Grid:
    """Return the grid, or the coarsest finer one that holds a value."""
    digits = len(text.partition(".")[2])
    if grid.step == 1 and digits <= grid.decimals:
        return grid
    return grid.refined(text)


def _id(number: int) -> int | None:
    return number if number >= 0 else None
