"""The way of every book, as text: instrument, last sequence and hash of its levels, in order.

Two runs that saw the same market data, one live and one from a recording, write the same lines.
"""

from collections.abc import Sequence
from typing import TextIO

from books.book import Book
from market.instrument import Instrument

from .levels_hash import levels_hash


class BookLog:
    """Writes a line for each book that an input brought on by a diff, where it stands then.

    A snapshot alone makes no line: when it comes is between the client and its clock.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        #: Diffs that were applied, by slot.
        self._seen: list[int] = []

    def after(self, books: Sequence[Book], instruments: Sequence[Instrument]) -> None:
        """An input is done: look at a node's books, which stay in their places; OSError."""
        self._seen += [0] * (len(books) - len(self._seen))
        for slot, book in enumerate(books):
            if book.applied != self._seen[slot] and book.live:
                self._seen[slot] = book.applied
                one = instruments[slot]
                found = levels_hash(book, one.price, one.size)
                self._out.write(f"{one.id} {book.last_sequence} {found:016x}\n")
