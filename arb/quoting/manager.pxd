from arb.quoting.pace cimport Pace
from libc.stdint cimport int64_t

cdef enum:
    #: Quotes a side that are compared without looking at the orders themselves.
    HELD_MAX = 16


cdef struct resting_t:
    int64_t price
    int64_t lots        # that may still be filled
    int64_t created_ns
    bint live


cdef struct side_t:
    resting_t rows[HELD_MAX]
    int count           # of all, of which the first HELD_MAX are in the rows


cdef class Manager:
    cdef public object _trader
    cdef public object _slot
    cdef public str _strategy
    cdef public object _care
    cdef public object _pace
    cdef public str _venue
    cdef public object changes
    cdef public object starved
    # Made anew from the above.
    cdef int hungry
    cdef object _store
    cdef Pace _shared
    cdef bint _paced
    cdef object _version
    cdef list _bids
    cdef list _asks
    cdef side_t _held[2]
    cdef bint _ready
    cdef bint _bounded
    cdef int64_t _hysteresis
    cdef int64_t _life_ns
    cdef int64_t _queue_ticks
    cdef int64_t _queue_ns
    cdef int64_t _size_permille
    cdef int look(self) except -1
    cdef bint calm(
        self, int side, const int64_t *prices, int count, int64_t lots, int64_t now
    ) except -1
    cdef bint _pays(self, const resting_t *one, int64_t error, int64_t lots, int64_t now) noexcept
    cdef bint _spend(self, int64_t now) except -1
    cdef bint _rich(self, int64_t now) except -1
    cdef bint _bring(self, order, price, lots, int64_t now) except -1
