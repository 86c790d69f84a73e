"""The plain twin of arb.sight."""

from books.book import Book
from books.grade import UNUSABLE
from cache.l1 import L1

_UNUSABLE = int(UNUSABLE)


class PlainSight:
    """Twin of `Sight`."""

    def __init__(self, books: list[Book], l1: L1) -> None:
        self._books = books
        self._l1 = l1

    def touch(self, slot: int, now: int) -> tuple[int, int, int, int] | None:
        """Return bid, its lots, ask, its lots where the quote may be used at `now`, else None."""
        if not 0 <= slot < len(self._books):
            raise IndexError(slot)
        book = self._books[slot]
        if self._l1.grade(slot, now) & _UNUSABLE or not book.live:
            return None
        return book.newest_touch()
