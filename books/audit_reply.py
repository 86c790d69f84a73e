"""A venue's REST book as an audit compares it: integer levels, and how far they reach."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from market.grid import BadNumberError, Grid

Level = tuple[int, int]

#: Levels a side that an audit compares; what a reply holds beyond is not read.
LEVELS_MAX = 500


class BadReplyError(ValueError):
    """A reply is no book that could be compared; `reason` is the name under which it is counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class RestBook:
    """Levels as (ticks, lots), best first, no empty ones.

    `id` is the venue's update id at which the book stood, -1 where the venue sends none. The
    edges are the outermost prices that the reply vouches for, None where the side is whole.
    """

    id: int
    bids: list[Level]
    asks: list[Level]
    bid_edge: int | None
    ask_edge: int | None

    @classmethod
    def of(
        cls,
        at: int,
        bids: Sequence[Level],
        asks: Sequence[Level],
        whole: tuple[bool, bool] = (False, False),
    ) -> Self:
        """Make a book of a reply's rows, best first.

        A side that is not `whole` may have been cut by the venue and vouches only as far as its
        last row, an empty one for nothing. Raises BadReplyError where the rows are not in order,
        name a price twice or cross.
        """
        if any(after[0] >= before[0] for before, after in pairwise(bids)):
            raise BadReplyError("unsorted")
        if any(after[0] <= before[0] for before, after in pairwise(asks)):
            raise BadReplyError("unsorted")
        held = [[row for row in rows if row[1]] for rows in (bids, asks)]
        if held[0] and held[1] and held[0][0][0] > held[1][0][0]:
            raise BadReplyError("crossed")
        if not held[0] and not held[1]:
            raise BadReplyError("empty")
        edges = [
            None if entire else (rows[-1][0] if rows else nothing)
            for rows, nothing, entire in zip((bids, asks), (_NO_BID, _NO_ASK), whole, strict=True)
        ]
        return cls(at, held[0], held[1], edges[0], edges[1])

    def rescale(self, price_factor: int, size_factor: int) -> None:
        """Bring the levels to a finer grid."""
        for rows in (self.bids, self.asks):
            rows[:] = [(ticks * price_factor, lots * size_factor) for ticks, lots in rows]
        if self.bid_edge is not None:
            self.bid_edge *= price_factor
        if self.ask_edge is not None:
            self.ask_edge *= price_factor


# Edges of an empty side: no price lies inside them.
_NO_BID = 1 << 62
_NO_ASK = -1

# So many digits on a grid are within market.grid.UNITS_MAX.
_SHORT = 18


def levels_of(rows: Iterable[tuple[object, object]], price: Grid, size: Grid) -> list[Level]:
    """Return (ticks, lots) of (price, size) texts.

    Raises BadReplyError for what is no number, OffGridError where a grid is too coarse.
    """
    out = []
    for price_text, size_text in rows:
        if not isinstance(price_text, str) or not isinstance(size_text, str):
            raise BadReplyError("bad_field")
        try:
            out.append((units_of(price_text, price), units_of(size_text, size)))
        except BadNumberError:
            raise BadReplyError("bad_number") from None
    return out


def units_of(text: str, grid: Grid) -> int:
    """Return what `grid.parse` does, in a fraction of its time for the texts that venues send."""
    whole, point, fraction = text.partition(".")
    digits = whole + fraction
    if (
        grid.step == 1
        and len(fraction) <= grid.decimals
        and len(whole) + grid.decimals <= _SHORT
        and whole
        and (fraction or not point)
        and digits.isascii()
        and digits.isdecimal()
    ):
        # Annotated, because a power may be a float for all that the type checker knows.
        scale: int = 10 ** (grid.decimals - len(fraction))
        return int(digits) * scale
    return grid.parse(text)
