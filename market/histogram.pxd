from libc.stdint cimport int64_t

cdef enum:
    SUB_BITS = 3
    SUBS = 8
    # Values beyond 2**40, of nanoseconds some 18 minutes, count in the last bucket.
    VALUE_BITS = 40
    BUCKETS = 304


cdef class Histogram:
    cdef int64_t counts[BUCKETS]
    cdef readonly int64_t count
    cdef readonly int64_t sum
    cdef readonly int64_t max

    cdef void add(self, int64_t value) noexcept nogil
