# The writing side for compiled callers: room first, then the payload in place, then the record.

from cpython.buffer cimport Py_buffer
from libc.stdint cimport int64_t, uint32_t, uint64_t


cdef class RecordLog:
    cdef Py_buffer view
    cdef unsigned char *base
    cdef Py_ssize_t position
    cdef Py_ssize_t limit
    cdef Py_ssize_t size
    cdef uint64_t next_number
    cdef int64_t last_ts_ns
    cdef uint32_t seed
    cdef public object on_full

    cdef unsigned char *payload(self) noexcept
    cdef void commit(self, uint32_t kind, int64_t ts_ns, Py_ssize_t length) noexcept
    cdef int make_room(self, Py_ssize_t length) except -1
    cdef bint fits(self, Py_ssize_t length) noexcept
    cdef void put(
        self, uint32_t kind, int64_t ts_ns, const unsigned char *source, Py_ssize_t length
    ) noexcept
