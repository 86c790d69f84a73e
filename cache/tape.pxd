from libc.stdint cimport int64_t

ctypedef struct print_t:
    int slot             # -1: it does not fit the finer grid that its instrument stands on by now
    int buyer
    int64_t price
    int64_t lots
    int64_t ts_event
    int64_t ts_recv

ctypedef struct sum_t:
    int64_t trades
    int64_t lots


cdef class Tape:
    cdef print_t *ring
    cdef sum_t *sums
    cdef int capacity
    cdef readonly int64_t count

    cdef int note(
        self, int slot, int64_t price, int64_t lots, int64_t ts_event, int64_t ts_recv, bint buyer
    ) except -1
    cdef int _reach(self, int slot) except -1
