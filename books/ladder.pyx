"""Price ladder of one instrument: both sides, integer ticks and lots, compiled.

The plain twin is books.plain_ladder.PlainLadder; both answer alike.
"""

from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from books.side cimport (
    side_best,
    side_clear,
    side_copy,
    side_free,
    side_get,
    side_init,
    side_load,
    side_rescale,
    side_set,
    side_settle,
    side_t,
)
from market.frame cimport level_t
from market.scan cimport UNITS_MAX

cdef str _FULL = "the ladder is full or without memory"


cdef class Ladder:
    """Levels of both sides; sizes are absolute, 0 removes. At most 1,048,576 levels a side."""

    def __cinit__(self):
        if side_init(&self.bid) < 0 or side_init(&self.ask) < 0:
            raise MemoryError

    def __dealloc__(self):
        side_free(&self.bid)
        side_free(&self.ask)

    cdef int apply(
        self, const level_t *bids, int bid_count, const level_t *asks, int ask_count,
        int64_t *absent
    ) noexcept nogil:
        """Apply a batch of absolute sizes; `absent` counts removals of levels not held.

        Returns 0, or -1 when a side is full; the ladder must be thrown away then.
        """
        cdef int i
        cdef int64_t before
        for i in range(bid_count):
            before = side_set(&self.bid, bids[i].ticks, bids[i].lots)
            if before <= 0:
                if before < 0:
                    return -1
                absent[0] += bids[i].lots == 0
        for i in range(ask_count):
            before = side_set(&self.ask, -asks[i].ticks, asks[i].lots)
            if before <= 0:
                if before < 0:
                    return -1
                absent[0] += asks[i].lots == 0
        if side_settle(&self.bid) < 0 or side_settle(&self.ask) < 0:
            return -1
        return 0

    cdef int replace(
        self, const level_t *bids, int bid_count, const level_t *asks, int ask_count
    ) noexcept nogil:
        """Replace the whole book by a snapshot."""
        if side_load(&self.bid, bids, bid_count, 1) < 0:
            return -1
        return side_load(&self.ask, asks, ask_count, -1)

    cdef bint best_bid(self, int64_t *ticks, int64_t *lots) noexcept nogil:
        return side_best(&self.bid, ticks, lots)

    cdef bint best_ask(self, int64_t *ticks, int64_t *lots) noexcept nogil:
        if not side_best(&self.ask, ticks, lots):
            return False
        ticks[0] = -ticks[0]
        return True

    # The Python face, for tests and slow paths.

    def set(self, bint ask, object ticks, object lots):
        """Set one level and settle; returns the size before."""
        cdef int64_t before
        cdef side_t *side = &self.ask if ask else &self.bid
        if not (0 <= ticks <= UNITS_MAX and 0 <= lots <= UNITS_MAX):
            raise ValueError(f"ticks and lots must be 0 to {UNITS_MAX}: {ticks}, {lots}")
        before = side_set(side, -<int64_t>ticks if ask else <int64_t>ticks, lots)
        if before < 0 or side_settle(side) < 0:
            raise MemoryError(_FULL)
        return before

    def load(self, list bids not None, list asks not None):
        """Replace everything by lists of (ticks, lots) in any order."""
        cdef level_t *rows = _rows(bids, asks)
        cdef int code = self.replace(rows, len(bids), rows + len(bids), len(asks))
        free(rows)
        if code < 0:
            raise MemoryError(_FULL)

    def update(self, list bids not None, list asks not None):
        """Apply lists of (ticks, lots); returns how many removals named a level not held."""
        cdef int64_t absent = 0
        cdef level_t *rows = _rows(bids, asks)
        cdef int code = self.apply(rows, len(bids), rows + len(bids), len(asks), &absent)
        free(rows)
        if code < 0:
            raise MemoryError(_FULL)
        return absent

    def get(self, bint ask, int64_t ticks):
        """Return the size at a price, 0 where there is none."""
        return side_get(&self.ask if ask else &self.bid, -ticks if ask else ticks)

    def best(self, bint ask):
        """Return (ticks, lots) of the best level, or None."""
        cdef int64_t ticks = 0, lots = 0
        if ask:
            return (ticks, lots) if self.best_ask(&ticks, &lots) else None
        return (ticks, lots) if self.best_bid(&ticks, &lots) else None

    def count(self, bint ask):
        """Return how many levels the side holds."""
        cdef side_t *side = &self.ask if ask else &self.bid
        return side.count + side.far_count

    def levels(self, bint ask, int limit=1 << 20):
        """Return up to `limit` levels as (ticks, lots), best first."""
        cdef side_t *side = &self.ask if ask else &self.bid
        cdef int sign = -1 if ask else 1
        cdef int n = min(max(limit, 0), side.count + side.far_count)
        cdef level_t *rows = <level_t *>malloc((n + 1) * sizeof(level_t))
        if rows == NULL:
            raise MemoryError
        n = side_copy(side, rows, n)
        out = [(sign * rows[i].ticks, rows[i].lots) for i in range(n)]
        free(rows)
        return out

    def clear(self):
        """Forget every level."""
        side_clear(&self.bid)
        side_clear(&self.ask)

    def rescale(self, int64_t price_factor, int64_t size_factor):
        """Multiply all prices and sizes after a grid became finer; OverflowError over the limit."""
        if price_factor < 1 or size_factor < 1:
            raise ValueError("a grid only becomes finer")
        if (
            side_rescale(&self.bid, price_factor, size_factor) < 0
            or side_rescale(&self.ask, price_factor, size_factor) < 0
        ):
            raise OverflowError("a level does not fit the finer grid")

    def layout(self, bint ask):
        """Return (window width, levels in the window, levels outside); for tests and tuning."""
        cdef side_t *side = &self.ask if ask else &self.bid
        return side.width, side.count, side.far_count


cdef level_t *_rows(list bids, list asks) except NULL:
    cdef level_t *rows = <level_t *>malloc((len(bids) + len(asks) + 1) * sizeof(level_t))
    cdef int i = 0
    if rows == NULL:
        raise MemoryError
    try:
        for side in (bids, asks):
            for ticks, lots in side:
                if not (0 <= ticks <= UNITS_MAX and 0 <= lots <= UNITS_MAX):
                    raise ValueError(f"ticks and lots must be 0 to {UNITS_MAX}: {ticks}, {lots}")
                rows[i].ticks, rows[i].lots = ticks, lots
                i += 1
    except BaseException:
        free(rows)
        raise
    return rows
