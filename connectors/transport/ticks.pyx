"""The monotonic clock for compiled callers at the edge."""

from libc.stdint cimport int64_t
from market.probe cimport Ticks
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec


cdef class MonotonicTicks(Ticks):
    """Reads CLOCK_MONOTONIC, which is also what `time.monotonic_ns` reads; see the `.pyi`."""

    cdef int64_t now(self) noexcept nogil:
        cdef timespec at
        # It fails for unknown clocks only.
        clock_gettime(CLOCK_MONOTONIC, &at)
        return <int64_t>at.tv_sec * 1_000_000_000 + at.tv_nsec
