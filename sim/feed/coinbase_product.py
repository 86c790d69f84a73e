"""What both Coinbase products know about one listing: recent trades, statistics, candles."""

from collections import deque
from collections.abc import Iterable

from sim.market.base import Market
from sim.market.book import Book
from sim.market.event import LevelChange, Print, Side, Touch
from sim.market.listing import Listing
from sim.wire.coinbase_stats import Candle, Stats

MINUTE_NS = 60 * 10**9
RECENT_TRADES = 1000
MINUTES_MAX = 2880  # of candles: two days


class Product:
    """One listing and what has happened to it."""

    def __init__(self, listing: Listing, market: Market) -> None:
        self.listing = listing
        self.id = listing.pair
        self._market = market
        self.recent: deque[Print] = deque(maxlen=RECENT_TRADES)
        self.candles: deque[Candle] = deque(maxlen=MINUTES_MAX)
        touch = touch_of(self.book)
        first = touch.bid or touch.ask or 1
        self.stats = Stats(first, first, first, first)

    @property
    def book(self) -> Book:
        """The book as it is now."""
        return self._market.book(self.listing.id)

    @property
    def touch(self) -> Touch:
        """Best bid and ask as they are now, zeros for an empty side."""
        return touch_of(self.book)

    @property
    def last_trade_id(self) -> int:
        """Id of the last trade, or of the one before the first."""
        return self._market.last_trade_id(self.listing.id)

    def on_print(self, printed: Print) -> None:
        """Take in a trade."""
        self.recent.append(printed)
        self.stats.add(printed.price, printed.lots)
        start = printed.ts_ns // MINUTE_NS * 60
        if self.candles and self.candles[-1].start == start:
            self.candles[-1].add(printed.price, printed.lots)
        else:
            price = printed.price
            self.candles.append(Candle(start, price, price, price, price, printed.lots))

    def candles_of(self, period_s: int) -> list[Candle]:
        """Return the candles of a longer period, oldest first; periods without trades have none."""
        found: list[Candle] = []
        for minute in self.candles:
            start = minute.start - minute.start % period_s
            if found and found[-1].start == start:
                last = found[-1]
                last.high = max(last.high, minute.high)
                last.low = min(last.low, minute.low)
                last.close = minute.close
                last.volume += minute.volume
            else:
                row = (minute.open, minute.high, minute.low, minute.close, minute.volume)
                found.append(Candle(start, *row))
        return found


class Products:
    """Every product of the venue, by instrument id and by the venue's own name."""

    def __init__(self, market: Market, venue: str) -> None:
        listings = [listing for listing in market.listings if listing.venue == venue]
        self.by_listing = {listing.id: Product(listing, market) for listing in listings}
        self.by_id = {product.id: product for product in self.by_listing.values()}
        self._aliases = {
            alias: product.id
            for product in self.by_listing.values()
            for alias in aliases_of(product.listing)
            if alias not in self.by_id
        }

    def take(self, events: Iterable[LevelChange | Print]) -> None:
        """Take in what happened; other venues' events are passed over."""
        for event in events:
            if isinstance(event, Print):
                product = self.by_listing.get(event.listing)
                if product is not None:
                    product.on_print(event)

    def resolve(self, name: str) -> str | None:
        """Return the product that a name stands for, None if there is none.

        BTC-USDC is another name of BTC-USD; USDT-USDC would be a product of its own.
        """
        return name if name in self.by_id else self._aliases.get(name)


def aliases_of(listing: Listing) -> list[str]:
    """Return the other names of a product: books in USD serve USDC as well, but not for USDT."""
    if listing.quote != "USD" or listing.base in ("USDT", "EURC"):
        return []
    return [f"{listing.base}-USDC"]


def touch_of(book: Book) -> Touch:
    """Return best bid and ask of a book, zeros for a side that is empty."""
    bids, asks = (book.side(side).levels(1) for side in Side)
    bid, bid_lots = bids[0] if bids else (0, 0)
    ask, ask_lots = asks[0] if asks else (0, 0)
    return Touch(bid, bid_lots, ask, ask_lots)
