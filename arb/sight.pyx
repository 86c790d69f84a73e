"""The touch of every book as trading sees it: looked up once a change, whoever asks.

The plain twin is arb.plain_sight.
"""

from books.book cimport Book, touch_t
from cache.l1 cimport L1
from libc.stdint cimport int64_t

from books.grade import UNUSABLE
from books.state import State

cdef int _UNUSABLE = UNUSABLE
cdef int _LIVE = State.LIVE


cdef class Sight:
    """Touches by slot, over the node's own list of books and its L1."""

    def __init__(self, list books not None, L1 l1 not None):
        self.books = books
        self.l1 = l1
        self.touches = []

    def touch(self, Py_ssize_t slot, int64_t now):
        """Return bid, its lots, ask, its lots where the quote may be used at `now`, else None.

        The very same tuple comes back while the numbers stay. IndexError for an unknown slot.
        """
        cdef Book book
        cdef tuple held
        if not 0 <= slot < len(self.books):
            raise IndexError(slot)
        book = <Book?>self.books[slot]
        if book.state != _LIVE or slot >= self.l1.capacity or self.l1.links == 0:
            return None
        if self.l1.grade_at(slot, now) & _UNUSABLE:
            return None
        while len(self.touches) <= slot:
            self.touches.append((0, 0, 0, 0))
        held = <tuple>self.touches[slot]
        if (
            held[0] != book.touch.bid_price
            or held[1] != book.touch.bid_lots
            or held[2] != book.touch.ask_price
            or held[3] != book.touch.ask_lots
        ):
            held = (
                book.touch.bid_price, book.touch.bid_lots,
                book.touch.ask_price, book.touch.ask_lots,
            )
            self.touches[slot] = held
        return held
