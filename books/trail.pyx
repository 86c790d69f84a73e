"""The trail of best quotes that the depth book has not reached yet."""

from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from market.scan cimport UNITS_MAX

# A depth stream that is this many quotes behind has stopped; older quotes are forgotten.
cdef enum:
    TRAIL_MAX = 8192


cdef class QuoteTrail:
    """A bounded queue of quotes in the order of the venue's update ids."""

    def __dealloc__(self):
        free(self.rows)

    cdef bint push(self, const quote_t *quote) except *:
        """Append a quote; False when its id is not newer than the last one's."""
        cdef quote_t *rows
        cdef int i, capacity
        if self.count and quote.id <= self.rows[(self.first + self.count - 1) & (self.capacity - 1)].id:
            return False
        if self.count == self.capacity:
            if self.capacity == TRAIL_MAX:
                self.first = (self.first + 1) & (self.capacity - 1)
                self.count -= 1
                self.dropped += 1
            else:
                capacity = 2 * self.capacity if self.capacity else 64
                rows = <quote_t *>malloc(capacity * sizeof(quote_t))
                if rows == NULL:
                    raise MemoryError
                for i in range(self.count):
                    rows[i] = self.rows[(self.first + i) & (self.capacity - 1)]
                free(self.rows)
                self.rows, self.first, self.capacity = rows, 0, capacity
        self.rows[(self.first + self.count) & (self.capacity - 1)] = quote[0]
        self.count += 1
        return True

    cdef const quote_t *newest_until(self, int64_t id) noexcept nogil:
        """Return the newest quote at or below `id`, or NULL; older ones are forgotten."""
        cdef int mask = self.capacity - 1
        if self.count == 0 or self.rows[self.first].id > id:
            return NULL
        while self.count > 1 and self.rows[(self.first + 1) & mask].id <= id:
            self.first = (self.first + 1) & mask
            self.count -= 1
        return &self.rows[self.first]

    cdef void clear(self) noexcept nogil:
        self.first = self.count = 0

    cdef int rescale(self, int64_t price, int64_t size) except -1:
        cdef int i
        cdef quote_t *row
        for i in range(self.count):
            row = &self.rows[(self.first + i) & (self.capacity - 1)]
            if (
                row.bid_price > UNITS_MAX // price
                or row.ask_price > UNITS_MAX // price
                or row.bid_lots > UNITS_MAX // size
                or row.ask_lots > UNITS_MAX // size
            ):
                raise OverflowError("a quote does not fit the finer grid")
            row.bid_price *= price
            row.ask_price *= price
            row.bid_lots *= size
            row.ask_lots *= size
        return 0
