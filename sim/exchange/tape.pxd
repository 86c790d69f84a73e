# The public tape: what compiled agents tell it after each of their commands.

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t

from engine.core cimport Engine
from engine.venue cimport Event


cdef struct Best:
    int64_t bid
    int64_t bid_lots
    int64_t ask
    int64_t ask_lots


cdef struct Line:
    # A level change or a print; `id` is the update id or the trade id.
    int64_t ts_ns
    uint64_t id
    int64_t price
    int64_t lots
    uint64_t maker
    uint64_t taker
    uint32_t listing
    int side
    bint is_print
    bint moved
    Best best


cdef struct Listed:
    uint64_t update_id
    uint64_t trade_id
    size_t seen
    Best best


cdef class Tape:
    cdef Engine engine
    cdef list names
    cdef list own
    cdef Listed* listed
    cdef size_t listed_len
    cdef Line* lines
    cdef size_t lines_len
    cdef size_t lines_cap
    cdef size_t reads
    cdef size_t dropped_lines
    cdef uint64_t last_id

    cpdef uint64_t untracked_id(self) noexcept
    cpdef int read(self) except -1
    cdef int _line(self, const Event* e) except -1
    cdef void _own(self, const Event* e)
    cdef void _touches(self, size_t first) noexcept
