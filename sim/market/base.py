"""The interface behind which the market model stands."""

from collections.abc import Sequence
from typing import Protocol

from .book import Book
from .event import Event
from .listing import Listing


class Market(Protocol):
    """A set of books that move in virtual time, the same way for the same seed.

    What happens depends on the time and the orders of clients alone, never on the steps in which it
    is reached.
    """

    @property
    def now_ns(self) -> int:
        """Time that the books stand at, in ns since the epoch."""

    @property
    def listings(self) -> Sequence[Listing]:
        """Every listing, in a fixed order."""

    def book(self, listing: str) -> Book:
        """Return the book of an instrument id as it is at `now_ns`; KeyError if unknown."""

    def last_trade_id(self, listing: str) -> int:
        """Return the id of the last trade, or of the one before the first."""

    def advance(self, to_ns: int) -> list[Event]:
        """Move to a time, never backwards, and return what happened in order."""
