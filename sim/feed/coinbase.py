"""What Coinbase Advanced Trade publishes about a market, in channel events."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from sim.exchange.exchange import Exchange
from sim.market.base import Market
from sim.market.book import Book
from sim.market.event import Event, LevelChange, Print, Side
from sim.market.listing import Listing
from sim.wire import coinbase as wire

from .coinbase_product import Batch, Product, Products
from .frame import Frame

L2_NS = 50_000_000
TRADES_NS = 250_000_000
TICKER_NS = 100_000_000
HEARTBEAT_NS = 1_000_000_000
CANDLES_NS = 1_000_000_000
BATCH_NS = 5_000_000_000
STATUS_NS = 1_000_000_000
SNAPSHOT_TRADES = 100
SNAPSHOT_CANDLES = 100
CANDLE_S = 300

# Name in a subscription -> channel of the frames that it delivers.
CHANNELS = {
    "level2": "l2_data",
    "market_trades": "market_trades",
    "ticker": "ticker",
    "heartbeats": "heartbeats",
}
MORE_CHANNELS = {"ticker_batch": "ticker_batch", "candles": "candles", "status": "status"}
_PERIODS = {
    "l2_data": L2_NS,
    "market_trades": TRADES_NS,
    "ticker": TICKER_NS,
    "heartbeats": HEARTBEAT_NS,
    "ticker_batch": BATCH_NS,
    "candles": CANDLES_NS,
    "status": STATUS_NS,
}


@dataclass(slots=True)
class _Waiting:
    """What is waiting to be published about one product."""

    product: Product
    levels: dict[tuple[Side, int], int] = field(default_factory=dict)
    changed_ns: int = 0
    prints: list[Print] = field(default_factory=list)

    def take(self, change: LevelChange) -> None:
        self.levels[change.side, change.price] = change.lots
        self.changed_ns = change.ts_ns

    def forget(self, channel: str) -> None:
        """Drop what waits for a channel that nobody reads any more."""
        if channel == "l2_data":
            self.levels.clear()
        elif channel == "market_trades":
            self.prints.clear()

    def updates(self) -> list[tuple[Side, int, int]]:
        """Return and forget the changed levels: bids before offers, best price first."""
        levels, self.levels = self.levels, {}
        rows = [(side, price, lots) for (side, price), lots in levels.items()]
        return sorted(rows, key=lambda row: (row[0], row[1] if row[0] is Side.ASK else -row[1]))


class CoinbaseFeed:
    """Encodes the events of a market as channel events, each once for all connections."""

    def __init__(self, market: Market, exchange: Exchange | None = None) -> None:
        self._market = market
        self.products = Products(market, exchange)
        self._waiting = {name: _Waiting(p) for name, p in self.products.by_id.items()}
        # Products with news, by channel: with hundreds of them, few have any in each period.
        self._news: dict[str, dict[str, _Waiting]] = {name: {} for name in _PERIODS}
        self._states = {name: p.state for name, p in self.products.by_id.items()}
        now = self._started_ns = market.now_ns
        self._due = {name: now + period for name, period in _PERIODS.items()}

    @property
    def listings(self) -> list[Listing]:
        """Every listing of the venue."""
        return [product.listing for product in self.products.by_id.values()]

    @property
    def product_ids(self) -> list[str]:
        """Every product id of the venue."""
        return list(self.products.by_id)

    def resolve(self, name: str) -> str | None:
        """Return the product that a name stands for, None if there is none."""
        return self.products.resolve(name)

    def book(self, product_id: str) -> Book:
        """Return the book of a product; KeyError if unknown."""
        return self.products.by_id[product_id].book

    def publish(
        self, events: Iterable[Event], wanted: Container[tuple[str, str]] | None = None
    ) -> list[Frame]:
        """Take in what happened up to now, and return the frames that are due, in order.

        `wanted` holds (channel, product) of what anyone would read; None stands for everything.
        """
        return self.flush(self.products.take(events), wanted)

    def flush(
        self, batches: Iterable[Batch], wanted: Container[tuple[str, str]] | None = None
    ) -> list[Frame]:
        """Publish what `Products.take` has taken in; as `publish` otherwise."""
        for batch in batches:
            self._take(batch, wanted)
        now = self._market.now_ns
        frames: list[Frame] = []
        for name, period_ns in _PERIODS.items():
            if now >= self._due[name]:
                self._due[name] += (1 + (now - self._due[name]) // period_ns) * period_ns
                frames += self._flush(name, now, wanted)
        return frames

    def snapshots(self, channel: str, product_ids: Sequence[str]) -> list[Frame]:
        """Return what a new subscriber of a subscription channel is sent first.

        Levels still waiting for their update are in the snapshot already, and sent again later:
        sizes are absolute. Unknown products are passed over.
        """
        now = self._market.now_ns
        frames = []
        for name in product_ids:
            product = self.products.by_id.get(name)
            if product is None:
                continue
            event = _snapshot(channel, product, now)
            if event is not None:
                delivered = CHANNELS.get(channel, channel)
                frames.append(Frame(now, delivered, name, orjson.dumps([event])))
        return frames

    def products_reply(self, product_ids: Iterable[str] | None = None) -> bytes:
        """Return the REST list of products as of now, of all or of some; KeyError if unknown."""
        names = self.product_ids if product_ids is None else product_ids
        return wire.products([_row(self.products.by_id[name]) for name in names])

    def product_row(self, product_id: str) -> bytes:
        """Return the REST description of one product; KeyError if unknown."""
        return orjson.dumps(_row(self.products.by_id[product_id]))

    def book_reply(self, product_id: str, limit: int | None) -> bytes:
        """Return the REST book of a product as of now; KeyError if unknown."""
        product = self.products.by_id[product_id]
        bids = product.book.side(Side.BID).levels(limit)
        asks = product.book.side(Side.ASK).levels(limit)
        now = self._market.now_ns
        return wire.product_book(product.listing, now, product.stats.last, bids, asks)

    def _take(self, batch: Batch, wanted: Container[tuple[str, str]] | None) -> None:
        name = batch.product.id
        waiting = self._waiting[name]
        moved = bool(batch.prints)
        keep = wanted is None or ("l2_data", name) in wanted
        for event in batch.events:
            if isinstance(event, LevelChange):
                moved = moved or event.touch is not None
                if keep:
                    waiting.take(event)
        if keep and waiting.levels:
            self._news["l2_data"][name] = waiting
        if moved:
            self._news["ticker"][name] = waiting
            self._news["ticker_batch"][name] = waiting
        if batch.prints:
            self._news["candles"][name] = waiting
            if wanted is None or ("market_trades", name) in wanted:
                waiting.prints += batch.prints
                self._news["market_trades"][name] = waiting

    def _flush(self, name: str, now: int, wanted: Container[tuple[str, str]] | None) -> list[Frame]:
        if name == "heartbeats":
            event = wire.heartbeat_event(now, now - self._started_ns)
            return [Frame(now, name, "", orjson.dumps([event]))]
        if name == "status":
            self._look_at_states()
        news, self._news[name] = self._news[name], {}
        frames = []
        for product_id, waiting in news.items():
            if wanted is None or (name, product_id) in wanted:
                update = orjson.dumps([_update(name, waiting)])
                frames.append(Frame(now, name, product_id, update))
            else:
                waiting.forget(name)
        return frames

    def _look_at_states(self) -> None:
        for name, product in self.products.by_id.items():
            if product.state is not self._states[name]:
                self._states[name] = product.state
                self._news["status"][name] = self._waiting[name]


def _row(product: Product) -> dict[str, Any]:
    return wire.product_row(product.listing, product.stats, product.state)


def _snapshot(channel: str, product: Product, now: int) -> dict[str, Any] | None:
    """Return the first event of a subscription, None where there is none."""
    if channel == "level2":
        return wire.l2_event("snapshot", product.listing, now, _interleaved(product.book))
    if channel == "market_trades" and product.recent:
        newest_first = list(reversed(product.recent))[:SNAPSHOT_TRADES]
        return wire.trades_event("snapshot", product.listing, newest_first)
    return _state_event("snapshot", channel, product, SNAPSHOT_CANDLES)


def _update(name: str, waiting: _Waiting) -> dict[str, Any] | None:
    """Return the next event of one channel about one product."""
    product = waiting.product
    if name == "l2_data":
        return wire.l2_event("update", product.listing, waiting.changed_ns, waiting.updates())
    if name == "market_trades":
        prints, waiting.prints = waiting.prints, []
        return wire.trades_event("update", product.listing, reversed(prints))
    return _state_event("update", name, product, 1)


def _state_event(kind: str, channel: str, product: Product, candles: int) -> dict[str, Any] | None:
    """Return an event that tells how a product stands, None where the channel does not."""
    listing, stats = product.listing, product.stats
    match channel:
        case "candles":
            return wire.candles_event(kind, listing, product.candles_of(CANDLE_S, candles))
        case "status":
            return wire.status_event(kind, listing, wire.state_flags(product.state))
        case "ticker":
            return wire.ticker_event(kind, listing, product.touch, stats)
        case "ticker_batch":
            return wire.ticker_event(kind, listing, None, stats)
    return None


def _interleaved(book: Book) -> list[tuple[Side, int, int]]:
    """Return every level of both sides in no useful order, always the same for the same book."""
    rows = [(side, p, q) for side in Side for p, q in book.side(side).levels()]
    return sorted(rows, key=lambda row: (row[1] * 2_654_435_761) % 2**32)
