"""The whole content of a mirrored book in one number, whatever grids its ticks and lots stand on.

The sum over all levels of a mixed (side, price, size), both in units of 10**-18 modulo 2**64: two
books with the same levels have the same hash, also when one of them learned of finer steps first.
The plain twin is replay.plain_levels_hash.
"""

from books.book cimport Book
from books.side cimport __builtin_clzll, side_t
from libc.stdint cimport int64_t, uint64_t

from replay.plain_levels_hash import unit


cdef inline uint64_t _mix(uint64_t price, uint64_t size, uint64_t salt) noexcept nogil:
    cdef uint64_t x = price * <uint64_t>0x9E3779B97F4A7C15 + size * <uint64_t>0xC2B2AE3D27D4EB4F + salt
    x ^= x >> 29
    x *= <uint64_t>0xBF58476D1CE4E5B9
    return x ^ (x >> 32)


cdef uint64_t _sum(
    const side_t *side, int64_t sign, uint64_t tick, uint64_t lot, uint64_t salt
) noexcept nogil:
    cdef uint64_t total = 0, bits, word
    cdef int64_t at
    cdef int k
    for word in range(side.width >> 6):
        bits = side.bits[word]
        while bits:
            k = 63 - __builtin_clzll(bits)
            bits ^= <uint64_t>1 << k
            at = <int64_t>(word << 6) + k
            total += _mix(
                <uint64_t>(sign * (side.base + at)) * tick, <uint64_t>side.lots[at] * lot, salt
            )
    for k in range(side.far_count):
        total += _mix(
            <uint64_t>(sign * side.far[k].ticks) * tick, <uint64_t>side.far[k].lots * lot, salt
        )
    return total


def levels_hash(Book book not None, price, size):
    """Return the 64 bits of a book's levels, live or not; `price` and `size` are its grids."""
    cdef uint64_t tick = unit(price), lot = unit(size)
    cdef uint64_t bids = _sum(&book.ladder.bid, 1, tick, lot, 1)
    return bids + _sum(&book.ladder.ask, -1, tick, lot, 2)
