"""Coinbase Exchange behind the venue interface."""

import re
from urllib.parse import urlsplit

import orjson

from books.audit_reply import LEVELS_MAX, RestBook
from books.sequence import SequenceRule
from connectors.coinbase_exchange import channels, rest_book, rules
from connectors.coinbase_exchange.decode import ExchangeDecoder
from connectors.measure import coarsest
from connectors.venue import SNAPSHOT_LEVELS, Damage, Topic
from market.frame import SymbolTable
from market.grid import Grid
from market.instrument import Instrument

_PRODUCT = re.compile(rb'"product_id"\s*:\s*"([A-Z0-9-]{1,40})"')
_KIND = re.compile(rb'"type"\s*:\s*"([a-z0-9_]{1,20})"')
_WITHOUT_LEVELS = (b"ticker", b"match", b"last_match", b"heartbeat", b"subscriptions", b"status")


class ExchangeVenue:
    """Protocol of the Exchange feed; see connectors.venue.Venue.

    Nothing in `level2` reveals a lost message: heartbeats, the ticker and crossed books stand in.
    """

    name = "coinbase-exchange"
    counted = False
    rules_path = "/products"
    time_path = "/time"
    stream_path = ""
    instruments_max = channels.PRODUCTS_MAX

    def __init__(self, snapshot_levels: int = SNAPSHOT_LEVELS) -> None:
        self._levels = min(snapshot_levels, LEVELS_MAX)
        self.symbols = SymbolTable()
        self.decoder = ExchangeDecoder(self.symbols)

    def rule(self) -> SequenceRule:
        """Return the rule of a book: level2 is not sequenced, its snapshots replace the book."""
        return SequenceRule()

    def decode_snapshot(self, data: bytes, native: str) -> int:
        """Snapshots come in the stream."""
        raise NotImplementedError(
            f"{self.name} {native}: a REST book cannot be placed ({len(data)})"
        )

    def topic(self, url: str) -> tuple[Topic, str]:
        """Return what a reply to this URL is about."""
        try:
            tail = [part for part in urlsplit(url).path.split("/") if part]
        except ValueError:
            return Topic.OTHER, ""
        if tail[-1:] == ["book"] and tail[-3:-2] == ["products"]:
            return Topic.AUDIT, tail[-2].upper()
        if tail[-1:] == ["products"]:
            return Topic.RULES, ""
        return (Topic.TIME, "") if tail[-1:] == ["time"] else (Topic.OTHER, "")

    def instruments(self, payload: bytes) -> tuple[list[Instrument], list[str]]:
        """Return the instruments of a product reply and the problems found in it."""
        return rules.instruments(payload, self.name)

    def server_time(self, payload: bytes) -> int | None:
        """Return the venue's clock in ns from a reply with `epoch` (s, with fractions)."""
        try:
            value = orjson.loads(payload).get("epoch")
        except (orjson.JSONDecodeError, AttributeError):
            return None
        return round(value * 1000) * 1_000_000 if isinstance(value, int | float) else None

    def grids(self, data: bytes, native: str) -> tuple[Grid | None, Grid | None]:
        """Return the coarsest grids of the prices and sizes of a frame."""
        try:
            message = orjson.loads(data)
        except orjson.JSONDecodeError:
            return None, None
        if not isinstance(message, dict) or message.get("product_id", native) != native:
            return None, None
        prices: list[object] = [message.get(key) for key in ("price", "best_bid", "best_ask")]
        sizes: list[object] = [
            message.get(key) for key in ("size", "best_bid_size", "best_ask_size")
        ]
        for key, at in (("bids", 0), ("asks", 0), ("changes", 1)):
            rows = message.get(key)
            for row in rows if isinstance(rows, list) else ():
                if isinstance(row, list) and len(row) > at + 1:
                    prices.append(row[at])
                    sizes.append(row[at + 1])
        return coarsest(prices), coarsest(sizes)

    def damage(self, data: bytes) -> Damage:
        """No id would reveal the loss: the named book is spoilt, without a name all are."""
        kind = _KIND.search(data, 0, 512)
        if kind is not None and kind[1] in _WITHOUT_LEVELS:
            return Damage()
        product = _PRODUCT.search(data)
        if product is None:
            return Damage(everything=True)
        return Damage(books=(product[1].decode(),))

    def subscribe(self, natives: list[str], request_id: int) -> list[bytes]:  # noqa: ARG002
        """Return the subscribe frame; this venue's have no ids."""
        return channels.subscribe(natives)

    def resubscribe(self, native: str) -> list[bytes]:
        """Leave and join the levels of one product: joining starts with a snapshot."""
        return [
            orjson.dumps({"type": kind, "product_ids": [native], "channels": ["level2_batch"]})
            for kind in ("unsubscribe", "subscribe")
        ]

    def snapshot_path(self, native: str) -> str:  # noqa: ARG002
        """Return '': snapshots come in the stream."""
        return ""

    def audit_path(self, native: str) -> str:
        """Return the REST path of the aggregated book; it has no way to ask for fewer levels."""
        return f"/products/{native}/book?level=2"

    def rest_book(self, data: bytes, native: str, price: Grid, size: Grid) -> RestBook:  # noqa: ARG002
        """Read the reply to `audit_path`, which does not name its product."""
        return rest_book.read(data, price, size, self._levels)

    def last_ids(self, data: bytes) -> tuple[str, int, int] | None:  # noqa: ARG002
        """Return None: nothing says whether a file continues another."""
        return None
