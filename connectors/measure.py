"""The grids that a set of decimal texts needs: the slow path after a value was off its grid."""

from collections.abc import Iterable

from books.book import Book
from market.grid import DECIMALS_MAX, UNITS_MAX, BadNumberError, Grid, split_decimal


def coarsest(texts: Iterable[object]) -> Grid | None:
    """Return the coarsest power-of-ten grid that holds all texts, None where none holds them.

    Texts that are no numbers are passed over: the decoder refuses them.
    """
    decimals = -1
    found = []
    for text in texts:
        if not isinstance(text, str):
            continue
        try:
            digits, needed = split_decimal(text)
        except BadNumberError:
            continue
        if digits <= UNITS_MAX and needed <= DECIMALS_MAX:
            found.append((digits, needed))
            decimals = max(decimals, needed)
    if any(digits * 10 ** (decimals - needed) > UNITS_MAX for digits, needed in found):
        return None
    return Grid(decimals) if found else None


def tops(book: Book) -> tuple[int, int]:
    """Return the largest ticks and lots known of a book, zeros where nothing is."""
    bid, bid_lots, ask, ask_lots = book.quote_touch()
    rows = [(bid, bid_lots), (ask, ask_lots)]
    if book.live:
        rows += book.levels(False) + book.levels(True)
    return max(ticks for ticks, _ in rows), max(lots for _, lots in rows)
