# What a subclass may build on: the venue's memory and the doors that every command goes through.

cimport cython
from libc.stdint cimport uint32_t

from .venue cimport Book, Command, Venue


cdef class Engine:
    cdef Venue v
    cdef size_t exports
    # Whether no subclass looks at events before they leave.
    cdef bint alone

    # These a subclass may override.
    cdef int _leave(self) except -1
    cdef int _command(self, const Command* c) except -1
    cdef Py_ssize_t _batch(self, const char* records, size_t count) except -1

    @cython.final
    cdef int _begin(self) except -1
    @cython.final
    cdef int _end(self) except -1
    @cython.final
    cdef int _run(self, const Command* c) except -1
    @cython.final
    cdef int _reserve_account(self, uint32_t account) except -1
    @cython.final
    cdef int _reserve_asset(self, uint32_t asset) except -1
    @cython.final
    cdef Book* _book(self, uint32_t instrument) except NULL
    @cython.final
    cdef int _money_rows(self, rows) except -1
    @cython.final
    cdef int _book_rows(self, rows, uint32_t number) except -1
    @cython.final
    cdef int _put_rows(self, rows) except -1
