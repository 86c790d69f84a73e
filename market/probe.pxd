from libc.stdint cimport int64_t

# The stages of a frame, in their order; `market.probe.STAGES` are their names.
cdef enum:
    STAGE_VENUE = 0
    STAGE_SOCKET = 1
    STAGE_RECORD = 2
    STAGE_DECODE = 3
    STAGE_BOOK = 4
    STAGE_CACHE = 5
    STAGE_DECISION = 6
    STAGE_EFFECTS = 7
    STAGE_TOTAL = 8
    STAGE_COUNT = 9


cdef class Ticks:
    cdef int64_t value
    cdef int64_t step

    cdef int64_t now(self) noexcept nogil


cdef class Probe:
    cdef Ticks ticks
    cdef readonly int every
    cdef int left
    cdef readonly bint on
    cdef public int64_t anchor_ns
    cdef int64_t received
    cdef int64_t last
    cdef int64_t spent[STAGE_COUNT]
    cdef readonly dict venues
    cdef dict sources

    cdef void begin(self, int64_t ts_recv) noexcept nogil
    cdef void lap(self, int which) noexcept nogil
    cdef int finish(self, object source, int64_t lag) except -1
    cdef list _rows(self, object source)
