from books.book cimport Book
from cache.l1 cimport L1
from cache.l2_writer cimport L2Writer
from libc.stdint cimport int64_t


cdef class Publisher:
    cdef L2Writer writer
    cdef public int64_t ahead_ns
    cdef int levels
    cdef dict slots
    cdef list grids    # by slot: the instrument whose grids the table has, None for none
    cdef list places   # by slot: where in the table
    cdef dict waiting
    cdef dict overflow

    cdef int put(self, int slot, Book book, object instrument, L1 l1, int64_t now) except -1
    cdef int64_t _place(self, int slot, object instrument) except? -2
