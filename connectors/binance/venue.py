"""Binance's four venues behind one interface; they differ in rule, streams and REST paths."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import orjson

from books.audit_reply import LEVELS_MAX, RestBook
from books.sequence import SequenceRule
from connectors.binance import channels, rest_book, rules
from connectors.binance.decode import BinanceDecoder
from connectors.binance.sequence import FuturesDepthRule, SpotDepthRule
from connectors.measure import coarsest
from connectors.venue import SNAPSHOT_LEVELS, Damage, Topic
from market.frame import SymbolTable
from market.grid import Grid
from market.instrument import Instrument

_STREAM = re.compile(rb'"stream"\s*:\s*"([a-z0-9_]{1,40})@([a-zA-Z0-9_@]{1,40})"')
_SYMBOL = re.compile(rb'"s"\s*:\s*"([A-Z0-9_]{1,40})"')
_TOPICS = {"depth": Topic.DEPTH, "exchangeInfo": Topic.RULES, "time": Topic.TIME}


@dataclass(frozen=True, slots=True)
class Profile:
    """What one of the four venues has of its own."""

    rule: type[SequenceRule]
    streams: tuple[str, ...]
    prefix: str
    #: Levels that a snapshot may ask for: by these a book knows that its snapshot was cut.
    depth_limits: tuple[int, ...]


#: Every one of the venues allows these, though no book knows the first as a cut.
_AUDIT_LIMITS = (50, 100, LEVELS_MAX)
_SPOT_LIMITS = (100, 500, 1000, 5000)
_FUTURES_LIMITS = (100, 500, 1000)
PROFILES = {
    "binance": Profile(SpotDepthRule, channels.SPOT_STREAMS, "/api/v3", _SPOT_LIMITS),
    "binance-us": Profile(SpotDepthRule, channels.SPOT_STREAMS, "/api/v3", _SPOT_LIMITS),
    "binance-usdm": Profile(
        FuturesDepthRule, channels.FUTURES_STREAMS, "/fapi/v1", _FUTURES_LIMITS
    ),
    "binance-coinm": Profile(
        FuturesDepthRule, channels.FUTURES_STREAMS, "/dapi/v1", _FUTURES_LIMITS
    ),
}


class BinanceVenue:
    """Protocol of one Binance venue; see connectors.venue.Venue."""

    counted = False
    stream_path = "/stream"

    def __init__(self, name: str, snapshot_levels: int = SNAPSHOT_LEVELS) -> None:
        self.name = name
        self.profile = PROFILES[name]
        self._snapshot_limit, self._audit_limit = _limits(
            self.profile.depth_limits, snapshot_levels
        )
        self.rules_path = f"{self.profile.prefix}/exchangeInfo"
        self.time_path = f"{self.profile.prefix}/time"
        self.instruments_max = channels.STREAMS_MAX // len(self.profile.streams)
        self.symbols = SymbolTable()
        self.decoder = BinanceDecoder(self.symbols)

    def rule(self) -> SequenceRule:
        """Return the sequence rule for a new book."""
        return self.profile.rule()

    def decode_snapshot(self, data: bytes, native: str) -> int:
        """Decode a REST depth reply; returns the number of events or a Refusal."""
        return self.decoder.decode_snapshot(data, native.encode())

    def topic(self, url: str) -> tuple[Topic, str]:
        """Return what a reply to this URL is about; hosts and versions changed over the years.

        An audit's request differs from a recovery's by its limit, so that no driver joins them.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            return Topic.OTHER, ""
        query = parse_qs(parts.query)
        topic = _TOPICS.get(parts.path.rsplit("/", 1)[-1], Topic.OTHER)
        if topic is Topic.DEPTH and query.get("limit") == [str(self._audit_limit)]:
            topic = Topic.AUDIT
        return topic, query.get("symbol", [""])[0].upper()

    def instruments(self, payload: bytes) -> tuple[list[Instrument], list[str]]:
        """Return the instruments of an exchangeInfo reply and the problems found in it."""
        return rules.instruments(payload, self.name)

    def server_time(self, payload: bytes) -> int | None:
        """Return the venue's clock in ns from a reply with `serverTime` (ms)."""
        try:
            value = orjson.loads(payload).get("serverTime")
        except (orjson.JSONDecodeError, AttributeError):
            return None
        return value * 1_000_000 if isinstance(value, int) else None

    def grids(self, data: bytes, native: str) -> tuple[Grid | None, Grid | None]:
        """Return the coarsest grids of the prices and sizes of a frame or depth reply."""
        prices: list[object] = []
        sizes: list[object] = []
        try:
            message = orjson.loads(data)
        except orjson.JSONDecodeError:
            return None, None
        inner = message.get("data", message) if isinstance(message, dict) else None
        if not isinstance(inner, dict) or inner.get("s", native) != native:
            return None, None
        for side in ("b", "a", "bids", "asks"):
            value = inner.get(side)
            if isinstance(value, list):
                rows = [row for row in value if isinstance(row, list) and len(row) > 1]
                prices += [row[0] for row in rows]
                sizes += [row[1] for row in rows]
            else:
                prices.append(value)
        prices.append(inner.get("p"))
        sizes += [inner.get(key) for key in ("B", "A", "q")]
        return coarsest(prices), coarsest(sizes)

    def damage(self, data: bytes) -> Damage:
        """A diff named by its stream is lost for certain; an unnamed frame casts doubt on all.

        Ids reveal every lost diff at the next one, so nothing else needs to be condemned.
        """
        stream = _STREAM.search(data, 0, 512)
        if stream is not None:
            native = stream[1].decode().upper()
            return Damage(books=(native,)) if stream[2].startswith(b"depth") else Damage()
        symbol = _SYMBOL.search(data, 0, 512)
        if symbol is not None and b'"depthUpdate"' in data[:512]:
            return Damage(books=(symbol[1].decode(),))
        return Damage(doubt=True)

    def subscribe(self, natives: list[str], request_id: int) -> list[bytes]:
        """Return the SUBSCRIBE frames for these symbols."""
        return channels.subscribe(natives, self.profile.streams, request_id)

    def resubscribe(self, native: str) -> list[bytes]:  # noqa: ARG002
        """Return nothing: snapshots are fetched."""
        return []

    def snapshot_path(self, native: str) -> str:
        """Return the REST path of a depth snapshot."""
        return f"{self.profile.prefix}/depth?symbol={native}&limit={self._snapshot_limit}"

    def audit_path(self, native: str) -> str:
        """Return the REST path of a book for an audit (500 levels have weight 25 on spot)."""
        return f"{self.profile.prefix}/depth?symbol={native}&limit={self._audit_limit}"

    def rest_book(self, data: bytes, native: str, price: Grid, size: Grid) -> RestBook:  # noqa: ARG002
        """Read the reply to `audit_path`; the decoder holds the grids."""
        return rest_book.read(self.decoder, data, native, self._audit_limit)

    def last_ids(self, data: bytes) -> tuple[str, int, int] | None:
        """Return (symbol, id before its first change, last id) of a diff."""
        if b'"depthUpdate"' not in data[:512]:
            return None
        try:
            message = orjson.loads(data)
            diff = message.get("data", message)
            before = diff["pu"] if "pu" in diff else diff["U"] - 1
            return str(diff["s"]), int(before), int(diff["u"])
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
            return None


def _limits(allowed: tuple[int, ...], levels: int) -> tuple[int, int]:
    """Return the levels that a snapshot and an audit ask for.

    A snapshot asks for the least that is allowed from `levels` on, an audit for fewer than that:
    by the number their replies are told apart.
    """
    snapshot = next((one for one in allowed if one >= levels), allowed[-1])
    return snapshot, max(one for one in _AUDIT_LIMITS if one < snapshot)
