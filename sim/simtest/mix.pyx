"""The content of a mirrored side in one number, read from the ladder's own storage.

The sum over all levels of a mixed (ticks, lots): whoever adds and takes away single levels, as
sim.simtest.truth does in plain Python, arrives at the same number without looking at the rest.
"""

from libc.stdint cimport int64_t, uint64_t
from books.book cimport Book
from books.side cimport __builtin_clzll, side_t


cdef inline uint64_t _mix(int64_t ticks, int64_t lots) noexcept nogil:
    cdef uint64_t x = <uint64_t>ticks * <uint64_t>0x9E3779B97F4A7C15 \
        + <uint64_t>lots * <uint64_t>0xC2B2AE3D27D4EB4F
    x ^= x >> 29
    x *= <uint64_t>0xBF58476D1CE4E5B9
    return x ^ (x >> 32)


cdef uint64_t _sum(const side_t *side, int64_t sign) noexcept nogil:
    cdef uint64_t total = 0
    cdef uint64_t bits, word
    cdef int64_t at
    cdef int k
    for word in range(side.width >> 6):
        bits = side.bits[word]
        while bits:
            k = 63 - __builtin_clzll(bits)
            bits ^= <uint64_t>1 << k
            at = <int64_t>(word << 6) + k
            total += _mix(sign * (side.base + at), side.lots[at])
    for k in range(side.far_count):
        total += _mix(sign * side.far[k].ticks, side.far[k].lots)
    return total


def side_hash(Book book not None, bint ask):
    """Return the hash of one side as it is held, live or not: 64 bits, 0 for an empty side."""
    return _sum(&book.ladder.ask if ask else &book.ladder.bid, -1 if ask else 1)
