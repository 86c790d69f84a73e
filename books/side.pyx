"""The slow paths of a ladder side: far levels, moving and sizing the window, loading."""

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, qsort, realloc
from libc.string cimport memcpy, memmove, memset
from market.frame cimport level_t
from market.scan cimport UNITS_MAX


cdef int side_init(side_t *side) noexcept nogil:
    memset(side, 0, sizeof(side_t))
    side.best = -1
    return _set_width(side, WIDTH_FIRST)


cdef void side_free(side_t *side) noexcept nogil:
    free(side.lots)
    free(side.bits)
    free(side.far)
    memset(side, 0, sizeof(side_t))
    side.best = -1


cdef int _set_width(side_t *side, uint64_t width) noexcept nogil:
    """Give the side an empty window of another width; its levels must be in `far` by now."""
    cdef int64_t *lots = NULL
    cdef uint64_t *bits = NULL
    if width:
        lots = <int64_t *>calloc(width, sizeof(int64_t))
        bits = <uint64_t *>calloc(width >> 6, sizeof(uint64_t))
        if lots == NULL or bits == NULL:
            free(lots)
            free(bits)
            return -1
    free(side.lots)
    free(side.bits)
    side.lots, side.bits, side.width = lots, bits, width
    side.best, side.count = -1, 0
    return 0


cdef void side_clear(side_t *side) noexcept nogil:
    if side.width:
        memset(side.lots, 0, side.width * sizeof(int64_t))
        memset(side.bits, 0, (side.width >> 6) * sizeof(uint64_t))
    side.best, side.count, side.far_count = -1, 0, 0


cdef int _find(const side_t *side, int64_t key) noexcept nogil:
    """Return the place of the first far key at or above `key`."""
    # Halving without a jump that the processor could guess wrongly.
    cdef const level_t *base = side.far
    cdef int n = side.far_count, half
    if n == 0:
        return 0
    while n > 1:
        half = n >> 1
        base += half if base[half - 1].ticks < key else 0
        n -= half
    return <int>(base - side.far) + (base[0].ticks < key)


cdef int _reserve(side_t *side, int capacity) noexcept nogil:
    cdef level_t *far
    if capacity <= side.far_capacity:
        return 0
    if capacity < 2 * side.far_capacity:
        capacity = 2 * side.far_capacity
    far = <level_t *>realloc(side.far, capacity * sizeof(level_t))
    if far == NULL:
        return -1
    side.far, side.far_capacity = far, capacity
    return 0


cdef int64_t side_set_far(side_t *side, int64_t key, int64_t lots) noexcept nogil:
    cdef int at = _find(side, key)
    cdef int64_t before
    side.misses += 1
    if at < side.far_count and side.far[at].ticks == key:
        before = side.far[at].lots
        if lots:
            side.far[at].lots = lots
        else:
            side.far_count -= 1
            memmove(
                &side.far[at], &side.far[at + 1], (side.far_count - at) * sizeof(level_t)
            )
        return before
    if lots == 0:
        return 0
    if side.far_count + side.count >= SIDE_LEVELS_MAX or _reserve(side, side.far_count + 1) < 0:
        return -1
    memmove(&side.far[at + 1], &side.far[at], (side.far_count - at) * sizeof(level_t))
    side.far[at].ticks, side.far[at].lots = key, lots
    side.far_count += 1
    return 0


cdef int _flatten(side_t *side) noexcept nogil:
    """Move the window's levels into `far`, keeping it sorted, and empty the window."""
    cdef int below, above, index
    cdef level_t *out
    if side.count == 0:
        return 0
    if _reserve(side, side.far_count + side.count) < 0:
        return -1
    below = _find(side, side.base)
    above = side.far_count - below
    memmove(&side.far[below + side.count], &side.far[below], above * sizeof(level_t))
    out = &side.far[below + side.count]
    index = side.best
    while index >= 0:
        out -= 1
        out.ticks, out.lots = side.base + index, side.lots[index]
        side.lots[index] = 0
        index = next_best(side, index - 1)
    memset(side.bits, 0, (side.width >> 6) * sizeof(uint64_t))
    side.far_count += side.count
    side.best, side.count = -1, 0
    return 0


cdef int side_recentre(side_t *side) noexcept nogil:
    """Put the window where the best level stands at seven eighths of it."""
    cdef int64_t best
    cdef int at, first
    cdef uint64_t index
    side.moves += 1
    if _flatten(side) < 0:
        return -1
    if side.far_count == 0 or side.width == 0:
        return 0
    best = side.far[side.far_count - 1].ticks
    side.base = best - <int64_t>(side.width - (side.width >> 3))
    first = _find(side, side.base)
    for at in range(first, side.far_count):
        index = <uint64_t>(side.far[at].ticks - side.base)
        side.lots[index] = side.far[at].lots
        side.bits[index >> 6] |= <uint64_t>1 << (index & 63)
    side.best = <int>(best - side.base)
    side.count = side.far_count - first
    side.far_count = first
    return 0


cdef int side_review(side_t *side) noexcept nogil:
    """Every thousand changes: widen a window that is missed too often, or give it up."""
    cdef int total = side.hits + side.misses
    cdef bint missed = 16 * side.misses > total
    cdef bint restless = 32 * side.moves > total
    side.hits = side.misses = side.moves = 0
    if side.width == 0 or not (missed or restless):
        return 0
    if side.width == WIDTH_MAX and not restless:
        return 0
    if _flatten(side) < 0:
        return -1
    if _set_width(side, 2 * side.width if side.width < WIDTH_MAX else 0) < 0:
        return -1
    side_recentre(side)
    side.moves = 0
    return 0


ctypedef struct numbered_t:
    int64_t key
    int64_t lots
    int at


cdef int _ascending(const void *a, const void *b) noexcept nogil:
    cdef const numbered_t *left = <const numbered_t *>a
    cdef const numbered_t *right = <const numbered_t *>b
    if left.key != right.key:
        return -1 if left.key < right.key else 1
    return -1 if left.at < right.at else 1


cdef int side_load(side_t *side, const level_t *levels, int count, int sign) noexcept nogil:
    """Replace everything by a snapshot: any order, zeros dropped, the last of equals holds."""
    cdef numbered_t *rows
    cdef int i, kept = 0
    side_clear(side)
    if count == 0:
        return 0
    rows = <numbered_t *>malloc(count * sizeof(numbered_t))
    if rows == NULL or _reserve(side, count) < 0:
        free(rows)
        return -1
    for i in range(count):
        rows[i].key, rows[i].lots, rows[i].at = sign * levels[i].ticks, levels[i].lots, i
    qsort(rows, count, sizeof(numbered_t), _ascending)
    for i in range(count):
        if i + 1 < count and rows[i + 1].key == rows[i].key:
            continue
        if rows[i].lots:
            side.far[kept].ticks, side.far[kept].lots = rows[i].key, rows[i].lots
            kept += 1
    free(rows)
    if kept > SIDE_LEVELS_MAX:
        return -1
    side.far_count = kept
    return side_recentre(side) if side.width else 0


cdef int64_t side_get(const side_t *side, int64_t key) noexcept nogil:
    """Return the size of a level, 0 where there is none."""
    cdef uint64_t index = <uint64_t>(key - side.base)
    cdef int at
    if index < side.width:
        return side.lots[index]
    at = _find(side, key)
    if at < side.far_count and side.far[at].ticks == key:
        return side.far[at].lots
    return 0


cdef int side_copy(const side_t *side, level_t *out, int limit) noexcept nogil:
    """Copy up to `limit` levels, best first, as (key, lots); the side must be settled."""
    cdef int n = 0, index = side.best, at = side.far_count - 1
    while index >= 0 and n < limit:
        out[n].ticks, out[n].lots = side.base + index, side.lots[index]
        n += 1
        index = next_best(side, index - 1)
    while at >= 0 and n < limit:
        out[n] = side.far[at]
        n += 1
        at -= 1
    return n


cdef int side_rescale(side_t *side, int64_t key_factor, int64_t lot_factor) noexcept nogil:
    """Multiply every key and size, after the grid became finer; -1 when a number would overflow."""
    cdef int i
    if _flatten(side) < 0:
        return -1
    for i in range(side.far_count):
        if (
            side.far[i].ticks > UNITS_MAX // key_factor
            or side.far[i].ticks < -(UNITS_MAX // key_factor)
            or side.far[i].lots > UNITS_MAX // lot_factor
        ):
            return -1
        side.far[i].ticks *= key_factor
        side.far[i].lots *= lot_factor
    return side_recentre(side) if side.width else 0
