"""What every order gateway of a venue shares: requests, answers, and how both are told apart.

A gateway is sans-I/O: it turns orders into unsigned requests, which an edge signs and carries, and
the venue's bytes into `OrderEvent`s and balances, which it hands to an `Outlet`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode

import orjson

from market.amount import amount_of
from market.grid import BadNumberError, OffGridError
from market.inputs import NO_ANSWER
from market.instrument import Instrument
from market.order import OrderEvent, OrderEventKind, Side, Tif, Type
from market.rows import RowError, table

#: Bytes of one frame or reply; a thousand fills have well under one million.
PAYLOAD_MAX = 8 * 1024 * 1024
#: Rows of one list that are read.
ROWS_MAX = 2_000
#: Characters of a venue's word that a reason keeps.
REASON_MAX = 120
#: Orders that a gateway remembers something about; the oldest is forgotten first.
KEPT_MAX = 20_000

_PREFIX = re.compile(r"[A-Za-z0-9_]{1,16}", re.ASCII)
_ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_TAG = re.compile(r"([a-z]{1,12})(?:([0-9]{1,18})(?:n([0-9]{1,9}))?)?", re.ASCII)
_ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)", re.ASCII)
_Value = TypeVar("_Value")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Order(Protocol):
    """What a gateway reads of an order of ours; see `arb.orders.order.OwnOrder`."""

    @property
    def id(self) -> int:
        """Our own id."""

    @property
    def slot(self) -> int:
        """Slot of the instrument."""

    @property
    def side(self) -> Side:
        """Bought or sold."""

    @property
    def type(self) -> Type:
        """What it does when it enters."""

    @property
    def tif(self) -> Tif:
        """Time in force."""

    @property
    def price(self) -> int:
        """Limit in ticks."""

    @property
    def lots(self) -> int:
        """Whole size."""

    @property
    def post_only(self) -> bool:
        """Whether it may not take."""

    @property
    def filled(self) -> int:
        """Lots known to be filled."""

    @property
    def venue_id(self) -> str:
        """The venue's id, '' while it is not known."""

    @property
    def new_price(self) -> int:
        """Limit that a replace asks for."""

    @property
    def new_lots(self) -> int:
        """Whole size that a replace asks for."""

    @property
    def queries(self) -> int:
        """Number of the newest query."""

    @property
    def created_ns(self) -> int:
        """When it was made, by our clock."""


class Request(NamedTuple):
    """An unsigned request.

    `tag` says what was asked about which order; it comes back with the answer (`Tag.read`).
    `method` is a WebSocket API method, or with a `path` that of HTTP. `params` are those of the
    WebSocket API or the query of a path; `body` is JSON. None of them holds a secret.
    """

    tag: str
    method: str
    path: str = ""
    params: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def fields(self) -> tuple[str, str, str, str]:
        """Return it without its tag as texts, which is what an effect holds."""
        return self.method, self.path, urlencode(self.params), self.body.decode()

    @classmethod
    def of(cls, tag: str, fields: tuple[str | int, ...]) -> "Request":
        """Return the request of an effect's fields; ValueError for what is none."""
        method, path, params, body = map(str, fields)
        pairs = tuple(parse_qsl(params, keep_blank_values=True, strict_parsing=bool(params)))
        return cls(tag, method, path, pairs, body.encode())


class SignedCall(NamedTuple):
    """A signed HTTP request, ready to be sent: `path` has its query."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


class Balance(NamedTuple):
    """What an account holds of an asset, in units of 10**-AMOUNT_DECIMALS."""

    asset: str
    free: int
    locked: int


class OpenOrder(NamedTuple):
    """An order that is open at the venue; `order` is 0 where it is not of our prefix.

    `filled` is in lots, 0 where the instrument is none of ours.
    """

    order: int
    venue_id: str
    native: str
    filled: int


class Tag(NamedTuple):
    """What was asked: the question, our order's id, and the number of query, page or change."""

    ask: str
    order: int = 0
    number: int = 0

    @property
    def text(self) -> str:
        """Return it as letters and digits, at most 36 of them."""
        number = f"n{self.number}" if self.number else ""
        return f"{self.ask}{self.order or ''}{number}"

    @classmethod
    def read(cls, value: object) -> "Tag":
        """Return the tag of a text; raises RowError."""
        found = _TAG.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise RowError("tag: no request of ours")
        return cls(found[1], int(found[2] or 0), int(found[3] or 0))


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where a gateway's doings go, in the order of their happening.

    All of them only queue: what they are given is acted on when the gateway has returned. A store
    that is in the middle of placing an order must not hear of its end yet.

    `listed` and `funds` answer `ask_open` and `ask_balances` with their numbers, whole. `stream`
    says that the user stream is subscribed to, or (False) that it must be opened anew; said again
    while it is, that something of it was missed.
    """

    send: Callable[[Request], None]
    event: Callable[[OrderEvent], None]
    balance: Callable[[Balance], None] = lambda _balance: None
    listed: Callable[[int, tuple[OpenOrder, ...]], None] = lambda _number, _orders: None
    funds: Callable[[int, tuple[Balance, ...]], None] = lambda _number, _balances: None
    stream: Callable[[bool], None] = lambda _good: None


@dataclass(frozen=True, slots=True)
class Listings:
    """The instruments by slot, and by the venue's own id (None where nothing is traded)."""

    of_slot: Callable[[int], Instrument]
    of_native: Callable[[str], Instrument | None]

    def known(self, slot: int | None) -> Instrument:
        """Return the instrument of an order's slot, None for no order; raises StrangerError."""
        if slot is None:
            raise StrangerError("no order of ours")
        return self.of_slot(slot)

    def find(self, native: object) -> Instrument:
        """Return the instrument of a native id; raises StrangerError."""
        found = self.of_native(native) if isinstance(native, str) else None
        if found is None:
            raise StrangerError("no instrument of ours")
        return found


def source_of(venue: str) -> str:
    """Return the source of a venue's answers; that of its stream has `#N` behind it."""
    return f"{venue}.orders"


def is_order_source(source: str) -> bool:
    """Tell whether an input's source is an order channel."""
    return source.partition("#")[0].endswith(".orders")


class StrangerError(ValueError):
    """A row about an order or instrument that is not ours."""


class UnsupportedOrderError(ValueError):
    """An order of a kind that a gateway cannot express."""


class OrderIds(Protocol):
    """Ids of our orders that a venue keeps for us."""

    def of(self, order: int) -> str:
        """Return the client id of an order; ids have at most 18 digits."""

    def read(self, value: object) -> int:
        """Return our id of a client id; raises StrangerError."""


class ClientIds:
    """Ids that the venue keeps for us: a prefix of the run and our own id.

    The prefix may be set once it is known; without one no id is ours.
    """

    __slots__ = ("prefix",)

    def __init__(self, prefix: str | None = None) -> None:
        """Take a prefix as `begin` does, or none yet."""
        self.prefix = ""
        if prefix is not None:
            self.begin(prefix)

    def begin(self, prefix: str) -> None:
        """Take 1 to 16 letters, digits and underscores; raises ValueError."""
        if not _PREFIX.fullmatch(prefix):
            raise ValueError(f"a prefix is 1 to 16 letters, digits or _, not {prefix[:40]!r}")
        self.prefix = prefix

    def of(self, order: int) -> str:
        """Return the client id of an order, at most 36 characters; ids have at most 18 digits."""
        if not 0 < order < 10**18:
            raise ValueError(f"an order id has 1 to 18 digits, not {order}")
        if not self.prefix:
            raise ValueError("there is no prefix yet")
        return f"{self.prefix}-{order}"

    def read(self, value: object) -> int:
        """Return our id of a client id; raises StrangerError."""
        if isinstance(value, str) and self.prefix:
            head, _, rest = value.partition("-")
            if head == self.prefix and _ID.fullmatch(rest):
                return int(rest)
        raise StrangerError("no order of ours")


class Counts(dict[str, int]):
    """What could not be read or used, by name."""

    def add(self, name: str) -> None:
        """Count one more."""
        self[name] = self.get(name, 0) + 1

    def error(self, error: ValueError) -> None:
        """Count an error by its name: strangers, numbers off the grid, bad numbers, bad rows."""
        self.add(_NAMES.get(type(error), "row"))


_NAMES: dict[type[ValueError], str] = {
    StrangerError: "stranger",
    OffGridError: "off_grid",
    BadNumberError: "number",
}


def parsed(data: bytes) -> object:
    """Return the JSON of a frame or reply; raises RowError."""
    if len(data) > PAYLOAD_MAX:
        raise RowError(f"{len(data)} bytes, the limit is {PAYLOAD_MAX}")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise RowError(f"not JSON: {error}") from error


def listed(row: object, key: str = "") -> list[object]:
    """Return a list, or the list in a field of an object; raises RowError."""
    value = table(row, "reply").get(key) if key else row
    if not isinstance(value, list) or len(value) > ROWS_MAX:
        raise RowError(f"{key}: expected a list of at most {ROWS_MAX}")
    return value


def number(value: object) -> str:
    """Return the text of a number field, '0' for one that is empty; raises RowError."""
    if not isinstance(value, str) or len(value) > 64:
        raise RowError("expected a number as text")
    return value or "0"


def amount(value: object) -> int:
    """Return money in units of 10**-AMOUNT_DECIMALS, negative for a rebate; raises ValueError."""
    return amount_of(number(value))


def iso_ns(value: object) -> int:
    """Return the ns of a UTC time such as `2026-08-09T21:05:48.1703Z`; raises RowError.

    Venues spell "never" as a time long before the epoch: that is 0.
    """
    found = _ISO.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise RowError("expected a UTC time")
    try:
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    except ValueError as error:
        raise RowError(f"expected a UTC time: {error}") from error
    since = moment - _EPOCH
    whole_s = since.days * 86_400 + since.seconds
    return max(0, whole_s * 10**9 + int((found[2] or "0").ljust(9, "0")))


def refusal(kind: OrderEventKind, order: int, reason: str, query: int = 0) -> OrderEvent:
    """Return the event of a refusal in the venue's words."""
    return OrderEvent(kind, order, reason=reason[:REASON_MAX], query=query)


def is_outcome_unknown(status: int) -> bool:
    """Tell whether an HTTP status leaves open what became of a request; 0 is no reply at all."""
    return status in (NO_ANSWER, 408) or status >= 500


def keep(kept: dict[int, _Value], order: int, value: _Value) -> None:
    """Remember something about an order; the oldest is forgotten beyond KEPT_MAX."""
    kept.pop(order, None)
    if len(kept) >= KEPT_MAX:
        del kept[next(iter(kept))]
    kept[order] = value
