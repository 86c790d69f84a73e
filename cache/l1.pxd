from libc.stdint cimport int64_t
from books.book cimport Book, touch_t

ctypedef struct row_t:
    touch_t touch
    int64_t version
    int64_t ts_event
    int64_t ts_recv
    int grade
    int link            # whose channel silence counts
    bint from_quote

ctypedef struct source_t:
    int64_t seen            # newest frame of the link's depth channel, 0 before the first
    int64_t offset          # venue clock minus ours, UNKNOWN before it was measured
    int64_t silence_max
    int64_t lag_max

cdef class Quote:
    cdef readonly int slot
    cdef readonly int64_t bid_price
    cdef readonly int64_t bid_lots
    cdef readonly int64_t ask_price
    cdef readonly int64_t ask_lots
    cdef readonly int64_t version
    cdef readonly int64_t ts_event
    cdef readonly int64_t ts_recv
    cdef readonly int64_t silence_ns
    cdef readonly int grade
    cdef readonly bint from_quote

cdef class L1:
    cdef row_t *rows
    cdef int capacity
    cdef source_t *sources  # by link
    cdef int links
    cdef readonly int64_t silence_max_ns
    cdef readonly int64_t lag_max_ns
    cdef int grade_at(self, int slot, int64_t now) noexcept nogil
    cdef int take(self, Book book) except -1
    cdef void note(self, int link, int64_t now) noexcept nogil
