"""Coinbase Advanced Trade behind the venue interface."""

import re
from urllib.parse import parse_qs, urlsplit

import orjson

from books.audit_reply import LEVELS_MAX, RestBook
from books.sequence import SequenceRule
from connectors.coinbase import channels, rest_book, rules
from connectors.coinbase.decode import CHANNEL_DEPTH, CoinbaseDecoder
from connectors.measure import coarsest
from connectors.venue import SNAPSHOT_LEVELS, Damage, Topic
from market.frame import SymbolTable
from market.grid import Grid
from market.instrument import Instrument

_BROKERAGE = "/api/v3/brokerage"
_PRODUCT = re.compile(rb'"product_id"\s*:\s*"([A-Z0-9-]{1,40})"')
_SEQUENCE = re.compile(rb'"sequence_num"\s*:\s*(\d{1,18})\s*[,}]')
_CHANNEL = re.compile(rb'"channel"\s*:\s*"[a-z0-9_]{1,40}"')


class CoinbaseVenue:
    """Protocol of Advanced Trade; see connectors.venue.Venue."""

    name = "coinbase"
    counted = True
    rules_path = "/api/v3/brokerage/market/products"
    time_path = "/api/v3/brokerage/time"
    stream_path = ""
    instruments_max = channels.PRODUCTS_MAX

    def __init__(self, snapshot_levels: int = SNAPSHOT_LEVELS) -> None:
        self._levels = min(snapshot_levels, LEVELS_MAX)
        self.symbols = SymbolTable()
        self.decoder = CoinbaseDecoder(self.symbols)

    def rule(self) -> SequenceRule:
        """Return the rule of a book: the connection is counted, its books are not."""
        return SequenceRule()

    def decode_snapshot(self, data: bytes, native: str) -> int:
        """Snapshots come in the stream; a REST book has no sequence and never patches a book."""
        raise NotImplementedError(
            f"{self.name} {native}: a REST book cannot be placed ({len(data)})"
        )

    def topic(self, url: str) -> tuple[Topic, str]:
        """Return what a reply to this URL is about."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return Topic.OTHER, ""
        tail = [part for part in parts.path.split("/") if part]
        if tail[-1:] == ["product_book"]:
            return Topic.AUDIT, parse_qs(parts.query).get("product_id", [""])[0].upper()
        if tail[-1:] == ["products"] or tail[-2:-1] == ["products"]:
            return Topic.RULES, ""
        return (Topic.TIME, "") if tail[-1:] == ["time"] else (Topic.OTHER, "")

    def instruments(self, payload: bytes) -> tuple[list[Instrument], list[str]]:
        """Return the instruments of a product reply and the problems found in it."""
        return rules.instruments(payload, self.name)

    def server_time(self, payload: bytes) -> int | None:
        """Return the venue's clock in ns from a reply with `epochMillis`."""
        try:
            value = orjson.loads(payload).get("epochMillis")
            return int(value) * 1_000_000 if value is not None else None
        except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError):
            return None

    def grids(self, data: bytes, native: str) -> tuple[Grid | None, Grid | None]:
        """Return the coarsest grids of the prices and sizes of one product in a frame."""
        prices: list[object] = []
        sizes: list[object] = []
        try:
            message = orjson.loads(data)
        except orjson.JSONDecodeError:
            return None, None
        if isinstance(message, dict) and "pricebook" in message:
            return rest_book.grids(message)
        events = message.get("events") if isinstance(message, dict) else None
        for event in events if isinstance(events, list) else ():
            for row in _rows(event, native):
                prices += [row.get(key) for key in ("price_level", "price", "best_bid", "best_ask")]
                sizes += [
                    row.get(key)
                    for key in ("new_quantity", "size", "best_bid_quantity", "best_ask_quantity")
                ]
        return coarsest(prices), coarsest(sizes)

    def damage(self, data: bytes) -> Damage:
        """Books named in a readable level2 frame are spoilt; an unreadable frame spoils all.

        Where number and channel were read and the channel holds no levels, nothing is lost.
        """
        frame = self.decoder.frame
        counted = frame.sequence >= 0 and frame.channel != CHANNEL_DEPTH
        if counted and _CHANNEL.search(data) and b'"l2_data"' not in data:
            return Damage()
        try:
            orjson.loads(data)
        except orjson.JSONDecodeError:
            return Damage(everything=True)
        if _SEQUENCE.search(data) is None:
            return Damage(everything=True)
        named = dict.fromkeys(found.decode() for found in _PRODUCT.findall(data))
        return Damage(books=tuple(named)) if named else Damage(everything=True)

    def subscribe(self, natives: list[str], request_id: int) -> list[bytes]:  # noqa: ARG002
        """Return the subscribe frames; this venue's have no ids."""
        return channels.subscribe(natives)

    def resubscribe(self, native: str) -> list[bytes]:
        """Leave and join the levels of one product: joining starts with a snapshot."""
        return [
            orjson.dumps({"type": kind, "product_ids": [native], "channel": "level2"})
            for kind in ("unsubscribe", "subscribe")
        ]

    def snapshot_path(self, native: str) -> str:  # noqa: ARG002
        """Return '': snapshots come in the stream."""
        return ""

    def audit_path(self, native: str) -> str:
        """Return the public REST path of a book."""
        return f"{_BROKERAGE}/market/product_book?product_id={native}&limit={self._levels}"

    def rest_book(self, data: bytes, native: str, price: Grid, size: Grid) -> RestBook:
        """Read the reply to `audit_path`."""
        return rest_book.read(data, native, price, size, self._levels)

    def last_ids(self, data: bytes) -> tuple[str, int, int] | None:
        """Return ('', number before, number) of a counted frame."""
        found = _SEQUENCE.search(data)
        return ("", int(found[1]) - 1, int(found[1])) if found else None


def _rows(event: object, native: str) -> list[dict[str, object]]:
    """Return the updates, tickers or trades of an event that belong to `native`."""
    if not isinstance(event, dict):
        return []
    product = event.get("product_id")
    rows = event.get("updates") or event.get("tickers") or event.get("trades") or []
    return [
        row for row in rows if isinstance(row, dict) and row.get("product_id", product) == native
    ]
