"""OKX spot behind the venue interface."""

import re
from urllib.parse import parse_qs, urlsplit

import orjson

from books.audit_reply import BadReplyError, RestBook, levels_of
from books.sequence import ChainRule, SequenceRule
from connectors.measure import coarsest
from connectors.venue import SNAPSHOT_LEVELS, Damage, Topic
from examples.okx import channels, rules
from examples.okx.decode import OkxDecoder
from market.frame import SymbolTable
from market.grid import Grid
from market.instrument import Instrument

_NATIVE = re.compile(rb'"instId"\s*:\s*"([A-Z0-9-]{1,40})"')
_WITHOUT_LEVELS = re.compile(rb'"(?:channel|event)"\s*:\s*"(?!books")')
_TOPICS = {
    "/api/v5/market/books": Topic.AUDIT,
    "/api/v5/public/instruments": Topic.RULES,
    "/api/v5/public/time": Topic.TIME,
}
#: Levels a side of the channel `books`, and the most that REST gives.
LEVELS_MAX = 400


class OkxVenue:
    """Protocol of the public channels; see connectors.venue.Venue.

    The venue hangs up where it has sent nothing for 30 s and heard no `ping`. Books and best quotes
    of what is traded at all speak far more often, so none is sent.
    """

    name = "okx"
    counted = False
    rules_path = "/api/v5/public/instruments?instType=SPOT"
    time_path = "/api/v5/public/time"
    stream_path = "/ws/v5/public"
    instruments_max = 50

    def __init__(self, snapshot_levels: int = SNAPSHOT_LEVELS) -> None:
        self._levels = min(snapshot_levels, LEVELS_MAX)
        self.symbols = SymbolTable()
        self.decoder = OkxDecoder(self.symbols)

    def rule(self) -> SequenceRule:
        """Return the rule of a book: `prevSeqId` names the `seqId` before."""
        return ChainRule()

    def decode_snapshot(self, data: bytes, native: str) -> int:
        """Snapshots come in the stream."""
        raise NotImplementedError(
            f"{self.name} {native}: a REST book cannot be placed ({len(data)})"
        )

    def topic(self, url: str) -> tuple[Topic, str]:
        """Return what a reply to this URL is about."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return Topic.OTHER, ""
        topic = _TOPICS.get(parts.path, Topic.OTHER)
        native = parse_qs(parts.query).get("instId", [""])[0] if topic is Topic.AUDIT else ""
        return topic, native

    def instruments(self, payload: bytes) -> tuple[list[Instrument], list[str]]:
        """Return the instruments of a rules reply and the problems found in it."""
        return rules.instruments(payload, self.name)

    def server_time(self, payload: bytes) -> int | None:
        """Return the venue's clock in ns from `{"data": [{"ts": ms}]}`."""
        try:
            ms = orjson.loads(payload)["data"][0]["ts"]
        except (orjson.JSONDecodeError, KeyError, IndexError, TypeError):
            return None
        return int(ms) * 1_000_000 if isinstance(ms, str) and ms.isdecimal() else None

    def grids(self, data: bytes, native: str) -> tuple[Grid | None, Grid | None]:
        """Return the coarsest grids of the prices and sizes of a frame or an audit's reply."""
        try:
            message = orjson.loads(data)
        except orjson.JSONDecodeError:
            return None, None
        if not isinstance(message, dict) or _other(message, native):
            return None, None
        prices: list[object] = []
        sizes: list[object] = []
        listed = message.get("data")
        for row in listed if isinstance(listed, list) else ():
            if isinstance(row, dict):
                levels = [*_levels(row.get("bids")), *_levels(row.get("asks"))]
                prices += [row.get("px"), *(level[0] for level in levels)]
                sizes += [row.get("sz"), *(level[1] for level in levels)]
        return coarsest(prices), coarsest(sizes)

    def damage(self, data: bytes) -> Damage:
        """A diff that is named is lost for certain; an unnamed one the next `prevSeqId` reveals."""
        if _WITHOUT_LEVELS.search(data, 0, 512):
            return Damage()
        native = _NATIVE.search(data)
        return Damage(doubt=True) if native is None else Damage(books=(native[1].decode(),))

    def subscribe(self, natives: list[str], request_id: int) -> list[bytes]:  # noqa: ARG002
        """Return the subscribe frame; this venue's need no ids."""
        return [channels.subscribe(natives)]

    def resubscribe(self, native: str) -> list[bytes]:
        """Return the frames that bring a new snapshot in the stream."""
        return channels.again(native)

    def snapshot_path(self, native: str) -> str:  # noqa: ARG002
        """Return '': snapshots come in the stream."""
        return ""

    def audit_path(self, native: str) -> str:
        """Return the REST path of the book."""
        return f"/api/v5/market/books?instId={native}&sz={self._levels}"

    def rest_book(self, data: bytes, native: str, price: Grid, size: Grid) -> RestBook:  # noqa: ARG002
        """Read the reply to `audit_path`, which does not name its instrument."""
        try:
            row = orjson.loads(data)["data"][0]
            sides = [_levels(row[side]) for side in ("bids", "asks")]
        except (orjson.JSONDecodeError, KeyError, IndexError, TypeError):
            raise BadReplyError("not_a_book") from None
        bids, asks = (levels_of(side, price, size) for side in sides)
        # A side with as many rows as were asked for may have been cut.
        return RestBook.of(-1, bids, asks, (len(bids) < self._levels, len(asks) < self._levels))

    def last_ids(self, data: bytes) -> tuple[str, int, int] | None:  # noqa: ARG002
        """Return None: a recording's files each begin with a connection of their own."""
        return None


def _other(message: dict[str, object], native: str) -> bool:
    """Tell whether a frame is about another instrument; a reply names none."""
    arg = message.get("arg")
    return isinstance(arg, dict) and arg.get("instId") != native


def _levels(rows: object) -> list[tuple[object, object]]:
    if not isinstance(rows, list):
        return []
    return [(row[0], row[1]) for row in rows if isinstance(row, list) and len(row) > 1]
