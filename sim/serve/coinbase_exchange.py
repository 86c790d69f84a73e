"""A recorded Coinbase Exchange: channels by subscription, levels without sequence."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from market.inputs import Input, InputKind
from sim.server.client import Client
from sim.wire.decimal import iso_time

from .book import ServedBook
from .server import RecordedServer, parsed, reply
from .source import Decimals, Source, increment, reply_topic

_LEVELS = ("level2", "level2_batch")
#: Type of a frame -> channels that deliver it; other types are those of the full channel.
_CHANNELS = {
    "snapshot": _LEVELS,
    "l2update": _LEVELS,
    "ticker": ("ticker", "ticker_batch"),
    "match": ("matches", "full"),
    "last_match": ("matches",),
    "heartbeat": ("heartbeat",),
    "status": ("status",),
}
_OWN = ("subscriptions", "error")


@dataclass(slots=True)
class _Product:
    book: ServedBook = field(default_factory=ServedBook)
    decimals: Decimals = field(default_factory=Decimals)


@dataclass(eq=False, slots=True)
class _Session:
    """One connection: products by channel, and the products whose book it has had whole."""

    client: Client
    subscribed: dict[str, dict[str, None]] = field(default_factory=dict)
    following: dict[str, None] = field(default_factory=dict)


class RecordedExchange(RecordedServer):
    """Serves the feed and public REST of Coinbase Exchange from a recording."""

    book_channel = "l2update"

    def __init__(self, source: Source, now_ns: Callable[[], int]) -> None:
        super().__init__(source, now_ns)
        self._products: dict[str, _Product] = {}
        self._rules: dict[str, dict[str, Any]] = {}
        self._sessions: dict[Client, _Session] = {}

    # --- the recording -----------------------------------------------------------------------

    def _look(self, item: Input) -> None:
        if item.kind is InputKind.REPLY:
            if reply_topic(self.source.venue, item.note)[0] == "RULES":
                self._look_at_rules(item.data)
            return
        message = parsed(item.data)
        if message is None or message.get("type") not in ("snapshot", "l2update"):
            return
        product = self._products.setdefault(str(message["product_id"]), _Product())
        for _, price, size in _changes(message):
            product.decimals.see(price, size)

    def _look_at_rules(self, data: bytes) -> None:
        try:
            rows = orjson.loads(data)
        except orjson.JSONDecodeError:
            return
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and "id" in row:
                self._rules[row["id"]] = row

    def _take(self, item: Input) -> None:
        message = parsed(item.data) if item.kind is InputKind.FRAME else None
        kind = str(message.get("type")) if message else ""
        if message is None or kind in _OWN:
            return
        name = str(message.get("product_id"))
        if kind in ("snapshot", "l2update"):
            self._apply(self._products[name].book, message)
        channels = _CHANNELS.get(kind, ("full",))
        sessions = [one for one in self._sessions.values() if _wants(one, channels, name)]
        if kind == "snapshot":
            for session in sessions:
                session.following[name] = None
        if kind == "l2update":
            sessions = [one for one in sessions if name in one.following]
        if not sessions:
            return
        text = item.data.decode()
        hit = self.faults.meet(f"{kind} {name}")
        for session in sessions:
            if hit is None:
                session.client.send(text)
            else:
                self.counts.faulted += 1
                hit.send(session.client, text)

    def _apply(self, book: ServedBook, message: dict[str, Any]) -> None:
        if message["type"] == "snapshot":
            book.clear()
            book.whole = True
        for ask, price, size in _changes(message):
            book.set(ask, price, size)

    # --- REST --------------------------------------------------------------------------------

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/products", self._all_products)
        router.add_get("/products/{product}/book", self._product_book)
        router.add_get("/currencies", self._currencies)
        router.add_get("/time", self._time)
        router.add_get("/", self.serve_client)
        router.add_get("/ws{path:.*}", self.serve_client)

    async def _all_products(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return reply([self._row(name) for name in self._products])

    async def _product_book(self, request: web.Request) -> web.Response:
        product = self._products.get(request.match_info["product"])
        if product is None:
            return reply({"message": "NotFound"}, 404)
        limit = 1 if request.query.get("level", "1") == "1" else None
        sides = {
            key: [[price, size, 1] for price, size in product.book.levels(ask, limit)]
            for key, ask in (("bids", False), ("asks", True))
        }
        return reply({**sides, "sequence": 0, "time": iso_time(self._now_ns(), 6)})

    async def _currencies(self, request: web.Request) -> web.Response:  # noqa: ARG002
        codes = dict.fromkeys(code for name in self._products for code in name.split("-"))
        return reply([{"id": code, "name": code, "min_size": "0.00000001"} for code in codes])

    async def _time(self, request: web.Request) -> web.Response:  # noqa: ARG002
        now_ns = self._now_ns()
        return reply({"iso": iso_time(now_ns, 3), "epoch": now_ns / 1e9})

    def _row(self, name: str) -> dict[str, Any]:
        if name in self._rules:
            return self._rules[name]
        base, _, quote = name.partition("-")
        decimals = self._products[name].decimals
        return {
            "id": name,
            "base_currency": base,
            "quote_currency": quote,
            "quote_increment": increment(decimals.price),
            "base_increment": increment(decimals.size),
            "display_name": f"{base}/{quote}",
            "min_market_funds": "1",
            "status": "online",
            "post_only": False,
            "limit_only": False,
            "cancel_only": False,
            "trading_disabled": False,
            "auction_mode": False,
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
        asked = _asked(request)
        if not asked or request.get("type") not in ("subscribe", "unsubscribe"):
            self.counts.refused += 1
            client.send(orjson.dumps({"type": "error", "message": "Failed to subscribe"}))
            return
        fresh: list[str] = []
        for channel, names in asked.items():
            if request["type"] == "subscribe":
                held = session.subscribed.setdefault(channel, {})
                fresh += [n for n in names if channel in _LEVELS and n not in held]
                held.update(dict.fromkeys(names))
                self.subscribed = True
            else:
                self._leave(session, channel, names)
        channels = [{"name": k, "product_ids": list(v)} for k, v in session.subscribed.items()]
        client.send(orjson.dumps({"type": "subscriptions", "channels": channels}))
        for name in fresh:
            product = self._products.get(name)
            if product is not None and product.book.whole:
                session.following[name] = None
                client.send(orjson.dumps(_snapshot(name, product.book)))

    def _leave(self, session: _Session, channel: str, names: list[str]) -> None:
        held = session.subscribed.get(channel, {})
        for name in names or list(held):
            held.pop(name, None)
            if channel in _LEVELS:
                session.following.pop(name, None)
        if not held:
            session.subscribed.pop(channel, None)


def _wants(session: _Session, channels: tuple[str, ...], name: str) -> bool:
    return any(name in session.subscribed.get(channel, ()) for channel in channels)


def _asked(request: dict[str, Any]) -> dict[str, list[str]]:
    """Return products by channel: channels come as text or as objects with their own products."""
    common, channels = request.get("product_ids", []), request.get("channels", [])
    if not isinstance(common, list) or not isinstance(channels, list):
        return {}
    asked: dict[str, list[str]] = {}
    for one in channels:
        if isinstance(one, str):
            asked[one] = [str(name) for name in common]
        elif isinstance(one, dict) and isinstance(one.get("product_ids", common), list):
            names = one.get("product_ids", common)
            asked[str(one.get("name"))] = [str(name) for name in names]
    return asked


def _changes(message: dict[str, Any]) -> list[tuple[bool, str, str]]:
    """Return (ask, price, size) of a snapshot or update."""
    if message["type"] == "l2update":
        return [(side == "sell", price, size) for side, price, size in message["changes"]]
    sides = (("bids", False), ("asks", True))
    return [(ask, row[0], row[1]) for key, ask in sides for row in message.get(key, ())]


def _snapshot(name: str, book: ServedBook) -> dict[str, Any]:
    bids, asks = book.levels(False), book.levels(True)
    return {"type": "snapshot", "product_id": name, "bids": bids, "asks": asks}
