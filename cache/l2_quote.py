"""What a read of the quote cache gives: a Quote or a Depth, or a Miss that says why not."""

from decimal import Context, Decimal
from enum import StrEnum
from typing import NamedTuple

# A scaled int64 by an int64 step has at most 39 digits, and no context may round it.
_EXACT = Context(prec=80)


def exact(count: int, step: int, decimals: int) -> Decimal:
    """Return count * step / 10**decimals without rounding, with `decimals` places."""
    return Decimal(count * step).scaleb(-decimals, _EXACT)


class Reason(StrEnum):
    """Why a read gave no number."""

    UNKNOWN = "unknown"
    EMPTY = "empty"
    BUSY = "busy"
    STALE = "stale"
    GRADE = "grade"
    WRITER_DEAD = "writer_dead"


class Miss(NamedTuple):
    """No value: the reason, and a sentence for people. It has none of a quote's fields."""

    reason: Reason
    instrument: str
    detail: str


class Quote(NamedTuple):
    """The touch of one instrument.

    Prices are in ticks and sizes in lots of the grid in the last four fields (a tick is
    price_step / 10**price_decimals); lots of 0 say that this side of the book is empty. Times are
    ns since the epoch: ts_vouched is when the writer last stood by this value. `grade` is a bit
    mask of what speaks against the quote, `source` the channel that it came from.
    """

    instrument: str
    bid_ticks: int
    bid_lots: int
    ask_ticks: int
    ask_lots: int
    version: int
    ts_event: int
    ts_recv: int
    ts_vouched: int
    grade: int
    source: int
    price_decimals: int
    price_step: int
    size_decimals: int
    size_step: int

    @property
    def bid_price(self) -> Decimal | None:
        """Exact best bid, or None when there is no bid."""
        return self._price(self.bid_ticks) if self.bid_lots else None

    @property
    def ask_price(self) -> Decimal | None:
        """Exact best ask, or None when there is no ask."""
        return self._price(self.ask_ticks) if self.ask_lots else None

    @property
    def bid_size(self) -> Decimal:
        """Exact size of the best bid."""
        return exact(self.bid_lots, self.size_step, self.size_decimals)

    @property
    def ask_size(self) -> Decimal:
        """Exact size of the best ask."""
        return exact(self.ask_lots, self.size_step, self.size_decimals)

    def _price(self, ticks: int) -> Decimal:
        return exact(ticks, self.price_step, self.price_decimals)


class Depth(NamedTuple):
    """The best levels of one instrument, best first, as (ticks, lots); fields as in Quote."""

    instrument: str
    version: int
    ts_event: int
    ts_recv: int
    ts_vouched: int
    grade: int
    price_decimals: int
    price_step: int
    size_decimals: int
    size_step: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]

    def price(self, ticks: int) -> Decimal:
        """Return the exact price of a level."""
        return exact(ticks, self.price_step, self.price_decimals)

    def size(self, lots: int) -> Decimal:
        """Return the exact size of a level."""
        return exact(lots, self.size_step, self.size_decimals)
