"""Coinbase Exchange in a simulation test: batched levels without any ids, tickers, heartbeats."""

from collections.abc import Sequence
from random import Random
from typing import Any
from urllib.parse import urlsplit

import orjson

from sim.market.base import Market
from sim.market.book import Book
from sim.market.event import Event, LevelChange, Print, Side, Touch
from sim.market.listing import COINBASE, Listing
from sim.wire.decimal import iso_time, trimmed

from .line import Edge, Line
from .parcel import Content
from .venue import VirtualVenue, Window

_S = 1_000_000_000
BATCH_NS = 50_000_000
_HEARTBEAT_NS = _S
_SIDES = {Side.BID: "buy", Side.ASK: "sell"}


class _Product:
    """One listing, and what waits to be published about it."""

    def __init__(self, listing: Listing, book: Book) -> None:
        self.listing = listing
        self.book = book
        self.levels: dict[tuple[Side, int], int] = {}
        self.trades: list[Print] = []
        self.sequence = 1

    def row(self, price: int, lots: int) -> list[str]:
        listing = self.listing
        return [trimmed(price, listing.price_decimals), trimmed(lots, listing.size_decimals)]


class VirtualExchange(VirtualVenue):
    """The public channels `level2_batch`, `heartbeat`, `ticker` and `matches`."""

    name = "coinbase-exchange"
    connect_limit = (8, _S)
    message_limit = (100, _S)
    messages_shared = True

    def __init__(self, market: Market, edge: Edge, random: Random, start_ns: int) -> None:
        super().__init__(edge, random, start_ns)
        self._products = {
            one.pair: _Product(one, market.book(one.id))
            for one in market.listings
            if one.venue == COINBASE
        }
        self._by_listing = {one.listing.id: one for one in self._products.values()}
        self._subscribed: dict[Line, dict[str, list[str]]] = {}
        self._batch_ns = self._heartbeat_ns = 0
        self._requests = Window(10, _S)

    def opened(self, line: Line) -> None:
        """A new line has no channels."""
        self._subscribed[line] = {}

    def closed(self, line: Line) -> None:
        """Forget its channels."""
        del self._subscribed[line]

    def handle(self, line: Line, data: bytes) -> None:
        """Subscribe or unsubscribe: acknowledge, then send the snapshots."""
        request = orjson.loads(data)
        subscribed = self._subscribed[line]
        snapshots: list[str] = []
        for channel in request["channels"]:
            held = subscribed.setdefault(channel, [])
            if request["type"] == "subscribe":
                fresh = [name for name in request["product_ids"] if name not in held]
                held += fresh
                snapshots += fresh if channel == "level2_batch" else []
            else:
                held[:] = [name for name in held if name not in request["product_ids"]]
        rows = [{"name": name, "product_ids": held} for name, held in subscribed.items() if held]
        line.push(Content.OTHER, "", 0, orjson.dumps({"type": "subscriptions", "channels": rows}))
        for name in snapshots:
            product = self._products[name]
            body = self._body(product, {"type": "snapshot", "product_id": name})
            line.push(Content.SNAPSHOT, product.listing.id, product.book.update_id, body)

    def publish(self, events: Sequence[Event]) -> None:
        """Send trades at once, levels every 50 ms and the ticker after them."""
        for event in events:
            product = self._by_listing.get(event.listing)
            if product is None:
                continue
            if isinstance(event, LevelChange):
                product.levels[event.side, event.price] = event.lots
            else:
                product.trades.append(event)
            product.sequence += 1
        now = self.edge.loop.now_ns
        if now >= self._batch_ns:
            self._batch_ns = now - now % BATCH_NS + BATCH_NS
            for product in self._products.values():
                self._flush(product)
        if now >= self._heartbeat_ns:
            self._heartbeat_ns = now - now % _HEARTBEAT_NS + _HEARTBEAT_NS
            for name, product in self._products.items():
                self._fan_out("heartbeat", Content.OTHER, product, 0, self._heartbeat(name))

    def _flush(self, product: _Product) -> None:
        time = iso_time(self.wall_ns, 6)
        name = product.listing.pair
        if product.levels:
            changes = [
                [_SIDES[side], *product.row(price, lots)]
                for (side, price), lots in product.levels.items()
            ]
            product.levels = {}
            message = {"type": "l2update", "product_id": name, "time": time, "changes": changes}
            at = product.book.update_id
            self._fan_out("level2_batch", Content.DEPTH, product, at, message)
        trades, product.trades = product.trades, []
        for trade in trades:
            self._fan_out("matches", Content.OTHER, product, 0, self._match(product, trade, time))
        touch = product.book.touch
        if trades and touch is not None:
            ticker = self._ticker(product, trades[-1], touch, time)
            self._fan_out("ticker", Content.QUOTE, product, 0, ticker)

    def _heartbeat(self, name: str) -> dict[str, Any]:
        product = self._products[name]
        time = iso_time(self.wall_ns, 6)
        row = {"type": "heartbeat", "last_trade_id": 1, "product_id": name}
        return row | {"sequence": product.sequence, "time": time}

    def _match(self, product: _Product, trade: Print, time: str) -> dict[str, Any]:
        price, size = product.row(trade.price, trade.lots)
        row = {"type": "match", "trade_id": trade.trade_id, "sequence": product.sequence}
        row |= {"product_id": product.listing.pair, "price": price, "size": size, "time": time}
        # The side is the maker's.
        return row | {"side": "sell" if trade.taker_buys else "buy"}

    def _ticker(self, product: _Product, trade: Print, touch: Touch, time: str) -> dict[str, Any]:
        bid, bid_size = product.row(touch.bid, touch.bid_lots)
        ask, ask_size = product.row(touch.ask, touch.ask_lots)
        row = {"type": "ticker", "sequence": product.sequence, "product_id": product.listing.pair}
        row |= {"price": product.row(trade.price, 1)[0], "time": time}
        row |= {"best_bid": bid, "best_bid_size": bid_size}
        return row | {"best_ask": ask, "best_ask_size": ask_size}

    def _fan_out(
        self, channel: str, content: Content, product: _Product, at: int, message: dict[str, Any]
    ) -> None:
        data = b""
        for line, subscribed in list(self._subscribed.items()):
            if product.listing.pair in subscribed.get(channel, ()):
                data = data or orjson.dumps(message)
                line.push(content, product.listing.id, at, data)

    def _body(self, product: _Product, head: dict[str, Any]) -> bytes:
        bids, asks = (product.book.side(side).levels() for side in (Side.BID, Side.ASK))
        rows = {"bids": [product.row(*one) for one in bids]}
        return orjson.dumps(head | rows | {"asks": [product.row(*one) for one in asks]})

    def count_request(self, path: str) -> None:  # noqa: ARG002
        """Every request counts one."""
        if not self._requests.add(self.edge.loop.now_ns):
            self.breaches["request rate"] += 1

    def reply(self, path: str) -> bytes | None:
        """Products, aggregated books, time."""
        parts = [part for part in urlsplit(path).path.split("/") if part]
        if parts == ["products"]:
            return orjson.dumps([self._rules(one.listing) for one in self._products.values()])
        if len(parts) == 3 and parts[2] == "book":
            product = self._products[parts[1]]
            return self._body(product, {"sequence": product.sequence})
        if parts == ["time"]:
            return orjson.dumps({"iso": iso_time(self.wall_ns), "epoch": self.wall_ns / _S})
        return None

    @staticmethod
    def _rules(listing: Listing) -> dict[str, str]:
        row = {"id": listing.pair, "base_currency": listing.base}
        row |= {"quote_currency": listing.quote, "min_market_funds": "1"}
        row["base_increment"] = trimmed(1, listing.size_decimals)
        return row | {"quote_increment": trimmed(1, listing.price_decimals)}
