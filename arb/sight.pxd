from cache.l1 cimport L1


cdef class Sight:
    cdef list books
    cdef L1 l1
    cdef list touches
