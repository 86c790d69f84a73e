from libc.stdint cimport int64_t

cdef enum:
    # Sign, nineteen digits, a point and as many zeros before them.
    TEXT_MAX = 48

cdef int spelled(char *end, int64_t units, int64_t step, int decimals) except -1
