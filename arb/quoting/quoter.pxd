from arb.quoting.signals cimport Signals
from libc.stdint cimport int64_t


cdef class Quoter:
    cdef Signals signals
    cdef int model
    cdef readonly int layers
    cdef double step_bps
    cdef double half_bps
    cdef double skew
    cdef double gamma
    cdef double horizon_s
    cdef double sigmas
    cdef double inventory_max
    cdef int bids(
        self, double bid, double inventory, int64_t tick, int64_t most, int64_t *to, int room
    ) noexcept
    cdef int asks(
        self, double ask, double inventory, int64_t tick, int64_t least, int64_t *to, int room
    ) noexcept
    cdef void quote(self, double q, int64_t now, double *bid, double *ask) noexcept
    cdef int64_t _bid(self, double bid, int layer, int64_t tick, int64_t most) noexcept
    cdef int64_t _ask(self, double ask, int layer, int64_t tick, int64_t least) noexcept
