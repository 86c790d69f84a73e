"""Binance spot in a simulation test: streams by SUBSCRIBE, weights by the minute."""

from collections import deque
from collections.abc import Sequence
from random import Random
from urllib.parse import parse_qs, urlsplit

import orjson

from connectors.transport.limits import spot_weight
from sim.feed.binance import BinanceFeed
from sim.market.base import Market
from sim.market.event import Event, Side
from sim.wire import binance as wire

from .line import Edge, Line
from .parcel import Content
from .venue import VirtualVenue

_S = 1_000_000_000
WEIGHT_MAX = 6000
#: A stale snapshot is one of those that were made this often, and at most so many ago.
_STALE_NS = _S
_STALE_KEPT = 8

_Levels = list[tuple[int, int]]
_Rows = tuple[int, _Levels, _Levels]


class VirtualBinance(VirtualVenue):
    """Both symbols on each line that subscribes to them."""

    name = "binance"

    def __init__(self, market: Market, edge: Edge, random: Random, start_ns: int) -> None:
        super().__init__(edge, random, start_ns)
        self.feed = BinanceFeed(market)
        self._listing = {wire.symbol_of(one): one for one in self.feed.listings}
        self._streams: dict[Line, dict[str, None]] = {}
        self._wanted: dict[str, None] = {}
        self._minute = -1
        self.used = 0
        self._old: dict[str, deque[_Rows]] = {}
        self._old_ns = 0

    def opened(self, line: Line) -> None:
        """A new line has no streams."""
        self._streams[line] = {}

    def closed(self, line: Line) -> None:
        """Its streams are nobody's."""
        del self._streams[line]
        self._want()

    def _want(self) -> None:
        self._wanted = {name: None for held in self._streams.values() for name in held}

    def handle(self, line: Line, data: bytes) -> None:
        """SUBSCRIBE and UNSUBSCRIBE; the acknowledgement comes at once."""
        request = orjson.loads(data)
        held = self._streams[line]
        for name in request["params"]:
            if request["method"] == "SUBSCRIBE":
                held[name] = None
            else:
                held.pop(name, None)
        self._want()
        line.push(Content.OTHER, "", 0, wire.ack(request["id"]))

    def publish(self, events: Sequence[Event]) -> None:
        """Send what is due, wrapped as combined streams are."""
        for frame in self.feed.publish(events, self._wanted):
            symbol, _, stream = frame.channel.partition("@")
            listing = self._listing[symbol.upper()]
            content, update_id = Content.OTHER, 0
            payload = frame.payload
            if stream.startswith("depth"):
                content = Content.DEPTH
                update_id = self.feed.book(symbol.upper())[1].update_id
                if self.skew_ns:
                    payload = _restamped(payload, self.skew_ns)
            elif stream == "bookTicker":
                content = Content.QUOTE
                update_id = int(payload[5 : payload.index(b",")])
            data = wire.combined(frame.channel, payload)
            for line, held in list(self._streams.items()):
                if frame.channel in held:
                    line.push(content, listing.id, update_id, data)
        self._keep_old()

    def _keep_old(self) -> None:
        """Keep snapshots for a door that will serve stale ones."""
        now = self.edge.loop.now_ns
        if now < self._old_ns:
            return
        self._old_ns = now + _STALE_NS
        for symbol in self._listing:
            kept = self._old.setdefault(symbol, deque(maxlen=_STALE_KEPT))
            book = self.feed.book(symbol)[1]
            bids, asks = (book.side(side).levels() for side in Side)
            kept.append((book.update_id, bids, asks))

    def count_request(self, path: str) -> None:
        """Add the weight to the venue's minute."""
        self._turn()
        self.used += spot_weight(path)
        if self.used > WEIGHT_MAX:
            self.breaches["weight"] += 1

    def _turn(self) -> None:
        minute = self.wall_ns // (60 * _S)
        if minute != self._minute:
            self._minute, self.used = minute, 0

    def crowd(self, weight: int) -> bool:
        """Others behind our address bring the minute's weight to so much."""
        self._turn()
        self.used = max(self.used, weight)
        return True

    def limits(self, retry_after: str = "") -> dict[str, str]:
        """Return the weight used in this minute, and how long to wait."""
        return {"X-MBX-USED-WEIGHT-1M": str(self.used), **super().limits(retry_after)}

    def reply(self, path: str) -> bytes | None:
        """Depth, rules, time."""
        parts = urlsplit(path)
        name = parts.path.rsplit("/", 1)[-1]
        if name == "depth":
            query = parse_qs(parts.query)
            symbol, limit = query["symbol"][0], min(int(query["limit"][0]), self.rows_max)
            if self.edge.loop.now_ns < self.stale_until_ns:
                at, bids, asks = self.random.choice(list(self._old[symbol]))
                return wire.depth_snapshot(self._listing[symbol], at, bids[:limit], asks[:limit])
            return self.feed.snapshot(symbol, limit)
        if name == "exchangeInfo":
            return wire.exchange_info(self.feed.listings, self.wall_ns)
        return wire.server_time(self.wall_ns) if name == "time" else None

    def announce_shutdown(self) -> bool:
        """Send `serverShutdown` on every line."""
        payload = wire.combined("!serverShutdown", wire.server_shutdown(self.wall_ns))
        for line in list(self.lines):
            line.push(Content.OTHER, "", 0, payload)
        return True


def _restamped(payload: bytes, skew_ns: int) -> bytes:
    """Return a diff whose event time comes from a clock that is off."""
    head, _, rest = payload.partition(b'"E":')
    stamp, comma, tail = rest.partition(b",")
    return head + b'"E":' + str(int(stamp) + skew_ns // 1_000_000).encode() + comma + tail
