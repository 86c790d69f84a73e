"""What Coinbase Advanced Trade publishes about a market: level 2, trades, tickers, heartbeats."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from sim.market.base import Market
from sim.market.book import Book
from sim.market.event import Event, LevelChange, Print, Side
from sim.market.listing import COINBASE, Listing
from sim.wire import coinbase as wire

from .frame import Frame

L2_NS = 50_000_000
TRADES_NS = 250_000_000
TICKER_NS = 100_000_000
HEARTBEAT_NS = 1_000_000_000
RECENT_TRADES = 100

# Name in a subscription -> channel of the frames that it delivers.
CHANNELS = {
    "level2": "l2_data",
    "market_trades": "market_trades",
    "ticker": "ticker",
    "heartbeats": "heartbeats",
}


class _Product:
    """One listing with what is waiting to be published about it."""

    def __init__(self, listing: Listing, book: Book) -> None:
        self.listing = listing
        self.book = book
        self.levels: dict[tuple[Side, int], int] = {}
        self.changed_ns = 0
        self.fresh: list[Print] = []
        self.recent: deque[Print] = deque(maxlen=RECENT_TRADES)
        self.ticker_due = False
        touch = book.touch
        last = touch.bid if touch else 0
        self.stats = {"last": last, "open": last, "low": last, "high": last, "volume": 0}

    def on_change(self, change: LevelChange) -> None:
        self.levels[change.side, change.price] = change.lots
        self.changed_ns = change.ts_ns
        self.ticker_due = self.ticker_due or change.touch is not None

    def on_print(self, printed: Print) -> None:
        self.fresh.append(printed)
        stats = self.stats
        stats["last"] = printed.price
        stats["low"] = min(stats["low"], printed.price)
        stats["high"] = max(stats["high"], printed.price)
        stats["volume"] += printed.lots
        self.ticker_due = True

    def updates(self) -> list[tuple[Side, int, int]]:
        """Return and forget the changed levels: bids before offers, best price first."""
        levels, self.levels = self.levels, {}
        rows = [(side, price, lots) for (side, price), lots in levels.items()]
        return sorted(rows, key=lambda row: (row[0], row[1] if row[0] is Side.ASK else -row[1]))


class CoinbaseFeed:
    """Encodes the events of a market as channel events, each once for all connections."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._products = {
            listing.id: _Product(listing, market.book(listing.id))
            for listing in market.listings
            if listing.venue == COINBASE
        }
        self._by_name = {wire.product_of(p.listing): p for p in self._products.values()}
        now = self._started_ns = market.now_ns
        periods = {"l2_data": L2_NS, "market_trades": TRADES_NS, "ticker": TICKER_NS}
        self._periods = {**periods, "heartbeats": HEARTBEAT_NS}
        self._due = {name: now + period for name, period in self._periods.items()}

    @property
    def listings(self) -> list[Listing]:
        """Every listing of the venue."""
        return [product.listing for product in self._products.values()]

    @property
    def product_ids(self) -> list[str]:
        """Every product id of the venue."""
        return list(self._by_name)

    def resolve(self, name: str) -> str | None:
        """Return the product that a name stands for, None if there is none.

        BTC-USDC is another name of BTC-USD; USDT-USDC would be a product of its own.
        """
        for product_id, product in self._by_name.items():
            if name == product_id or name in wire.aliases_of(product.listing):
                return product_id
        return None

    def book(self, product_id: str) -> Book:
        """Return the book of a product; KeyError if unknown."""
        return self._by_name[product_id].book

    def publish(self, events: Iterable[Event]) -> list[Frame]:
        """Take in what happened up to now, and return the frames that are due, in order."""
        for event in events:
            product = self._products.get(event.listing)
            if product is None:
                continue
            if isinstance(event, Print):
                product.on_print(event)
            else:
                product.on_change(event)
        now = self._market.now_ns
        frames: list[Frame] = []
        for name, period_ns in self._periods.items():
            if now >= self._due[name]:
                self._due[name] += (1 + (now - self._due[name]) // period_ns) * period_ns
                frames += self._flush(name, now)
        return frames

    def snapshots(self, channel: str, product_ids: Sequence[str]) -> list[Frame]:
        """Return what a new subscriber of a subscription channel is sent first.

        Levels still waiting for their update are in the snapshot already, and sent again later:
        sizes are absolute. Unknown products are passed over.
        """
        now = self._market.now_ns
        frames = []
        for name in product_ids:
            product = self._by_name.get(name)
            if product is None:
                continue
            if channel == "level2":
                event = wire.l2_event("snapshot", product.listing, now, _interleaved(product.book))
            elif channel == "market_trades":
                newest_first = reversed([*product.recent])
                event = wire.trades_event("snapshot", product.listing, newest_first)
            elif channel == "ticker":
                touch, stats = product.book.touch, product.stats
                if touch is None:
                    continue
                event = wire.ticker_event("snapshot", product.listing, touch, stats)
            else:
                continue
            frames.append(Frame(now, CHANNELS[channel], name, orjson.dumps([event])))
        return frames

    def products_reply(self) -> bytes:
        """Return the REST list of products as of now."""
        stats = {key: product.stats for key, product in self._products.items()}
        return wire.products(self.listings, stats)

    def product_row(self, product_id: str) -> bytes:
        """Return the REST description of one product; KeyError if unknown."""
        product = self._by_name[product_id]
        return orjson.dumps(wire.product_row(product.listing, product.stats))

    def book_reply(self, product_id: str, limit: int | None) -> bytes:
        """Return the REST book of a product as of now; KeyError if unknown."""
        product = self._by_name[product_id]
        bids = product.book.side(Side.BID).levels(limit)
        asks = product.book.side(Side.ASK).levels(limit)
        last, now = product.stats["last"], self._market.now_ns
        return wire.product_book(product.listing, now, last, bids, asks)

    def _flush(self, name: str, now: int) -> list[Frame]:
        if name == "heartbeats":
            event = wire.heartbeat_event(now, now - self._started_ns)
            return [Frame(now, name, "", orjson.dumps([event]))]
        frames = []
        for product in self._products.values():
            update = _update(name, product)
            if update is not None:
                product_id = wire.product_of(product.listing)
                frames.append(Frame(now, name, product_id, orjson.dumps([update])))
        return frames


def _update(name: str, product: _Product) -> dict[str, Any] | None:
    """Return the next event of one channel about one product, None where nothing waits."""
    if name == "l2_data":
        updates = product.updates()
        if not updates:
            return None
        return wire.l2_event("update", product.listing, product.changed_ns, updates)
    if name == "market_trades":
        fresh, product.fresh = product.fresh, []
        product.recent.extend(fresh)
        return wire.trades_event("update", product.listing, reversed(fresh)) if fresh else None
    due, product.ticker_due = product.ticker_due, False
    touch = product.book.touch
    if not due or touch is None:
        return None
    return wire.ticker_event("update", product.listing, touch, product.stats)


def _interleaved(book: Book) -> list[tuple[Side, int, int]]:
    """Return every level of both sides in no useful order, always the same for the same book."""
    rows = [(side, p, q) for side in Side for p, q in book.side(side).levels()]
    return sorted(rows, key=lambda row: (row[1] * 2_654_435_761) % 2**32)
