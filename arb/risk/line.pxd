from libc.stdint cimport int64_t


cdef class Line:
    cdef public object instrument
    cdef public str name
    cdef public object units
    cdef public object tick
    cdef public object lot
    cdef public object lots_min
    cdef public object lots_max
    cdef public object notional_min
    cdef public bint spot
    cdef public object maker_ppb
    cdef public object taker_ppb
    cdef public object volume
    cdef public object traded
    cpdef forget(self, int64_t now)
