"""Events into Tardis' CSV files: one a data type, day and instrument, named as Tardis does."""

import gzip
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from .book import EventBook
from .errors import DirectionError
from .event import Event, EventKind, Level
from .tardis import BOOK, NAME, NAMES, QUOTES, TICKER, TRADES, columns, depth_of

#: Files written at the same time.
FILES_MAX = 512
_ROWS = 4096
_GZIP_LEVEL = 6
_DAY_NS = 86_400 * 10**9
_UNFIT = re.compile(r"[^\w.-]", re.ASCII)


class _Sheet:
    """One CSV file being written."""

    def __init__(self, path: Path, data_type: str) -> None:
        self._raw = path.open("xb")
        self._packed = gzip.GzipFile("", "wb", _GZIP_LEVEL, self._raw, mtime=0)
        self._rows = [",".join(columns(data_type))]
        self.count = 0

    def put(self, rows: list[str]) -> None:
        self._rows += rows
        self.count += len(rows)
        if len(self._rows) >= _ROWS:
            self._flush()

    def _flush(self) -> None:
        self._rows.append("")
        self._packed.write("\n".join(self._rows).encode())
        self._rows = []

    def close(self) -> None:
        self._flush()
        self._packed.close()
        self._raw.close()


@dataclass(slots=True)
class _Market:
    """What one instrument's files need to know."""

    exchange: str
    symbol: str
    #: What a reader of the files holds: a loss does not reach it.
    book: EventBook = field(default_factory=EventBook)
    live: bool = False
    day: int = -1
    sheets: dict[str, _Sheet] = field(default_factory=dict)
    #: The last row of the book's file belongs to a snapshot.
    in_snapshot: bool = False
    tops: dict[str, tuple[tuple[Level, ...], tuple[Level, ...]]] = field(default_factory=dict)


class TardisWriter:
    """Writes events into a directory; `types` are data types. Raises DirectionError, OSError.

    `left_out` counts what the files cannot hold. The events must be in order of `ts_recv`.
    """

    def __init__(self, directory: Path, types: tuple[str, ...]) -> None:
        try:
            self._depths = {name: depth_of(name) for name in types}
        except ValueError as error:
            raise DirectionError(str(error)) from None
        self._directory = directory
        self._markets: dict[tuple[str, str], _Market] = {}
        self._open = 0
        self.rows: Counter[str] = Counter()
        self.files: list[str] = []
        self.left_out: Counter[str] = Counter()

    def take(self, event: Event) -> None:
        """Write an event."""
        key = (event.venue, event.symbol)
        market = self._markets.get(key)
        if market is None:
            exchange = _cell(NAMES.get(event.venue, event.venue))
            _cell(event.symbol)
            market = self._markets[key] = _Market(exchange, event.symbol.upper())
        day = event.ts_recv // _DAY_NS
        if day != market.day:
            self._new_day(market, day, event)
        if event.kind is EventKind.TRADE:
            self._trade(market, event)
        elif event.kind is EventKind.QUOTE:
            self._quote(market, event)
        else:
            self._book(market, event)

    def close(self) -> None:
        """Complete all files; again is harmless."""
        for market in self._markets.values():
            self._close(market)

    def _close(self, market: _Market) -> None:
        for data_type, sheet in market.sheets.items():
            self.rows[data_type] += sheet.count
            sheet.close()
            self._open -= 1
        market.sheets.clear()

    def _new_day(self, market: _Market, day: int, event: Event) -> None:
        """Begin the files of a day, each with what the book is at that time."""
        self._close(market)
        market.day = day
        market.in_snapshot = False
        market.tops.clear()
        if market.live and event.kind is not EventKind.SNAPSHOT:
            bids, asks = market.book.levels()
            whole = event._replace(kind=EventKind.SNAPSHOT, bids=bids, asks=asks, ts_event=0)
            self._levels(market, whole, snapshot=True)

    def _put(self, market: _Market, data_type: str, event: Event, *rests: str) -> None:
        """Write rows of one event: what follows on its names and times."""
        sheet = market.sheets.get(data_type)
        if sheet is None:
            sheet = self._sheet(market, data_type)
        local = event.ts_recv // 1000
        ts = event.ts_event // 1000 or local
        head = f"{market.exchange},{market.symbol},{ts},{local},"
        sheet.put([head + rest for rest in rests])

    def _sheet(self, market: _Market, data_type: str) -> _Sheet:
        if self._open == FILES_MAX:
            raise DirectionError(
                f"more than {FILES_MAX} files at a time: choose with --venue or --types"
            )
        date = datetime.fromtimestamp(market.day * 86_400, UTC).date()
        symbol = _UNFIT.sub("-", market.symbol)
        name = f"{_UNFIT.sub('-', market.exchange)}_{data_type}_{date}_{symbol}.csv.gz"
        try:
            sheet = _Sheet(self._directory / name, data_type)
        except FileExistsError:
            raise DirectionError(f"{name}: two instruments or a day that comes again") from None
        market.sheets[data_type] = sheet
        self._open += 1
        self.files.append(name)
        return sheet

    def _trade(self, market: _Market, event: Event) -> None:
        if TRADES in self._depths:
            price, size = event.bids[0]
            number = _cell(event.text) if event.text else ""
            self._put(market, TRADES, event, f"{number},{event.side},{price},{size}")

    def _quote(self, market: _Market, event: Event) -> None:
        if TICKER in self._depths:
            # A size of 0 is one that the venue does not tell.
            bids = tuple((price, size if size != "0" else "") for price, size in event.bids)
            asks = tuple((price, size if size != "0" else "") for price, size in event.asks)
            self._put(market, TICKER, event, _touch(bids, asks))

    def _book(self, market: _Market, event: Event) -> None:
        if event.kind is EventKind.LOST:
            market.live = False
            self.left_out["lost"] += 1
            return
        if event.kind is EventKind.SNAPSHOT:
            market.live = True
            if market.in_snapshot or not (event.bids or event.asks):
                # A snapshot behind a snapshot voids nothing for a reader: take away by hand.
                bids, asks = market.book.vanished(event)
                self._levels(market, event._replace(bids=bids, asks=asks), snapshot=False)
            self._levels(market, event, snapshot=True)
        elif not market.live:
            self.left_out["update without a book"] += 1
            return
        else:
            # Of an empty book no row told; a reader waits for one of a snapshot.
            self._levels(market, event, snapshot=market.book.empty)
        market.book.take(event)
        self._tops(market, event)

    def _levels(self, market: _Market, event: Event, *, snapshot: bool) -> None:
        if BOOK not in self._depths or not (event.bids or event.asks):
            return
        flag = "true" if snapshot else "false"
        rests = [f"{flag},bid,{price},{size}" for price, size in event.bids]
        rests += [f"{flag},ask,{price},{size}" for price, size in event.asks]
        self._put(market, BOOK, event, *rests)
        market.in_snapshot = snapshot

    def _tops(self, market: _Market, event: Event) -> None:
        """Write the best levels where they changed."""
        for data_type, depth in self._depths.items():
            count = depth or (data_type == QUOTES)
            if not count:
                continue
            top = market.book.best(count)
            if top != market.tops.get(data_type):
                market.tops[data_type] = top
                text = _ladder(*top, depth) if depth else _touch(*top)
                self._put(market, data_type, event, text)


def _cell(text: str) -> str:
    """Return a name; raises DirectionError for what a cell cannot hold."""
    if not NAME.fullmatch(text):
        raise DirectionError(f"a CSV cell cannot hold the name or id {text[:40]!r}")
    return text


def _touch(bids: tuple[Level, ...], asks: tuple[Level, ...]) -> str:
    bid, bid_size = bids[0] if bids else ("", "")
    ask, ask_size = asks[0] if asks else ("", "")
    return f"{ask_size},{ask},{bid},{bid_size}"


def _ladder(bids: tuple[Level, ...], asks: tuple[Level, ...], depth: int) -> str:
    return ",".join(
        ",".join(side[at]) if at < len(side) else ","
        for at in range(depth)
        for side in (asks, bids)
    )
