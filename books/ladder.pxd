from libc.stdint cimport int64_t
from books.side cimport side_t
from market.frame cimport level_t

cdef class Ladder:
    cdef side_t bid
    cdef side_t ask
    cdef int apply(
        self, const level_t *bids, int bid_count, const level_t *asks, int ask_count,
        int64_t *absent
    ) noexcept nogil
    cdef int replace(
        self, const level_t *bids, int bid_count, const level_t *asks, int ask_count
    ) noexcept nogil
    cdef bint best_bid(self, int64_t *ticks, int64_t *lots) noexcept nogil
    cdef bint best_ask(self, int64_t *ticks, int64_t *lots) noexcept nogil
