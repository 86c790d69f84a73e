from libc.stdint cimport int64_t

ctypedef struct quote_t:
    int64_t id
    int64_t bid_price
    int64_t bid_lots
    int64_t ask_price
    int64_t ask_lots

cdef class QuoteTrail:
    cdef quote_t *rows
    cdef int first
    cdef int count
    cdef int capacity
    cdef readonly long dropped
    cdef bint push(self, const quote_t *quote) except *
    cdef const quote_t *newest_until(self, int64_t id) noexcept nogil
    cdef void clear(self) noexcept nogil
    cdef int rescale(self, int64_t price, int64_t size) except -1
