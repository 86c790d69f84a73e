from libc.stdint cimport int64_t, uint32_t, uint64_t
from replay.segment_core cimport RecordLog


cdef class InputLog:
    cdef RecordLog log
    cdef public dict sources
    cdef public int64_t ts_ns
    cdef bint add(
        self, uint32_t kind, int64_t ts_ns, object source, bytes data, uint64_t digest
    ) except -1
