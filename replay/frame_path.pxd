from cache.intake cimport Intake
from cache.l1 cimport L1
from cache.publisher cimport Publisher
from libc.stdint cimport int64_t
from market.digest cimport Digest
from market.probe cimport Probe
from replay.input_log cimport InputLog


cdef class FramePath:
    cdef object node
    cdef object timers
    cdef object carry_out
    cdef object arm
    cdef object recorder
    cdef InputLog inputs
    cdef Intake intake
    cdef Digest digest
    cdef L1 l1
    cdef Publisher publisher
    cdef Probe probe
    cdef list books
    cdef list instruments
    cdef dict touched
    cdef public int64_t wake_ns

    cdef int64_t _lag(self, int slot) except? -1
    cdef int _settle(self, object effects) except -1
    cdef int _publish(self, int64_t now) except -1
    cdef int _put(self, int slot, int64_t now) except -1
