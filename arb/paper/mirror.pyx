"""Which mirrored levels a book shows otherwise than before.

The plain twin is arb.paper.plain_mirror.
"""

from books.book cimport Book
from books.side cimport side_get
from libc.stdint cimport int64_t

from books.state import State
from engine.code import PRICE_MAX, QTY_MAX

cdef int _LIVE = State.LIVE
cdef int64_t _PRICE_MAX = PRICE_MAX
cdef int64_t _QTY_MAX = QTY_MAX
cdef int64_t _PRODUCT_MAX = 1 << 62


cdef int64_t _shown(int64_t price, int64_t lots) noexcept nogil:
    """Return lots that the engine can hold at a price: `arb.paper.line.shown`."""
    if price > _PRICE_MAX:
        return 0
    return min(min(lots, _QTY_MAX), _PRODUCT_MAX // max(price, 1))


def moved(Book book not None, dict mirrored not None):
    """Return (side, price, lots) of the levels of `mirrored` whose size differs now, or None.

    `mirrored` holds lots by (side, price), side 1 being the asks. Nothing moves in a book that is
    not live.
    """
    cdef int64_t price, lots, best, best_lots
    cdef bint ask
    cdef list found = None
    if book.state != _LIVE:
        return None
    for key, held in mirrored.items():
        side, ticks = <tuple?>key
        ask, price = side == 1, ticks
        if ask:
            best, best_lots = book.touch.ask_price, book.touch.ask_lots
        else:
            best, best_lots = book.touch.bid_price, book.touch.bid_lots
        if best_lots == 0 or (price < best if ask else price > best):
            lots = 0
        elif price == best:
            lots = best_lots
        else:
            lots = side_get(&book.ladder.ask, -price) if ask else side_get(&book.ladder.bid, price)
        lots = _shown(price, lots)
        if lots != <int64_t>held:
            if found is None:
                found = []
            found.append((side, ticks, lots))
    return found
