from market.frame cimport Frame, event_t, level_t

cdef class Diff:
    cdef event_t event
    cdef level_t *bids
    cdef level_t *asks
    cdef int bid_count
    cdef int ask_count

cdef class DiffBuffer:
    cdef list _diffs
    cdef int _first
    cdef readonly long levels
    cdef readonly int diffs_max
    cdef readonly long levels_max
    cdef int count(self)
    cdef Diff at(self, int i)
    cdef bint push(self, Frame frame, const event_t *e) except *
    cdef void drop(self, int n)
    cdef void clear(self)
    cdef int rescale(self, long long price, long long size) except -1
