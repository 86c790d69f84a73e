"""The plain twin of arb.paper.mirror."""

from arb.paper.line import shown
from books.book import Book


def moved(book: Book, mirrored: dict[tuple[int, int], int]) -> list[tuple[int, int, int]] | None:
    """Return (side, price, lots) of the levels of `mirrored` whose size differs now, or None."""
    if not book.live:
        return None
    found = []
    for (side, price), held in mirrored.items():
        lots = shown(price, book.lots_at(side == 1, price))
        if lots != held:
            found.append((side, price, lots))
    return found or None
