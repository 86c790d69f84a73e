# Order ids to slots: a hash table of buckets, one cache line each, without pointers.
#
# A bucket holds eight tags, the upper half of an id's hash, and eight slots; all eight tags are
# compared at once, so that a search seldom branches. An id stands in its home bucket or, when that
# is full, in the next that was not. The home is the tag scaled to the table's size: moving entries
# never touches an order, a growing table is read and written in order, and any size serves.

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memset

from .memory cimport prefetch, table_give, table_take
from .venue cimport IdBucket, Venue, all_bits, order_at

cdef extern from *:
    """
    #ifdef __SSE2__
    #include <emmintrin.h>
    #endif
    /* One bit for each of eight aligned words that equals a value. */
    static inline uint32_t xq_equal8(const uint32_t* words, uint32_t value) {
    #ifdef __SSE2__
        __m128i wanted = _mm_set1_epi32((int)value);
        __m128i low = _mm_cmpeq_epi32(_mm_load_si128((const __m128i*)words), wanted);
        __m128i high = _mm_cmpeq_epi32(_mm_load_si128((const __m128i*)words + 1), wanted);
        __m128i both = _mm_packs_epi16(_mm_packs_epi32(low, high), _mm_setzero_si128());
        return (uint32_t)_mm_movemask_epi8(both);
    #else
        uint32_t found = 0;
        for (int at = 0; at < 8; at++)
            found |= (uint32_t)(words[at] == value) << at;
        return found;
    #endif
    }
    #define xq_first_of(bits) ((uint32_t)__builtin_ctz(bits))
    """
    uint32_t equal8 "xq_equal8"(const uint32_t* words, uint32_t value) noexcept nogil
    uint32_t first_of "xq_first_of"(uint32_t bits) noexcept nogil


cdef inline size_t ids_bytes(Venue* v) noexcept nogil:
    return <size_t>v.ids_size * sizeof(IdBucket)


cdef inline uint32_t id_tag(uint64_t id) noexcept nogil:
    """Return an id's tag; 0 is that of an empty place."""
    cdef uint64_t mixed = id ^ (id >> 32)
    mixed *= <uint64_t>0x9E3779B97F4A7C15
    return max(<uint32_t>(mixed >> 32), <uint32_t>1)


cdef inline uint32_t id_home(uint32_t size, uint32_t tag) noexcept nogil:
    return <uint32_t>((<uint64_t>tag * size) >> 32)


cdef inline uint32_t id_after(uint32_t size, uint32_t at) noexcept nogil:
    """Return the bucket after one, the first again after the last."""
    return at + 1 if at + 1 < size else 0


cdef inline uint32_t id_distance(uint32_t size, uint32_t start, uint32_t to) noexcept nogil:
    return to - start if to >= start else to - start + size


cdef inline bint id_reserve(Venue* v) noexcept nogil:
    """Keep the table at most five eighths full after one more id; False without memory."""
    if <uint64_t>v.open_orders < <uint64_t>v.ids_size * 5:
        return True
    return id_grow(v)


cdef inline bint id_grow(Venue* v) noexcept nogil:
    """Grow the table by a quarter; False without memory, then it is as it was."""
    cdef uint32_t size = v.ids_size
    cdef uint64_t grown = <uint64_t>size + size // 4 + 8
    cdef uint32_t at
    cdef uint32_t lane
    cdef uint32_t place
    cdef uint32_t empty
    cdef IdBucket* ids
    if grown >= <uint64_t>1 << 29:
        return False
    ids = <IdBucket*>table_take(grown * sizeof(IdBucket))
    if ids == NULL:
        return False
    memset(ids, 0, grown * sizeof(IdBucket))
    for at in range(size):
        for lane in range(8):
            if not v.ids[at].slot[lane]:
                continue
            place = id_home(<uint32_t>grown, v.ids[at].tag[lane])
            while not equal8(ids[place].slot, 0):
                place = id_after(<uint32_t>grown, place)
            empty = first_of(equal8(ids[place].slot, 0))
            ids[place].tag[empty] = v.ids[at].tag[lane]
            ids[place].slot[empty] = v.ids[at].slot[lane]
    table_give(v.ids, ids_bytes(v))
    v.ids = ids
    v.ids_size = <uint32_t>grown
    return True


cdef inline void id_prefetch(Venue* v, uint64_t id) noexcept nogil:
    """Ask memory early for an id's bucket; it decides nothing."""
    prefetch(v.ids + id_home(v.ids_size, id_tag(id)))


cdef inline uint32_t id_guess(Venue* v, uint64_t id) noexcept nogil:
    """Return the slot that an id most likely has, or 0, without a look at an order.

    Good enough to ask memory for the order early. The table is not empty.
    """
    cdef uint32_t tag = id_tag(id)
    cdef IdBucket* bucket = v.ids + id_home(v.ids_size, tag)
    cdef uint32_t found = equal8(bucket.tag, tag)
    return bucket.slot[first_of(found | 128)] & all_bits(found != 0)


cdef inline uint32_t id_find(Venue* v, uint64_t id) noexcept nogil:
    """Return the slot of an open order, or 0; then `ids_gap` is the place that the id would get."""
    cdef uint32_t tag = id_tag(id)
    cdef uint32_t at = id_home(v.ids_size, tag)
    cdef uint32_t found
    cdef uint32_t slot
    cdef IdBucket* bucket
    if not v.ids_size:
        return 0
    while True:
        bucket = v.ids + at
        found = equal8(bucket.tag, tag)
        while found:
            slot = bucket.slot[first_of(found)]
            if order_at(v, slot).id == id:
                return slot
            found &= found - 1
        found = equal8(bucket.tag, 0)
        if found:
            v.ids_gap = at * 8 + first_of(found)
            return 0
        at = id_after(v.ids_size, at)


cdef inline void id_add(Venue* v, uint64_t id, uint32_t slot) noexcept nogil:
    """Add the id that id_find has just not found; room was promised by id_reserve before."""
    cdef IdBucket* bucket = v.ids + v.ids_gap // 8
    bucket.tag[v.ids_gap & 7] = id_tag(id)
    bucket.slot[v.ids_gap & 7] = slot
    v.open_orders += 1


cdef inline void id_remove(Venue* v, uint64_t id, uint32_t slot) noexcept nogil:
    """Remove an id that is there."""
    cdef uint32_t at = id_home(v.ids_size, id_tag(id))
    cdef uint32_t found = equal8(v.ids[at].slot, slot)
    cdef bint full
    while not found:
        at = id_after(v.ids_size, at)
        found = equal8(v.ids[at].slot, slot)
    full = not equal8(v.ids[at].tag, 0)
    v.ids[at].tag[first_of(found)] = 0
    v.ids[at].slot[first_of(found)] = 0
    v.open_orders -= 1
    if full:
        id_pull(v, at, first_of(found))


cdef inline void id_pull(Venue* v, uint32_t hole, uint32_t lane) noexcept nogil:
    """Fill a place that became free in a full bucket with an id that had to go on from there."""
    cdef uint32_t size = v.ids_size
    cdef uint32_t at = id_after(size, hole)
    cdef uint32_t other
    cdef bint full = True
    cdef IdBucket* bucket
    while full:
        bucket = v.ids + at
        full = not equal8(bucket.tag, 0)
        for other in range(8):
            if not bucket.slot[other]:
                continue
            if id_distance(size, id_home(size, bucket.tag[other]), at) >= id_distance(size, hole, at):
                v.ids[hole].tag[lane] = bucket.tag[other]
                v.ids[hole].slot[lane] = bucket.slot[other]
                bucket.tag[other] = 0
                bucket.slot[other] = 0
                hole = at
                lane = other
                break
        at = id_after(size, at)
