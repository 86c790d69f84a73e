"""Market events between formats: what happened to which instrument, numbers as exact text.

Numbers are decimal text in one spelling (`plain`): no sign, no exponent, no zeros that say nothing.
So equal values are equal text, and no format's rounding gets between two others.
"""

import re
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

#: Digits that a number may have before and behind its point.
DIGITS_MAX = 40

_PLAIN = re.compile(r"(\d{1,40})(?:\.(\d{1,40}))?", re.ASCII)
_EXPONENT = re.compile(r"\d{1,40}(?:\.\d{1,40})?[eE][+-]?\d{1,2}", re.ASCII)

#: Price and size; size `0` takes the level away.
Level = tuple[str, str]


class EventKind(StrEnum):
    """The kinds of event; the names stand in Parquet files."""

    #: The whole book: what was known before is void.
    SNAPSHOT = "snapshot"
    #: New sizes of some levels.
    UPDATE = "update"
    #: The book cannot be trusted until the next snapshot; `text` says why.
    LOST = "lost"
    #: The best bid and ask as the venue tells them, apart from its book.
    QUOTE = "quote"
    TRADE = "trade"


class Event(NamedTuple):
    """One event. Times are ns since the epoch; `ts_event` is 0 where the venue gives none.

    `venue` and `symbol` are ours and the venue's own name. A QUOTE has at most one level a side; a
    TRADE has its price and size as the only bid, `text` is its id ('' for none), and `side` who
    took: `buy`, `sell` or `unknown`. `first`, `last` and `prev` are the venue's update ids, -1
    where there are none.
    """

    kind: EventKind
    venue: str
    symbol: str
    ts_recv: int
    ts_event: int
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()
    side: str = ""
    text: str = ""
    first: int = -1
    last: int = -1
    prev: int = -1


@lru_cache(maxsize=1 << 16)
def plain(text: str) -> str:
    """Return an unsigned decimal in its one spelling; raises ValueError.

    An exponent is taken, as languages print small floats: `1e-7` is `0.0000001`.
    """
    found = _PLAIN.fullmatch(text)
    if found is None:
        return _expanded(text)
    whole = found[1].lstrip("0") or "0"
    fraction = (found[2] or "").rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _expanded(text: str) -> str:
    if not _EXPONENT.fullmatch(text):
        raise ValueError(f"not a number: {text[:DIGITS_MAX]!r}")
    try:
        spelled = f"{Decimal(text):f}"
    except InvalidOperation:
        raise ValueError(f"not a number: {text[:DIGITS_MAX]!r}") from None
    if not _PLAIN.fullmatch(spelled):
        raise ValueError(f"too many digits: {text[:DIGITS_MAX]!r}")
    return plain(spelled)


@lru_cache(maxsize=1 << 16)
def scaled(text: str) -> int:
    """Return a plain number times 10**DIGITS_MAX: exact, so that numbers can be put in order."""
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(DIGITS_MAX, "0"))
