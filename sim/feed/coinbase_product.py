"""What both Coinbase products know about one listing: recent trades, statistics, candles."""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from engine.code import State
from sim.exchange.exchange import Exchange
from sim.market.base import Market
from sim.market.book import Book
from sim.market.event import Event, Print, Side, Touch
from sim.market.listing import COINBASE, Listing
from sim.wire.coinbase import aliases_of, product_of
from sim.wire.coinbase_stats import Candle, Stats

MINUTE_NS = 60 * 10**9
RECENT_TRADES = 1000
MINUTES_MAX = 2880  # of candles: two days


class Product:
    """One listing and what has happened to it."""

    def __init__(self, listing: Listing, market: Market, exchange: Exchange | None) -> None:
        self.listing = listing
        self.id = product_of(listing)
        self._market = market
        self._exchange = exchange
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
    def state(self) -> State:
        """The trading state; a market that is no exchange is always open."""
        return self._exchange.state(self.listing.id) if self._exchange else State.OPEN

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

    def candles_of(self, period_s: int, count: int) -> list[Candle]:
        """Return the last candles of a longer period, oldest first; quiet periods have none."""
        found: list[Candle] = []
        for minute in reversed(self.candles):
            start = minute.start - minute.start % period_s
            if found and found[-1].start == start:
                last = found[-1]
                last.high = max(last.high, minute.high)
                last.low = min(last.low, minute.low)
                last.open = minute.open
                last.volume += minute.volume
            elif len(found) == count:
                break
            else:
                row = (minute.open, minute.high, minute.low, minute.close, minute.volume)
                found.append(Candle(start, *row))
        found.reverse()
        return found


class Batch(NamedTuple):
    """What happened to one product in a step: everything, and the trades again by themselves."""

    product: Product
    events: list[Event]
    prints: list[Print]


class Products:
    """Every product of the venue, by instrument id and by the venue's own name."""

    def __init__(self, market: Market, exchange: Exchange | None = None) -> None:
        listings = [listing for listing in market.listings if listing.venue == COINBASE]
        self._by_listing = {listing.id: Product(listing, market, exchange) for listing in listings}
        self.by_id = {product.id: product for product in self._by_listing.values()}
        self._aliases = {
            alias: product.id
            for product in self._by_listing.values()
            for alias in aliases_of(product.listing)
            if alias not in self.by_id
        }

    def take(self, events: Iterable[Event]) -> list[Batch]:
        """Take in what happened, and return it by product; other venues' is passed over."""
        batches: dict[str, list[Event]] = {}
        for event in events:
            batches.setdefault(event.listing, []).append(event)
        found = []
        for name, batch in batches.items():
            product = self._by_listing.get(name)
            if product is not None:
                prints = [event for event in batch if isinstance(event, Print)]
                for printed in prints:
                    product.on_print(printed)
                found.append(Batch(product, batch, prints))
        return found

    def resolve(self, name: str) -> str | None:
        """Return the product that a name stands for, None if there is none.

        BTC-USDC is another name of BTC-USD; USDT-USDC would be a product of its own.
        """
        return name if name in self.by_id else self._aliases.get(name)


def touch_of(book: Book) -> Touch:
    """Return best bid and ask of a book, zeros for a side that is empty."""
    bids, asks = (book.side(side).levels(1) for side in Side)
    bid, bid_lots = bids[0] if bids else (0, 0)
    ask, ask_lots = asks[0] if asks else (0, 0)
    return Touch(bid, bid_lots, ask, ask_lots)
