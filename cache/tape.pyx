"""The newest public trades of all instruments in one ring, and sums by instrument.

For readers beside the node: nothing is decided by it, so it is no part of checkpoints. The plain
twin is cache.plain_tape.
"""

from libc.stdint cimport INT64_MAX, int64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memset

cdef enum:
    KEPT = 1 << 13
    SLOTS_MAX = 1 << 16

#: Trades that are kept.
TRADES_MAX = KEPT


cdef inline int64_t capped_sum(int64_t held, int64_t more) noexcept nogil:
    """Return a sum of two that are not negative, or the most there can be."""
    return held + more if more <= INT64_MAX - held else INT64_MAX


cdef inline int64_t capped_product(int64_t held, int64_t factor) noexcept nogil:
    """Return a product of what is not negative and a positive factor, or the most there can be."""
    return held * factor if held <= INT64_MAX // factor else INT64_MAX


cdef class Tape:
    """Trades in the order in which they came; see the `.pyi`."""

    def __cinit__(self):
        self.ring = <print_t*>calloc(KEPT, sizeof(print_t))
        if self.ring == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.ring)
        free(self.sums)

    def add(self, int slot, int64_t price, int64_t lots, int64_t ts_event, int64_t ts_recv, *,
            bint buyer):
        """Take a trade."""
        if price < 0 or lots < 0:
            raise ValueError("price and lots are not negative")
        self.note(slot, price, lots, ts_event, ts_recv, buyer)

    cdef int note(
        self, int slot, int64_t price, int64_t lots, int64_t ts_event, int64_t ts_recv, bint buyer
    ) except -1:
        """`add` for compiled callers."""
        cdef print_t *row
        if slot < 0 or slot >= self.capacity:
            self._reach(slot)
        row = &self.ring[self.count & (KEPT - 1)]
        row.slot, row.buyer = slot, buyer
        row.price, row.lots = price, lots
        row.ts_event, row.ts_recv = ts_event, ts_recv
        self.count += 1
        self.sums[slot].trades += 1
        self.sums[slot].lots = capped_sum(self.sums[slot].lots, lots)
        return 0

    cdef int _reach(self, int slot) except -1:
        """Make room for the sums of a slot."""
        cdef int capacity = 16
        cdef sum_t *grown
        if not 0 <= slot < SLOTS_MAX:
            raise IndexError(f"slots are 0 to {SLOTS_MAX - 1}, not {slot}")
        while capacity <= slot:
            capacity *= 2
        grown = <sum_t*>realloc(self.sums, capacity * sizeof(sum_t))
        if grown == NULL:
            raise MemoryError
        memset(&grown[self.capacity], 0, (capacity - self.capacity) * sizeof(sum_t))
        self.sums, self.capacity = grown, capacity
        return 0

    def before(self, int64_t number, int slot, int limit):
        """Return trades with a smaller number, newest first; of all slots with -1."""
        cdef int64_t at = min(max(number, 1) - 1, self.count)
        cdef int64_t last = max(self.count - KEPT, 0)
        cdef print_t *row
        found = []
        while at > last and len(found) < limit:
            row = &self.ring[(at - 1) & (KEPT - 1)]
            if row.slot >= 0 and (slot < 0 or row.slot == slot):
                found.append(_taken(row, at))
            at -= 1
        return found

    def since(self, int64_t number, int slot, int limit):
        """Return the newest `limit` trades with a larger number, oldest first."""
        cdef int64_t at = self.count
        cdef int64_t last = max(self.count - KEPT, max(number, 0))
        cdef print_t *row
        found = []
        while at > last and len(found) < limit:
            row = &self.ring[(at - 1) & (KEPT - 1)]
            if row.slot >= 0 and (slot < 0 or row.slot == slot):
                found.append(_taken(row, at))
            at -= 1
        found.reverse()
        return found

    def total(self, int slot):
        """Return how many trades a slot had, and their lots."""
        if not 0 <= slot < self.capacity:
            return 0, 0
        return self.sums[slot].trades, self.sums[slot].lots

    def rescale(self, int slot, int64_t price, int64_t size):
        """Bring a slot's trades to finer ticks and lots."""
        cdef int64_t kept = min(self.count, <int64_t>KEPT)
        cdef int64_t at
        cdef print_t *row
        if price < 1 or size < 1:
            raise ValueError("factors are positive")
        for at in range(kept):
            row = &self.ring[at]
            if row.slot != slot:
                continue
            if row.price > INT64_MAX // price or row.lots > INT64_MAX // size:
                row.slot = -1
            else:
                row.price, row.lots = row.price * price, row.lots * size
        if 0 <= slot < self.capacity:
            self.sums[slot].lots = capped_product(self.sums[slot].lots, size)


cdef tuple _taken(print_t *row, int64_t number):
    return (
        number, row.slot, row.price, row.lots, row.ts_event, row.ts_recv, row.buyer != 0,
    )
