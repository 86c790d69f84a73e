# Order ids to slots: a hash table of buckets, one cache line each.
#
# A bucket holds twelve one-byte tags and twelve slots; all tags are compared at once, so that a
# search seldom branches and the table stays small enough to be near. An id stands in its home
# bucket or, when that is full, in the next that is not; every bucket that ids had to pass counts
# them, and where none passed a search ends. Any size serves: a table grows by a quarter.
#
# A large table has the ids themselves in lines of keys beside its buckets: there it is sure that an
# order is open before its row, which lies far away, has come.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from .memory cimport prefetch, table_give, table_take
from .venue cimport (
    COMING, LEAVING, TYPE_LIMIT, Coming, IdBucket, IdKeys, Order, Roster, Venue, all_bits, order_at,
    order_type, rarely,
)

cdef extern from *:
    """
    #ifdef __SSE2__
    #include <emmintrin.h>
    #endif
    /* One bit for each of the twelve bytes at an aligned address that equals a value; sixteen
       can be read. */
    static inline uint32_t xq_equal12(const uint8_t* bytes, uint8_t value) {
    #ifdef __SSE2__
        __m128i same = _mm_cmpeq_epi8(_mm_load_si128((const __m128i*)bytes),
                                      _mm_set1_epi8((char)value));
        return (uint32_t)_mm_movemask_epi8(same) & 0xFFF;
    #else
        uint32_t found = 0;
        for (int at = 0; at < 12; at++)
            found |= (uint32_t)(bytes[at] == value) << at;
        return found;
    #endif
    }
    static inline int xq_among16(const uint32_t* all, uint32_t one) {
        uint32_t found = 0;
        for (int at = 0; at < 16; at++)
            found |= all[at] == one;
        return found != 0;
    }
    #define XQ_IDS_END UINT64_MAX
    /* In a slot of the table: whether the order is a limit order that has nothing extra. */
    #define XQ_SIMPLE 0x80000000u
    #define xq_first_of(bits) ((uint32_t)__builtin_ctz(bits))
    """
    uint32_t equal12 "xq_equal12"(const uint8_t* bytes, uint8_t value) noexcept nogil
    bint among16 "xq_among16"(const uint32_t* all, uint32_t one) noexcept nogil
    uint64_t IDS_END "XQ_IDS_END"
    uint32_t SIMPLE "XQ_SIMPLE"
    uint32_t first_of "xq_first_of"(uint32_t bits) noexcept nogil

cdef enum:
    # A bucket's places, and how many of them are taken when the table grows: seven tenths.
    PLACES = 12
    GROW_TENTHS = 7


cdef inline size_t ids_bytes(Venue* v) noexcept nogil:
    return <size_t>v.ids_size * sizeof(IdBucket)


cdef inline size_t keys_bytes(Venue* v) noexcept nogil:
    return <size_t>v.ids_size * sizeof(IdKeys) if v.keys else 0


cdef inline void ids_free(Venue* v) noexcept nogil:
    table_give(v.ids, ids_bytes(v))
    table_give(v.keys, keys_bytes(v))


cdef inline uint64_t id_hash(uint64_t id) noexcept nogil:
    """Mix an id: the upper half says where it stands, the byte below is its tag."""
    return (id ^ (id >> 32)) * <uint64_t>0x9E3779B97F4A7C15


cdef inline uint8_t id_tag(uint64_t hash) noexcept nogil:
    """Return a tag; 0 is that of an empty place."""
    cdef uint8_t tag = <uint8_t>(hash >> 24)
    return tag + (tag == 0)


cdef inline uint32_t id_home(uint32_t size, uint64_t hash) noexcept nogil:
    return <uint32_t>(((hash >> 32) * size) >> 32)


cdef inline uint32_t id_after(uint32_t size, uint32_t at) noexcept nogil:
    """Return the bucket after one, the first again after the last."""
    return at + 1 if at + 1 < size else 0


cdef inline bint id_grow(Venue* v) noexcept nogil:
    """Grow the table by a quarter; False without memory, then it is as it was.

    The rosters name all its orders: none is leaving.
    """
    # In the smallest too a place is left beside those of which orders leave: else a search for one
    # would not end.
    cdef uint64_t grown = max(<uint64_t>v.ids_size + v.ids_size // 4 + 4, <uint64_t>LEAVING // 2)
    cdef uint32_t account
    cdef uint32_t at
    cdef Roster* roster
    cdef IdBucket* ids
    cdef IdKeys* keys = NULL
    if grown >= <uint64_t>1 << 27:
        return False
    ids = <IdBucket*>table_take(grown * sizeof(IdBucket))
    if ids == NULL:
        return False
    if grown > v.orders_near:
        keys = <IdKeys*>table_take(grown * sizeof(IdKeys))
        if keys == NULL:
            table_give(ids, grown * sizeof(IdBucket))
            return False
    memset(ids, 0, grown * sizeof(IdBucket))
    ids_free(v)
    v.ids = ids
    v.keys = keys
    v.ids_size = <uint32_t>grown
    v.ids_most = <uint32_t>(grown * (PLACES * GROW_TENTHS) // 10)
    v.coming_out = v.coming_in
    v.coming_least = IDS_END
    for account in range(v.accounts_cap):
        roster = &v.rosters[account]
        for at in range(roster.len):
            if at + 16 < roster.len:
                prefetch(order_at(v, roster.slots[at + 16]))
            if at + 8 < roster.len:
                id_prefetch(v, order_at(v, roster.slots[at + 8]).id)
            id_place(v, order_at(v, roster.slots[at]).id, roster.slots[at])
    return True


cdef inline void id_prefetch(Venue* v, uint64_t id) noexcept nogil:
    """Ask memory early for an id's bucket; it decides nothing."""
    prefetch(v.ids + id_home(v.ids_size, id_hash(id)))


cdef inline void key_prefetch(Venue* v, uint64_t id) noexcept nogil:
    """Ask for an id's keys too."""
    if v.keys:
        prefetch(v.keys + id_home(v.ids_size, id_hash(id)))


cdef inline uint32_t id_guess(Venue* v, uint64_t id) noexcept nogil:
    """Return the slot that an id most likely has, or 0, without a look at an order.

    Good enough to ask memory for the order early. The table is not empty.
    """
    cdef uint64_t hash = id_hash(id)
    cdef IdBucket* bucket = v.ids + id_home(v.ids_size, hash)
    cdef uint32_t found = equal12(bucket.tag, id_tag(hash))
    return bucket.slot[first_of(found | 1 << (PLACES - 1))] & ~SIMPLE & all_bits(found != 0)


cdef inline uint32_t id_find(Venue* v, uint64_t id) noexcept nogil:
    """Return the slot of an open order, or 0."""
    # An order that leaves has id 0.
    if rarely(id - 1 >= v.coming_least - 1):
        ids_settle(v)
    return id_search(v, id) if id else 0


cdef inline uint32_t id_search(Venue* v, uint64_t id) noexcept nogil:
    """Return the slot of an open order whose id is in the table, or 0."""
    cdef uint64_t hash = id_hash(id)
    cdef uint32_t at = id_home(v.ids_size, hash)
    cdef uint32_t found
    cdef uint32_t slot
    cdef IdBucket* bucket
    if not v.ids_size:
        return 0
    while True:
        bucket = v.ids + at
        found = equal12(bucket.tag, id_tag(hash))
        while found:
            slot = bucket.slot[first_of(found)] & ~SIMPLE
            if order_at(v, slot).id == id:
                return slot
            found &= found - 1
        if not bucket.passed:
            return 0
        at = id_after(v.ids_size, at)


cdef inline uint32_t is_simple(const Order* o) noexcept nogil:
    """Whether an order rests wherever it is open, and has nothing that its row does not tell."""
    return (order_type(o) == TYPE_LIMIT) & (o.extra == 0)


cdef inline void id_place(Venue* v, uint64_t id, uint32_t slot) noexcept nogil:
    cdef uint64_t hash = id_hash(id)
    cdef uint32_t at = id_home(v.ids_size, hash)
    cdef IdBucket* bucket = v.ids + at
    cdef uint32_t empty = equal12(bucket.tag, 0)
    while rarely(not empty):
        bucket.passed += 1
        at = id_after(v.ids_size, at)
        bucket = v.ids + at
        empty = equal12(bucket.tag, 0)
    bucket.slot[first_of(empty)] = slot | is_simple(order_at(v, slot)) * SIMPLE
    bucket.tag[first_of(empty)] = id_tag(hash)
    if v.keys:
        v.keys[at].key[first_of(empty)] = key_of(id)


cdef inline uint32_t key_of(uint64_t id) noexcept nogil:
    """Return an id as a key, 0 for one that is too large."""
    return <uint32_t>id & all_bits(id >> 32 == 0)


cdef inline uint32_t id_take(Venue* v, uint64_t id) noexcept nogil:
    """Remove the id of a simple order whose slot is sure without a look at its row.

    Returns the slot, or 0 when a search must tell: as it must of an id that waits for its bucket.
    """
    cdef uint64_t hash = id_hash(id)
    cdef uint32_t home = id_home(v.ids_size, hash)
    cdef uint32_t found
    cdef uint32_t slot
    cdef IdBucket* bucket = v.ids + home
    if rarely(not key_of(id)) or not v.keys:
        return 0
    found = equal12(bucket.tag, id_tag(hash))
    while found:
        if not rarely(v.keys[home].key[first_of(found)] != <uint32_t>id):
            slot = bucket.slot[first_of(found)]
            if rarely(slot < SIMPLE) or rarely(among16(v.leaving, slot & ~SIMPLE)):
                return 0
            bucket.tag[first_of(found)] = 0
            return slot & ~SIMPLE
        found &= found - 1
    return 0


cdef inline bint id_is_open(Venue* v, uint64_t id) noexcept nogil:
    """Whether an order with an id is open. An id above all before needs no search."""
    return id <= v.id_max and id_find(v, id) != 0


cdef inline void id_add(Venue* v, uint64_t id, uint32_t slot) noexcept nogil:
    """Add an id that is not there; room was promised by room_reserve.

    One above all before waits until its bucket, asked for now, has come.
    """
    cdef Coming* last
    v.open_orders += 1
    if rarely(id <= v.id_max):
        id_place(v, id, slot)
        return
    v.id_max = id
    id_prefetch(v, id)
    key_prefetch(v, id)
    if v.coming_in - v.coming_out == COMING:
        id_settle(v)
    last = &v.coming[v.coming_in & (COMING - 1)]
    last.id = id
    last.slot = slot
    v.coming_in += 1
    if v.coming_in - v.coming_out == 1:
        v.coming_least = id


cdef inline void id_settle(Venue* v) noexcept nogil:
    """Put the smallest of the ids that wait into the table."""
    cdef const Coming* first = &v.coming[v.coming_out & (COMING - 1)]
    id_place(v, first.id, first.slot)
    v.coming_out += 1
    v.coming_least = IDS_END
    if v.coming_out != v.coming_in:
        v.coming_least = v.coming[v.coming_out & (COMING - 1)].id


cdef inline void ids_settle(Venue* v) noexcept nogil:
    """Put all ids that wait into the table."""
    while v.coming_out != v.coming_in:
        id_settle(v)


cdef inline void id_remove(Venue* v, uint64_t id, uint32_t slot) noexcept nogil:
    """Remove an id that is there."""
    cdef uint64_t hash = id_hash(id)
    cdef uint32_t at = id_home(v.ids_size, hash)
    cdef uint32_t found
    cdef IdBucket* bucket
    if rarely(id >= v.coming_least):
        ids_settle(v)
    while True:
        bucket = v.ids + at
        found = equal12(bucket.tag, id_tag(hash))
        while found:
            if bucket.slot[first_of(found)] & ~SIMPLE == slot:
                bucket.tag[first_of(found)] = 0
                return
            found &= found - 1
        bucket.passed -= 1
        at = id_after(v.ids_size, at)
