from libc.stdint cimport int64_t

ctypedef struct decayed_t:
    double half_life_s
    double total
    int64_t at_ns

cdef class Signals:
    cdef readonly double half_life_s
    cdef readonly int64_t bid
    cdef readonly int64_t bid_lots
    cdef readonly int64_t ask
    cdef readonly int64_t ask_lots
    cdef readonly double mid
    cdef readonly int64_t first_ns
    cdef readonly object vpin
    cdef decayed_t squares
    cdef decayed_t flow
    cdef decayed_t trades
    cdef decayed_t distances
    cdef tuple touch
    cdef double sigma(self, int64_t now) noexcept nogil
    cdef bint arrivals(self, int64_t now, double *a, double *k) noexcept nogil
    cdef double weighted(self) noexcept nogil
