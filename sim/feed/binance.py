"""What Binance spot publishes about a market: real-time streams and batched depth."""

from collections import deque
from collections.abc import Callable, Container, Iterable

from sim.market.base import Market
from sim.market.book import Book
from sim.market.event import Event, LevelChange, Print, Side, Touch
from sim.market.listing import BINANCE, Listing
from sim.wire import binance as wire
from sim.wire import binance_ticker as ticker

from .binance_bars import (
    INTERVALS_NS,
    MINUTE_NS,
    MINUTES_KEPT,
    SECOND_NS,
    SECONDS_KEPT,
    Bar,
    Bars,
    flat,
    summed,
)
from .frame import Frame

SPEEDS_NS = {"@100ms": 100_000_000, "": 1_000_000_000}  # by suffix of the stream name
PARTIAL_DEPTHS = (5, 10, 20)
ALL_MINI_TICKERS = "!miniTicker@arr"
TRADES_KEPT = 1000
AVERAGE_NS = 5 * MINUTE_NS  # that the average price looks back
MILLISECOND, MICROSECOND = 1_000_000, 1_000  # units of time stamps, in ns
# A stream in microseconds is one of its own, known by this ending which no client can send.
MICRO = "\n"
_UNITS = {"": MILLISECOND, MICRO: MICROSECOND}  # by ending


class DiffBatch:
    """The level changes of one symbol since the last diff of one stream speed."""

    __slots__ = ("_sides", "first_id", "last_id")

    def __init__(self) -> None:
        self.first_id = 0
        self.last_id = 0
        self._sides: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def add(self, change: LevelChange) -> None:
        """Take in one change; a later one at the same price replaces it."""
        if not self.first_id:
            self.first_id = change.update_id
        self.last_id = change.update_id
        self._sides[change.side][change.price] = change.lots

    def side(self, side: Side) -> list[tuple[int, int]]:
        """Return (price, lots) that changed on one side, best price first."""
        return sorted(self._sides[side].items(), reverse=side is Side.BID)


class _Symbol:
    """One listing with its open batches, its recent trades, and the names of its streams."""

    def __init__(self, listing: Listing, book: Book) -> None:
        self.listing = listing
        self.book = book
        self.name = wire.symbol_of(listing)
        self.lower = self.name.lower()
        self.batches = {suffix: DiffBatch() for suffix in SPEEDS_NS}
        self.open = list(self.batches.values())
        self.trades: deque[Print] = deque(maxlen=TRADES_KEPT)
        self.seconds = Bars(SECOND_NS, SECONDS_KEPT)
        self.minutes = Bars(MINUTE_NS, MINUTES_KEPT)
        self.book_ticker = f"{self.lower}@bookTicker"
        self.book_tickers = wire.BookTickers(listing)
        self.depths = {suffix: f"{self.lower}@depth{suffix}" for suffix in SPEEDS_NS}
        self.partials = {
            suffix: [(depth, f"{self.lower}@depth{depth}{suffix}") for depth in PARTIAL_DEPTHS]
            for suffix in SPEEDS_NS
        }
        self.trade, self.agg_trade = f"{self.lower}@trade", f"{self.lower}@aggTrade"
        self.secondly = [
            (f"{self.lower}@{kind}{suffix}", unit, encode)
            for kind, encode in _SECONDLY.items()
            for suffix, unit in _UNITS.items()
        ]

    def touch(self) -> Touch:
        """Return best bid and ask, zeros for a side that is empty."""
        best = [self.book.side(side).levels(1) or [(0, 0)] for side in Side]
        return Touch(*best[0][0], *best[1][0])

    def average(self, now_ns: int) -> int:
        """Return the average price of the last minutes in ticks, 0 before the first trade."""
        recent = summed(self.minutes.since(now_ns - AVERAGE_NS))
        if recent:
            return recent.quote // recent.volume
        return self.minutes.last.close if self.minutes.last else 0

    def day(self, now_ns: int) -> Bar:
        """Return the trades of the last day as one bar."""
        return self.since(now_ns - ticker.DAY_NS, now_ns)

    def since(self, start_ns: int, now_ns: int) -> Bar:
        """Return the trades from a time on as one bar."""
        found = summed(self.minutes.since(start_ns))
        return found or flat(now_ns, self.average(now_ns))

    def kline(self, interval_ns: int, now_ns: int) -> Bar | None:
        """Return the bar that is running or has just ended, None before the first trade."""
        bars = self.seconds if interval_ns == SECOND_NS else self.minutes
        last = bars.last
        if last is None:
            return None
        start = (now_ns - 1) // interval_ns * interval_ns
        found = summed(bars.since(start)) or flat(start, last.close)
        found.start_ns = start
        return found


class BinanceFeed:
    """Encodes the events of a market as streams, each payload once, and only if it is wanted.

    Diffs are batched by stream speed; a batch that is not wanted is still kept, so that a
    subscriber in mid-batch gets a diff that begins before its subscription, as at the venue.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        self._symbols = {
            listing.id: _Symbol(listing, market.book(listing.id))
            for listing in market.listings
            if listing.venue == BINANCE
        }
        self._by_name = {symbol.name: symbol for symbol in self._symbols.values()}
        now = market.now_ns
        self._due = {suffix: now - now % ns + ns for suffix, ns in SPEEDS_NS.items()}

    @property
    def listings(self) -> list[Listing]:
        """Every listing of the venue."""
        return [symbol.listing for symbol in self._symbols.values()]

    @property
    def symbols(self) -> list[str]:
        """Every symbol, as the venue spells it."""
        return list(self._by_name)

    def streams(self) -> list[str]:
        """Return the name of every stream that this feed can publish."""
        names = []
        for symbol in self._symbols.values():
            for suffix in SPEEDS_NS:
                names.append(f"{symbol.lower}@depth{suffix}")
                names += [f"{symbol.lower}@depth{depth}{suffix}" for depth in PARTIAL_DEPTHS]
            kinds = ("bookTicker", "trade", "aggTrade", "miniTicker", "ticker", "avgPrice")
            names += [f"{symbol.lower}@{kind}" for kind in kinds]
            names += [f"{symbol.lower}@kline_{name}" for name in INTERVALS_NS]
        return [*names, ALL_MINI_TICKERS]

    def book(self, symbol: str) -> tuple[Listing, Book]:
        """Return listing and book of a symbol as the venue spells it; KeyError if unknown."""
        found = self._by_name[symbol]
        return found.listing, found.book

    def listing(self, symbol: str) -> Listing:
        """Return the listing of a symbol; KeyError if unknown."""
        return self._by_name[symbol].listing

    def touch(self, symbol: str) -> Touch:
        """Return best bid and ask, zeros for a side that is empty; KeyError if unknown."""
        return self._by_name[symbol].touch()

    def trades(self, symbol: str) -> list[Print]:
        """Return the recent trades of a symbol, oldest first; KeyError if unknown."""
        return list(self._by_name[symbol].trades)

    def average(self, symbol: str) -> int:
        """Return the average price of five minutes in ticks, 0 before the first trade."""
        return self._by_name[symbol].average(self._market.now_ns)

    def day(self, symbol: str) -> Bar:
        """Return the trades of the last day as one bar; KeyError if unknown."""
        return self._by_name[symbol].day(self._market.now_ns)

    def since(self, symbol: str, start_ns: int) -> Bar:
        """Return the trades from a time on, at most a day ago, as one bar; KeyError if unknown."""
        return self._by_name[symbol].since(start_ns, self._market.now_ns)

    def bars(self, symbol: str, interval_ns: int) -> Bars:
        """Return the bars of a second or of a minute; KeyError if unknown."""
        found = self._by_name[symbol]
        return found.seconds if interval_ns == SECOND_NS else found.minutes

    def snapshot(self, symbol: str, limit: int) -> bytes:
        """Return the depth reply of a symbol as of now; KeyError if unknown."""
        listing, book = self.book(symbol)
        bids, asks = book.side(Side.BID).levels(limit), book.side(Side.ASK).levels(limit)
        return wire.depth_snapshot(listing, book.update_id, bids, asks)

    def publish(self, events: Iterable[Event], wanted: Container[str]) -> list[Frame]:
        """Take in what happened up to now, and return the frames that are due, in order.

        To be called at least at every multiple of 100 ms of market time; where a call comes late,
        the diff is late and longer, and nothing is lost.
        """
        frames: list[Frame] = []
        for event in events:
            symbol = self._symbols.get(event.listing)
            if symbol is None:
                continue
            if isinstance(event, Print):
                self._on_print(symbol, event, wanted, frames)
            else:
                self._on_change(symbol, event, wanted, frames)
        now = self._market.now_ns
        for suffix, period_ns in SPEEDS_NS.items():
            if now >= self._due[suffix]:
                self._due[suffix] = now - now % period_ns + period_ns
                self._flush(suffix, now, wanted, frames)
                if period_ns == SECOND_NS:
                    self._each_second(now, wanted, frames)
        return frames

    def _on_print(
        self, symbol: _Symbol, event: Print, wanted: Container[str], frames: list[Frame]
    ) -> None:
        symbol.trades.append(event)
        symbol.seconds.add(event)
        symbol.minutes.add(event)
        listing = symbol.listing
        if symbol.trade in wanted:
            frames.append(Frame(event.ts_ns, symbol.trade, "", wire.trade(listing, event)))
        if symbol.agg_trade in wanted:
            payload = wire.agg_trade(listing, event)
            frames.append(Frame(event.ts_ns, symbol.agg_trade, "", payload))
        if (stream := symbol.trade + MICRO) in wanted:
            payload = wire.trade(listing, event, MICROSECOND)
            frames.append(Frame(event.ts_ns, stream, "", payload))
        if (stream := symbol.agg_trade + MICRO) in wanted:
            payload = wire.agg_trade(listing, event, MICROSECOND)
            frames.append(Frame(event.ts_ns, stream, "", payload))

    def _on_change(
        self, symbol: _Symbol, event: LevelChange, wanted: Container[str], frames: list[Frame]
    ) -> None:
        for batch in symbol.open:
            batch.add(event)
        if event.touch and symbol.book_ticker in wanted:
            payload = symbol.book_tickers.spell(event.update_id, event.touch)
            frames.append(Frame(event.ts_ns, symbol.book_ticker, "", payload))

    def _flush(self, suffix: str, now_ns: int, wanted: Container[str], frames: list[Frame]) -> None:
        for symbol in self._symbols.values():
            batch = symbol.batches[suffix]
            if not batch.first_id:
                continue  # an interval in which nothing changed is skipped
            symbol.batches[suffix] = DiffBatch()
            symbol.open = list(symbol.batches.values())
            stream = symbol.depths[suffix]
            for name, unit in ((stream, MILLISECOND), (stream + MICRO, MICROSECOND)):
                if name in wanted:
                    payload = _diff(symbol, batch, now_ns, unit)
                    frames.append(Frame(now_ns, name, "", payload))
            for depth, name in symbol.partials[suffix]:
                if name in wanted:
                    frames.append(Frame(now_ns, name, "", self.snapshot(symbol.name, depth)))

    def _each_second(self, now_ns: int, wanted: Container[str], frames: list[Frame]) -> None:
        """Publish what is sent once a second, whether anything happened or not."""
        for symbol in self._symbols.values():
            for stream, unit, encode in symbol.secondly:
                if stream in wanted and (payload := encode(symbol, now_ns, unit)):
                    frames.append(Frame(now_ns, stream, "", payload))
        for suffix, unit in _UNITS.items():
            if (stream := ALL_MINI_TICKERS + suffix) in wanted:
                rows = [_mini_ticker(symbol, now_ns, unit) for symbol in self._symbols.values()]
                payload = b"[" + b",".join(rows) + b"]"
                frames.append(Frame(now_ns, stream, "", payload))


def _diff(symbol: _Symbol, batch: DiffBatch, now_ns: int, unit: int) -> bytes:
    ids = (batch.first_id, batch.last_id)
    bids, asks = batch.side(Side.BID), batch.side(Side.ASK)
    return wire.depth_update(symbol.listing, now_ns, ids, bids, asks, unit)


def _mini_ticker(symbol: _Symbol, now_ns: int, unit: int) -> bytes:
    return ticker.mini_ticker(symbol.listing, symbol.day(now_ns), now_ns, unit)


def _ticker(symbol: _Symbol, now_ns: int, unit: int) -> bytes:
    last_lots = symbol.trades[-1].lots if symbol.trades else 0
    day = symbol.day(now_ns)
    return ticker.ticker(symbol.listing, day, last_lots, symbol.touch(), now_ns, unit)


def _average_price(symbol: _Symbol, now_ns: int, unit: int) -> bytes:
    last_ns = symbol.trades[-1].ts_ns if symbol.trades else now_ns
    price = symbol.average(now_ns)
    return ticker.average_price(symbol.listing, price, last_ns, now_ns, unit)


def _kline_of(name: str) -> "_Encoder":
    interval_ns = INTERVALS_NS[name]

    def encode(symbol: _Symbol, now_ns: int, unit: int) -> bytes | None:
        bar = symbol.kline(interval_ns, now_ns)
        if bar is None:
            return None
        return ticker.kline(symbol.listing, bar, name, (interval_ns, now_ns), unit)

    return encode


_Encoder = Callable[[_Symbol, int, int], bytes | None]
_SECONDLY: dict[str, _Encoder] = {
    "miniTicker": _mini_ticker,
    "ticker": _ticker,
    "avgPrice": _average_price,
    **{f"kline_{name}": _kline_of(name) for name in INTERVALS_NS},
}
