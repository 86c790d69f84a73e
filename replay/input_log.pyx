"""The common record of a recording: an input without note and number, straight into the mapping.

The plain twin is replay.plain_input_log.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy
from replay.segment_core cimport RecordLog

cdef packed struct Prefix:
    uint64_t digest
    int64_t number
    uint32_t source
    uint32_t note_bytes

cdef enum:
    PREFIX_BYTES = 24
    MAX_PAYLOAD = 67108864

cdef uint32_t KIND_RESERVED = 0xFFFFFF00U


cdef class InputLog:
    """Adds inputs of declared sources to the log that it was given; see the `.pyi`."""

    def __cinit__(self):
        self.sources = {}
        self.log = None
        self.ts_ns = 0

    def open(self, RecordLog log not None):
        """Go on in `log`."""
        self.log = log

    def close(self):
        """Add nothing any more."""
        self.log = None

    def append(self, uint32_t kind, int64_t ts_ns, str source not None, bytes data not None,
               uint64_t digest):
        """Add one input; False when that takes more than a copy."""
        return self.add(kind, ts_ns, source, data, digest)

    cdef bint add(
        self, uint32_t kind, int64_t ts_ns, object source, bytes data, uint64_t digest
    ) except -1:
        """`append` for compiled callers."""
        cdef Py_ssize_t size = len(data)
        cdef Prefix prefix
        cdef unsigned char *at
        if self.log is None or kind >= KIND_RESERVED or size > MAX_PAYLOAD - PREFIX_BYTES:
            return False
        number = self.sources.get(source)
        if number is None or not self.log.fits(PREFIX_BYTES + size):
            return False
        prefix.digest = digest
        prefix.number = 0
        prefix.source = number
        prefix.note_bytes = 0
        at = self.log.payload()
        memcpy(at, &prefix, PREFIX_BYTES)
        memcpy(at + PREFIX_BYTES, <const char *>data, size)
        self.log.commit(kind, ts_ns, PREFIX_BYTES + size)
        self.ts_ns = ts_ns
        return True
