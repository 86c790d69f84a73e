"""One side of a ladder: a tick-indexed window around the touch, and a sorted rest.

Levels are found by a key that grows towards the touch: the tick of a bid, minus the tick of an
ask; so both sides are one piece of code and `best` is always the largest key.

- Window: `lots[key - base]` with a bitmap of the occupied places; a change costs a few
  instructions and the best level is found by scanning the bitmap from the old best.
- Rest ("far"): keys outside the window, ascending, found by binary search.
- `side_settle`, called after each batch of changes, restores: the best level lies in the window
  and every far key is below the window's base. Between batches a far key may lie above it.
- The window grows where too many changes miss it, and is given up (width 0) where ticks are so
  much finer than the prices in use that no window of bounded size helps.
"""

from libc.stdint cimport int64_t, uint64_t
from market.frame cimport level_t

cdef enum:
    WIDTH_FIRST = 1024
    WIDTH_MAX = 32768
    SIDE_LEVELS_MAX = 1 << 20

ctypedef struct side_t:
    int64_t base
    uint64_t width
    int64_t *lots
    uint64_t *bits
    int best            # index in the window, -1 when it is empty
    int count           # levels in the window
    level_t *far        # `ticks` holds the key
    int far_count
    int far_capacity
    int hits            # changes since the last review of the width
    int misses
    int moves

cdef int side_init(side_t *side) noexcept nogil
cdef void side_free(side_t *side) noexcept nogil
cdef void side_clear(side_t *side) noexcept nogil
cdef int64_t side_set_far(side_t *side, int64_t key, int64_t lots) noexcept nogil
cdef int side_recentre(side_t *side) noexcept nogil
cdef int side_review(side_t *side) noexcept nogil
cdef int side_load(side_t *side, const level_t *levels, int count, int sign) noexcept nogil
cdef int64_t side_get(const side_t *side, int64_t key) noexcept nogil
cdef int side_copy(const side_t *side, level_t *out, int limit) noexcept nogil
cdef int side_rescale(side_t *side, int64_t key_factor, int64_t lot_factor) noexcept nogil

cdef extern from *:
    int __builtin_clzll(unsigned long long) nogil


cdef inline int next_best(const side_t *side, int index) noexcept nogil:
    """Return the highest occupied place below or at `index`, or -1."""
    cdef int word
    cdef uint64_t bits
    if index < 0:
        return -1
    word = index >> 6
    bits = side.bits[word] & (<uint64_t>0xFFFFFFFFFFFFFFFF >> (63 - (index & 63)))
    while bits == 0:
        word -= 1
        if word < 0:
            return -1
        bits = side.bits[word]
    return (word << 6) + 63 - __builtin_clzll(bits)


cdef inline int64_t side_set(side_t *side, int64_t key, int64_t lots) noexcept nogil:
    """Set the absolute size of a level, 0 removes it; returns the size before, -1 at the limit."""
    cdef uint64_t index = <uint64_t>(key - side.base)
    cdef int64_t before
    cdef uint64_t bit
    if index >= side.width:
        return side_set_far(side, key, lots)
    before = side.lots[index]
    side.lots[index] = lots
    side.hits += 1
    bit = <uint64_t>1 << (index & 63)
    if lots:
        if before == 0:
            side.bits[index >> 6] |= bit
            side.count += 1
            if <int>index > side.best:
                side.best = <int>index
    elif before:
        side.bits[index >> 6] &= ~bit
        side.count -= 1
        if <int>index == side.best:
            side.best = next_best(side, <int>index - 1)
    return before


cdef inline int side_settle(side_t *side) noexcept nogil:
    """Restore the invariants after a batch; returns 0, or -1 without memory."""
    if side.hits + side.misses >= 1024 and side_review(side) < 0:
        return -1
    if side.far_count and side.width and (
        side.best < 0 or side.far[side.far_count - 1].ticks >= side.base
    ):
        return side_recentre(side)
    if side.best >= 0 and side.best < <int>(side.width >> 1) and side.far_count:
        return side_recentre(side)
    return 0


cdef inline bint side_best(const side_t *side, int64_t *key, int64_t *lots) noexcept nogil:
    """Give the best level; False when the side is empty."""
    if side.best >= 0:
        key[0] = side.base + side.best
        lots[0] = side.lots[side.best]
        return True
    if side.far_count:
        key[0] = side.far[side.far_count - 1].ticks
        lots[0] = side.far[side.far_count - 1].lots
        return True
    return False
