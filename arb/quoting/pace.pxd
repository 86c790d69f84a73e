from libc.stdint cimport int64_t


cdef class Pace:
    cdef public int64_t rate
    cdef public int64_t burst
    cdef public int64_t tokens
    cdef public int64_t at_ns
    cpdef bint ready(self, int64_t now) except -1
    cpdef bint take(self, int64_t now) except -1
