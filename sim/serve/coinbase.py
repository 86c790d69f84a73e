"""A recorded Coinbase Advanced Trade: channels by subscription, numbered anew by connection."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from market.inputs import Input, InputKind
from sim.server.client import Client
from sim.server.faults import Hit
from sim.wire import coinbase as wire
from sim.wire.decimal import iso_time

from .book import ServedBook
from .server import RecordedServer, parsed, reply
from .source import Decimals, Source, increment, reply_topic

_SEQUENCE = re.compile(rb'"sequence_num"\s*:\s*\d+')
#: Name in a subscription -> channel of its frames, where they differ.
_DELIVERED = {"level2": "l2_data"}
_HEARTBEATS = "heartbeats"
_BROKERAGE = "/api/v3/brokerage"


@dataclass(slots=True)
class _Product:
    book: ServedBook = field(default_factory=ServedBook)
    decimals: Decimals = field(default_factory=Decimals)


@dataclass(eq=False, slots=True)
class _Session:
    """One connection. `following` are products whose book it has had whole."""

    client: Client
    sequence: int = 0
    subscribed: dict[str, list[str]] = field(default_factory=dict)
    following: dict[str, None] = field(default_factory=dict)

    def wants(self, channel: str) -> list[str]:
        """Return the products that it wants of a channel as delivered."""
        for name, products in self.subscribed.items():
            if _DELIVERED.get(name, name) == channel:
                return products
        return []


class RecordedCoinbase(RecordedServer):
    """Serves the socket and public REST of Advanced Trade from a recording.

    Who subscribes to a book that is known already gets a snapshot of it as it stands; before that
    the recorded snapshot comes by itself.
    """

    book_channel = "l2_data"

    def __init__(self, source: Source, now_ns: Callable[[], int]) -> None:
        super().__init__(source, now_ns)
        self._products: dict[str, _Product] = {}
        self._rules: dict[str, dict[str, Any]] = {}
        self._sessions: dict[Client, _Session] = {}

    # --- the recording -----------------------------------------------------------------------

    def _look(self, item: Input) -> None:
        message = parsed(item.data)
        if message is None:
            return
        if item.kind is InputKind.REPLY:
            if reply_topic(self.source.venue, item.note)[0] == "RULES":
                rows = message.get("products", [message])
                for row in rows if isinstance(rows, list) else ():
                    if isinstance(row, dict) and "product_id" in row:
                        self._rules[row["product_id"]] = row
            return
        for event in _events(message):
            if "updates" in event:
                product = self._products.setdefault(event["product_id"], _Product())
                for row in event["updates"]:
                    product.decimals.see(row["price_level"], row["new_quantity"])

    def _take(self, item: Input) -> None:
        message = parsed(item.data) if item.kind is InputKind.FRAME else None
        if message is None or message.get("channel") in (None, "subscriptions"):
            return
        channel = str(message["channel"])
        events = _events(message)
        if channel == "l2_data":
            for event in events:
                self._apply(event)
        sessions = [one for one in self._sessions.values() if one.wants(channel)]
        if not sessions:
            return
        named = {product for event in events for product in _products_of(event)}
        hit = self.faults.meet(f"{channel} {min(named, default='')}".rstrip())
        for session in sessions:
            wanted, mine = session.wants(channel), events
            if channel != _HEARTBEATS and not named <= set(wanted):
                mine = [part for event in events if (part := _only(event, wanted))]
            if channel == "l2_data":
                mine = self._followed(session, mine)
            if not mine:
                continue
            body = item.data if mine is events else orjson.dumps({**message, "events": mine})
            self._number(session, body, hit)

    def _apply(self, event: dict[str, Any]) -> None:
        book = self._products[event["product_id"]].book
        if event.get("type") == "snapshot":
            book.clear()
            book.whole = True
        for row in event["updates"]:
            book.set(row["side"] != "bid", row["price_level"], row["new_quantity"])

    def _followed(self, session: _Session, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the events whose book the connection has, or begins to have by them."""
        kept = []
        for event in events:
            if event.get("type") == "snapshot":
                session.following[event["product_id"]] = None
            if event["product_id"] in session.following:
                kept.append(event)
        return events if len(kept) == len(events) else kept

    def _number(self, session: _Session, body: bytes, hit: Hit | None) -> None:
        """Send a frame under the connection's next number."""
        number, session.sequence = session.sequence, session.sequence + 1
        text = _SEQUENCE.sub(b'"sequence_num":%d' % number, body, count=1).decode()
        if hit is None:
            session.client.send(text)
        else:
            self.counts.faulted += 1
            hit.send(session.client, text)

    # --- REST --------------------------------------------------------------------------------

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        for path in (f"{_BROKERAGE}/market/products", f"{_BROKERAGE}/products"):
            router.add_get(path, self._all_products)
            router.add_get(f"{path}/{{product}}", self._one_product)
        router.add_get(f"{_BROKERAGE}/market/product_book", self._product_book)
        router.add_get(f"{_BROKERAGE}/time", self._time)
        router.add_get("/v2/currencies", self._empty)
        router.add_get("/v2/currencies/crypto", self._empty)
        router.add_get("/v2/exchange-rates", self._rates)
        router.add_get("/", self.serve_client)
        router.add_get("/ws{path:.*}", self.serve_client)

    async def _all_products(self, request: web.Request) -> web.Response:
        spot = request.query.get("product_type", "SPOT") == "SPOT"
        rows = [self._row(name) for name in self._products] if spot else []
        return reply({"products": rows, "num_products": len(rows)})

    async def _one_product(self, request: web.Request) -> web.Response:
        name = request.match_info["product"]
        return reply(self._row(name)) if name in self._products else _not_found()

    async def _product_book(self, request: web.Request) -> web.Response:
        name, limit = request.query.get("product_id", ""), request.query.get("limit", "0")
        if name not in self._products or not limit.isdecimal():
            return _not_found()
        book = self._products[name].book
        sides = {
            key: [{"price": p, "size": s} for p, s in book.levels(ask, int(limit) or None)]
            for key, ask in (("bids", False), ("asks", True))
        }
        time = iso_time(self._now_ns(), 6)
        return reply({"pricebook": {"product_id": name, **sides, "time": time}})

    async def _time(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return reply(wire.server_time(self._now_ns()))

    async def _empty(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return reply({"data": []})

    async def _rates(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return reply({"data": {"currency": "USD", "rates": {}}})

    def _row(self, name: str) -> dict[str, Any]:
        if name in self._rules:
            return self._rules[name]
        base, _, quote = name.partition("-")
        decimals = self._products[name].decimals
        tick, step = increment(decimals.price), increment(decimals.size)
        return {
            "product_id": name,
            "price": "0",
            "base_increment": step,
            "quote_increment": tick,
            "price_increment": tick,
            "quote_min_size": "1",
            "quote_max_size": "150000000",
            "base_min_size": step,
            "base_max_size": "10000000",
            "status": "online",
            "is_disabled": False,
            "trading_disabled": False,
            "cancel_only": False,
            "limit_only": False,
            "post_only": False,
            "view_only": False,
            "auction_mode": False,
            "product_type": "SPOT",
            "base_currency_id": base,
            "quote_currency_id": quote,
            "alias": "",
            "alias_to": [],
            "product_venue": "CBE",
        }

    # --- the socket --------------------------------------------------------------------------

    def _opened(self, client: Client, request: web.Request) -> None:  # noqa: ARG002
        self._sessions[client] = _Session(client)

    def _closed(self, client: Client) -> None:
        del self._sessions[client]

    def _received(self, client: Client, kind: WSMsgType, data: str | bytes) -> None:
        if kind is not WSMsgType.TEXT:
            return
        session = self._sessions[client]
        request = parsed(data.encode() if isinstance(data, str) else data) or {}
        channel, given = request.get("channel"), request.get("product_ids", [])
        if not isinstance(channel, str) or not isinstance(given, list):
            self.counts.refused += 1
            client.send(wire.error_frame("failed to parse message"))
            return
        products = [name for name in given if isinstance(name, str)]
        if channel == _HEARTBEATS:
            products = [_HEARTBEATS]
        if request.get("type") == "subscribe":
            self._subscribe(session, channel, products)
        else:
            self._unsubscribe(session, channel, products)
        event = wire.subscriptions_event(session.subscribed)
        self._own_frame(session, "subscriptions", [event])

    def _subscribe(self, session: _Session, channel: str, products: list[str]) -> None:
        self.subscribed = True
        held = session.subscribed.setdefault(channel, [])
        fresh = [name for name in products if name not in held]
        held += fresh
        for name in fresh if channel == "level2" else ():
            product = self._products.get(name)
            if product is not None and product.book.whole:
                session.following[name] = None
                self._own_frame(session, "l2_data", [self._snapshot(name, product.book)])

    def _unsubscribe(self, session: _Session, channel: str, products: list[str]) -> None:
        held = session.subscribed.get(channel, [])
        for name in products:
            if name in held:
                held.remove(name)
            if channel == "level2":
                session.following.pop(name, None)
        if not held:
            session.subscribed.pop(channel, None)

    def _snapshot(self, name: str, book: ServedBook) -> dict[str, Any]:
        time = iso_time(self._now_ns(), 6)
        return {
            "type": "snapshot",
            "product_id": name,
            "updates": [
                {"side": side, "event_time": time, "price_level": price, "new_quantity": size}
                for side, ask in (("bid", False), ("offer", True))
                for price, size in book.levels(ask)
            ],
        }

    def _own_frame(self, session: _Session, channel: str, events: list[dict[str, Any]]) -> None:
        body = wire.envelope(channel, self._now_ns(), 0, orjson.dumps(events))
        self._number(session, body, None)


def _events(message: dict[str, Any]) -> list[dict[str, Any]]:
    events = message.get("events")
    return [one for one in events if isinstance(one, dict)] if isinstance(events, list) else []


def _rows(event: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Return the rows of an event that name a product each, under their key."""
    for key in ("tickers", "trades", "candles", "products"):
        rows = event.get(key)
        if isinstance(rows, list):
            return key, rows
    return "", []


def _products_of(event: dict[str, Any]) -> Iterable[str]:
    if "product_id" in event:
        return (str(event["product_id"]),)
    return (str(row.get("product_id") or row.get("id")) for row in _rows(event)[1])


def _only(event: dict[str, Any], wanted: list[str]) -> dict[str, Any] | None:
    """Return the part of an event that is about some products, None where there is none."""
    if "product_id" in event:
        return event if event["product_id"] in wanted else None
    key, rows = _rows(event)
    kept = [row for row in rows if (row.get("product_id") or row.get("id")) in wanted]
    return {**event, key: kept} if kept else None


def _not_found() -> web.Response:
    return reply({"error": "NOT_FOUND", "error_details": "", "message": "unknown product"}, 404)
