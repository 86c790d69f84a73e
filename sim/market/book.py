"""What can be read of one book: price levels in ticks and lots, and the id of the last change."""

from typing import Protocol

from .event import Side, Touch


class Ladder(Protocol):
    """One side of a book, best price first."""

    def __len__(self) -> int:
        """Return the number of levels."""

    def levels(self, limit: int | None = None) -> list[tuple[int, int]]:
        """Return (price, lots) of the best `limit` levels, or of all, best first."""

    def lots_at(self, price: int) -> int:
        """Return the size at a price, zero where there is no level."""


class Book(Protocol):
    """Both sides of one listing: crossed only while it does not trade, and a side may be empty."""

    listing: str

    @property
    def update_id(self) -> int:
        """Id of the last change."""

    @property
    def touch(self) -> Touch | None:
        """Best bid and ask; None while a side is empty."""

    def side(self, side: Side) -> Ladder:
        """Return one side, for reading."""
