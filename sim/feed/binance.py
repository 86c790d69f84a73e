"""What Binance spot publishes about a market: real-time streams and batched depth."""

from collections import deque
from collections.abc import Container, Iterable

from sim.market.base import Market
from sim.market.book import Book
from sim.market.event import Event, LevelChange, Print, Side
from sim.market.listing import BINANCE, Listing
from sim.wire import binance as wire

from .frame import Frame

SPEEDS_NS = {"@100ms": 100_000_000, "": 1_000_000_000}  # by suffix of the stream name
PARTIAL_DEPTHS = (5, 10, 20)
TRADES_KEPT = 1000


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
    """One listing with its open batches and its recent trades."""

    def __init__(self, listing: Listing, book: Book) -> None:
        self.listing = listing
        self.book = book
        self.lower = wire.symbol_of(listing).lower()
        self.batches = {suffix: DiffBatch() for suffix in SPEEDS_NS}
        self.trades: deque[Print] = deque(maxlen=TRADES_KEPT)


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
        self._by_name = {wire.symbol_of(s.listing): s for s in self._symbols.values()}
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
            names += [f"{symbol.lower}@{kind}" for kind in ("bookTicker", "trade", "aggTrade")]
        return names

    def book(self, symbol: str) -> tuple[Listing, Book]:
        """Return listing and book of a symbol as the venue spells it; KeyError if unknown."""
        found = self._by_name[symbol]
        return found.listing, found.book

    def trades(self, symbol: str) -> list[Print]:
        """Return the recent trades of a symbol, oldest first; KeyError if unknown."""
        return list(self._by_name[symbol].trades)

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
        return frames

    def _on_print(
        self, symbol: _Symbol, event: Print, wanted: Container[str], frames: list[Frame]
    ) -> None:
        symbol.trades.append(event)
        if (stream := f"{symbol.lower}@trade") in wanted:
            frames.append(Frame(event.ts_ns, stream, "", wire.trade(symbol.listing, event)))
        if (stream := f"{symbol.lower}@aggTrade") in wanted:
            frames.append(Frame(event.ts_ns, stream, "", wire.agg_trade(symbol.listing, event)))

    def _on_change(
        self, symbol: _Symbol, event: LevelChange, wanted: Container[str], frames: list[Frame]
    ) -> None:
        for batch in symbol.batches.values():
            batch.add(event)
        if event.touch and (stream := f"{symbol.lower}@bookTicker") in wanted:
            payload = wire.book_ticker(symbol.listing, event.update_id, event.touch)
            frames.append(Frame(event.ts_ns, stream, "", payload))

    def _flush(self, suffix: str, now_ns: int, wanted: Container[str], frames: list[Frame]) -> None:
        for symbol in self._symbols.values():
            batch = symbol.batches[suffix]
            if not batch.first_id:
                continue  # an interval in which nothing changed is skipped
            symbol.batches[suffix] = DiffBatch()
            if (stream := f"{symbol.lower}@depth{suffix}") in wanted:
                payload = wire.depth_update(
                    symbol.listing,
                    now_ns,
                    (batch.first_id, batch.last_id),
                    batch.side(Side.BID),
                    batch.side(Side.ASK),
                )
                frames.append(Frame(now_ns, stream, "", payload))
            for depth in PARTIAL_DEPTHS:
                if (stream := f"{symbol.lower}@depth{depth}{suffix}") in wanted:
                    payload = self.snapshot(wire.symbol_of(symbol.listing), depth)
                    frames.append(Frame(now_ns, stream, "", payload))
