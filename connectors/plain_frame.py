"""What the plain decoders share: strict JSON, numbers by market.grid, events as dictionaries.

The compiled decoders are held against them. A compiled decoder may refuse what these accept where
its rule is narrower (escapes in members it reads, members given twice); it never accepts more than
damage inside values that nobody reads.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from market.frame import Kind, Refusal
from market.grid import BadNumberError, Grid, OffGridError

#: Digits of an integer, bytes of a text, and years of a time which the decoders take.
INTEGER_MAX = 10**18 - 1
TEXT_MAX = 4096
YEARS = range(1900, 2262)

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)

Message = Mapping[str, Any]
#: The dictionary that market.frame.Frame.event gives.
Event = dict[str, Any]
Levels = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Symbol:
    """What the decoder knows of an instrument."""

    slot: int
    price: Grid
    size: Grid


Symbols = Mapping[str, Symbol]


class RefusedError(ValueError):
    """The frame is refused; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal


def loads(data: bytes) -> Any:
    """Return strict JSON as Python objects; of a member given twice the last one holds."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        raise RefusedError(Refusal.BAD_JSON) from None


def table(value: object) -> Message:
    """Return an object, or refuse."""
    if not isinstance(value, dict):
        raise RefusedError(Refusal.BAD_JSON)
    return value


def text(value: object) -> str:
    """Return a string, or refuse."""
    if not isinstance(value, str) or len(value.encode()) > TEXT_MAX:
        raise RefusedError(Refusal.BAD_JSON)
    return value


def integer(value: object) -> int:
    """Return an unsigned integer of up to 18 digits, or refuse."""
    if type(value) is not int or not 0 <= value <= INTEGER_MAX:
        raise RefusedError(Refusal.BAD_JSON)
    return value


def number(value: object, grid: Grid) -> int:
    """Return quoted decimal text in units of `grid`, or refuse."""
    if not isinstance(value, str):
        raise RefusedError(Refusal.BAD_FIELD)
    try:
        return grid.parse(value)
    except BadNumberError:
        raise RefusedError(Refusal.BAD_NUMBER) from None
    except OffGridError:
        raise RefusedError(Refusal.OFF_GRID) from None


def time(value: object) -> int:
    """Return ISO text with up to nine decimals as ns since the epoch, or refuse."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise RefusedError(Refusal.BAD_JSON)
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    if year not in YEARS or hour > 23 or minute > 59 or second > 60:
        raise RefusedError(Refusal.BAD_JSON)
    try:
        days = (date(year, month, day) - date(1970, 1, 1)).days
    except ValueError:
        raise RefusedError(Refusal.BAD_JSON) from None
    seconds = days * 86_400 + hour * 3600 + minute * 60 + second
    return seconds * 1_000_000_000 + int((found[7] or "").ljust(9, "0"))


def side(value: object, symbol: Symbol) -> Levels:
    """Return `[["price", "size", …], …]` in ticks and lots, or refuse."""
    if not isinstance(value, list):
        raise RefusedError(Refusal.BAD_JSON)
    levels: Levels = []
    for row in value:
        if not isinstance(row, list) or len(row) < 2 or not all(_is_text(x) for x in row[:2]):
            raise RefusedError(Refusal.BAD_JSON)
        levels.append((number(row[0], symbol.price), number(row[1], symbol.size)))
    return levels


def event(kind: Kind, **fields: Any) -> Event:
    """Return an event with these fields, the others zero or empty."""
    blank: Event = {
        "kind": kind,
        "slot": 0,
        "first": 0,
        "last": 0,
        "prev": 0,
        "ts_event": 0,
        "bid": (0, 0),
        "ask": (0, 0),
        "seller": False,
        "bids": [],
        "asks": [],
    }
    return blank | fields


def _is_text(value: object) -> bool:
    return isinstance(value, str)
