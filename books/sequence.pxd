from libc.stdint cimport int64_t
from market.frame cimport event_t

cdef enum verdict:
    VERDICT_APPLY = 0
    VERDICT_STALE = 1
    VERDICT_GAP = 2

cdef class SequenceRule:
    cdef readonly bint in_stream
    cdef readonly bint ordered_quotes
    cdef int check(self, int64_t held, bint fresh, const event_t *diff) noexcept nogil
    cdef int follow(self, int64_t last, const event_t *diff) noexcept nogil

cdef class ChainRule(SequenceRule):
    pass
