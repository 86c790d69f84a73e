"""Tardis' CSV files as events: rows of one message together, files merged by arrival."""

import heapq
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from replay.forms import TIME_MAX
from replay.lines import RecordingError, chunks, split

from .errors import DirectionError, Tolerance
from .event import Event, EventKind, Level, plain
from .tardis import BOOK, EXCHANGES, HEAD, NAME, QUOTES, TICKER, TRADES, depth_of, type_of

#: Files read at the same time.
FILES_MAX = 512
#: Rows of one message.
ROWS_MAX = 1 << 20

_SUFFIXES = (".csv", ".csv.gz", ".csv.zst")
_TIME = re.compile(r"\d{1,16}", re.ASCII)
_BOOK_SIDES = {"bid": 0, "buy": 0, "ask": 1, "sell": 1}
_TAKERS = ("buy", "sell", "unknown")
#: At equal times a trade is told before the book that it changed.
_ORDER = {TRADES: 0, BOOK: 1, QUOTES: 3, TICKER: 3}


class _Row(NamedTuple):
    """One line: the message that it belongs to, and its own cells."""

    exchange: str
    symbol: str
    ts: int
    local: int
    cells: list[str]


class TardisSource:
    """A CSV file or a directory of them; raises DirectionError, OSError.

    `size` is the number of bytes that `on_read` hears of; `skipped` counts the rows before an
    instrument's first snapshot.
    """

    def __init__(self, path: Path, tolerance: Tolerance, on_read: Callable[[int], None]) -> None:
        paths = [path]
        if path.is_dir():
            paths = sorted(one for one in path.iterdir() if one.name.endswith(_SUFFIXES))
        if not paths:
            raise DirectionError(f"{path}: no CSV file is there")
        if len(paths) > FILES_MAX:
            raise DirectionError(f"{path}: more than {FILES_MAX} files at a time")
        self.size = sum(one.stat().st_size for one in paths)
        self.skipped = 0
        self._tolerance = tolerance
        self._on_read = on_read
        self._sheets = sorted(
            (_Sheet(one, self) for one in paths), key=lambda sheet: _ORDER.get(sheet.type, 2)
        )
        self._told: dict[tuple[str, str, bool], str] = {}

    def events(self) -> Iterator[Event]:
        """Yield all events by arrival; raises DirectionError, DamageError."""
        streams = [sheet.events() for sheet in self._sheets]
        yield from heapq.merge(*streams, key=lambda event: event.ts_recv)

    def damage(self, text: str) -> None:
        """Take note of damage."""
        self._tolerance.damage(text)

    def heard(self, count: int) -> None:
        """Take note of bytes read."""
        self._on_read(count)

    def claim(self, venue: str, symbol: str, data_type: str) -> None:
        """Refuse a second data type that tells the same of an instrument."""
        if data_type == TRADES:
            return
        key = (venue, symbol, data_type in (QUOTES, TICKER))
        if self._told.setdefault(key, data_type) != data_type:
            raise DirectionError(
                f"{symbol} stands in {self._told[key]} and in {data_type}: give one of them"
            )


class _Sheet:
    """One file."""

    def __init__(self, path: Path, source: TardisSource) -> None:
        self._path = path
        self._source = source
        try:
            header = next(split(chunks(path), path.name), b"")
            self.type = type_of(tuple(header.decode().rstrip("\r").split(",")), path.name)
        except (RecordingError, ValueError) as error:
            raise DirectionError(f"{path.name}: {error}") from None
        self._width = len(HEAD) + 4 * (depth_of(self.type) or 1)
        #: Symbols whose book is known: True while the rows are those of its snapshot.
        self._books: dict[tuple[str, str], bool] = {}

    def events(self) -> Iterator[Event]:
        """Yield the events of the file; raises DirectionError, DamageError."""
        readers = {BOOK: self._book, TRADES: self._trades, QUOTES: self._touch}
        yield from readers.get("quotes" if self.type == TICKER else self.type, self._ladder)()

    def _rows(self) -> Iterator[tuple[int, _Row]]:
        """Yield the rows that can be read, with their line numbers."""
        name, last = self._path.name, 0
        try:
            numbered = enumerate(split(chunks(self._path, self._source.heard), name), 1)
            next(numbered, None)
            for number, line in numbered:
                if not line.strip():
                    continue
                try:
                    row = self._row(line)
                    if row.local < last:
                        raise ValueError("local_timestamp goes back")
                except ValueError as error:
                    self._source.damage(f"{name}: line {number}: {error!s:.100}")
                    continue
                last = row.local
                yield number, row
        except RecordingError as error:
            self._source.damage(str(error))

    def _row(self, line: bytes) -> _Row:
        """Return the row of a line; raises ValueError."""
        cells = line.decode().rstrip("\r").split(",")
        if len(cells) != self._width:
            raise ValueError(f"{len(cells)} cells, expected {self._width}")
        exchange, symbol, ts, local, *rest = cells
        if not NAME.fullmatch(exchange) or not NAME.fullmatch(symbol):
            raise ValueError("no exchange or symbol")
        if not _TIME.fullmatch(ts) or not _TIME.fullmatch(local):
            raise ValueError("no time in µs")
        if max(int(ts), int(local)) * 1000 > TIME_MAX:
            raise ValueError("a time after 2096")
        return _Row(exchange, symbol, int(ts), int(local), rest)

    def _event(self, kind: EventKind, row: _Row) -> Event:
        venue = EXCHANGES.get(row.exchange, row.exchange)
        self._source.claim(venue, row.symbol, self.type)
        # The venue's time falls back to the arrival: equal ones say that there is none.
        ts = row.ts * 1000 if row.ts != row.local else 0
        return Event(kind, venue, row.symbol, row.local * 1000, ts)

    def _book(self) -> Iterator[Event]:
        """Put the rows of one message together."""
        first: _Row | None = None
        snapshot = False
        sides: tuple[list[Level], list[Level]] = ([], [])
        for number, row in self._rows():
            try:
                flag, at, level = _change(row.cells)
            except ValueError as error:
                self._source.damage(f"{self._path.name}: line {number}: {error!s:.100}")
                continue
            if first is not None and (row[:4] != first[:4] or flag != snapshot):
                yield from self._message(first, snapshot, sides)
                first = None
            if first is None:
                first, snapshot, sides = row, flag, ([], [])
            sides[at].append(level)
            if len(sides[0]) + len(sides[1]) > ROWS_MAX:
                self._source.damage(f"{self._path.name}: line {number}: a message too long")
                first = None
        if first is not None:
            yield from self._message(first, snapshot, sides)

    def _message(
        self, row: _Row, snapshot: bool, sides: tuple[list[Level], list[Level]]
    ) -> Iterator[Event]:
        key = (row.exchange, row.symbol)
        in_snapshot = self._books.get(key)
        if in_snapshot is None and not snapshot:
            self._source.skipped += len(sides[0]) + len(sides[1])
            return
        self._books[key] = snapshot
        # Further rows of a snapshot are its continuation: they void nothing.
        kind = EventKind.SNAPSHOT if snapshot and not in_snapshot else EventKind.UPDATE
        event = self._event(kind, row)
        yield event._replace(bids=tuple(sides[0]), asks=tuple(sides[1]))

    def _each(self, read: Callable[[_Row], Event]) -> Iterator[Event]:
        for number, row in self._rows():
            try:
                event = read(row)
            except ValueError as error:
                self._source.damage(f"{self._path.name}: line {number}: {error!s:.100}")
                continue
            yield event

    def _trades(self) -> Iterator[Event]:
        return self._each(self._trade)

    def _trade(self, row: _Row) -> Event:
        number, side, price, size = row.cells
        if side not in _TAKERS:
            raise ValueError(f"no side: {side[:20]!r}")
        if number and not NAME.fullmatch(number):
            raise ValueError(f"no id: {number[:20]!r}")
        level = (plain(price), plain(size))
        return self._event(EventKind.TRADE, row)._replace(bids=(level,), side=side, text=number)

    def _touch(self) -> Iterator[Event]:
        return self._each(self._quote)

    def _quote(self, row: _Row) -> Event:
        ask_size, ask, bid, bid_size = row.cells
        return self._event(EventKind.QUOTE, row)._replace(
            bids=((plain(bid), plain(bid_size or "0")),) if bid else (),
            asks=((plain(ask), plain(ask_size or "0")),) if ask else (),
        )

    def _ladder(self) -> Iterator[Event]:
        return self._each(self._snapshot)

    def _snapshot(self, row: _Row) -> Event:
        asks, bids = [], []
        for at in range(0, len(row.cells), 4):
            ask, ask_size, bid, bid_size = row.cells[at : at + 4]
            if ask:
                asks.append((plain(ask), plain(ask_size)))
            if bid:
                bids.append((plain(bid), plain(bid_size)))
        event = self._event(EventKind.SNAPSHOT, row)
        return event._replace(bids=tuple(bids), asks=tuple(asks))


def _change(cells: list[str]) -> tuple[bool, int, Level]:
    """Return snapshot flag, side and level of a book row; raises ValueError."""
    flag, side, price, size = cells
    if flag not in ("true", "false") or side not in _BOOK_SIDES:
        raise ValueError(f"no flag or side: {flag[:20]!r}, {side[:20]!r}")
    return flag == "true", _BOOK_SIDES[side], (plain(price), plain(size))
