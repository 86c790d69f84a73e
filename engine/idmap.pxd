# Order ids to slots: open addressing with linear probing and backward-shift deletion.
#
# An entry keeps the upper half of the id's hash. The home position is its top bits, so moving
# entries never touches an order.

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memset

from .pool cimport table_give, table_take
from .venue cimport IdEntry, Venue, order_at

cdef extern from *:
    """
    #define xq_prefetch(address) __builtin_prefetch(address)
    """
    void xq_prefetch(const void* address) noexcept nogil


cdef inline size_t ids_bytes(Venue* v) noexcept nogil:
    return (<size_t>v.ids_mask + 1) * sizeof(IdEntry) if v.ids != NULL else 0


cdef inline uint32_t id_tag(uint64_t id) noexcept nogil:
    cdef uint64_t mixed = id ^ (id >> 32)
    mixed *= <uint64_t>0x9E3779B97F4A7C15
    return <uint32_t>(mixed >> 32)


cdef inline void id_place(
    IdEntry* ids, uint32_t shift, uint32_t mask, uint32_t tag, uint32_t slot
) noexcept nogil:
    cdef uint32_t at = tag >> shift
    while ids[at].slot:
        at = (at + 1) & mask
    ids[at].tag = tag
    ids[at].slot = slot


cdef inline bint id_reserve(Venue* v) noexcept nogil:
    """Keep the table at most three fifths full after one more id; False without memory."""
    cdef uint64_t size = <uint64_t>v.ids_mask + 1 if v.ids != NULL else 0
    cdef uint64_t at
    cdef uint64_t grown
    cdef uint32_t shift
    cdef IdEntry* ids
    if (<uint64_t>v.open_orders + 1) * 5 <= size * 3:
        return True
    grown = size * 2 if size else 64
    shift = v.ids_shift - 1 if size else 26
    if shift < 1:
        return False
    ids = <IdEntry*>table_take(grown * sizeof(IdEntry))
    if ids == NULL:
        return False
    memset(ids, 0, grown * sizeof(IdEntry))
    for at in range(size):
        if v.ids[at].slot:
            id_place(ids, shift, <uint32_t>(grown - 1), v.ids[at].tag, v.ids[at].slot)
    table_give(v.ids, size * sizeof(IdEntry))
    v.ids = ids
    v.ids_shift = shift
    v.ids_mask = <uint32_t>(grown - 1)
    return True


cdef inline void id_prefetch(Venue* v, uint64_t id) noexcept nogil:
    """Ask memory early for an id's place; it decides nothing."""
    if v.ids != NULL:
        xq_prefetch(&v.ids[id_tag(id) >> v.ids_shift])


cdef inline uint32_t id_find(Venue* v, uint64_t id) noexcept nogil:
    """Return the slot of an open order, or 0; then `ids_gap` is the place that the id would get."""
    cdef uint32_t tag = id_tag(id)
    cdef uint32_t at
    if v.ids == NULL:
        return 0
    at = tag >> v.ids_shift
    while v.ids[at].slot:
        if v.ids[at].tag == tag and order_at(v, v.ids[at].slot).id == id:
            return v.ids[at].slot
        at = (at + 1) & v.ids_mask
    v.ids_gap = at
    return 0


cdef inline void id_add(Venue* v, uint64_t id, uint32_t slot) noexcept nogil:
    """Add the id that id_find has just not found; room was promised by id_reserve before."""
    v.ids[v.ids_gap].tag = id_tag(id)
    v.ids[v.ids_gap].slot = slot
    v.open_orders += 1


cdef inline void id_remove(Venue* v, uint64_t id, uint32_t slot) noexcept nogil:
    """Remove an id that is there and close the gap."""
    cdef uint32_t mask = v.ids_mask
    cdef uint32_t hole = id_tag(id) >> v.ids_shift
    cdef uint32_t at
    cdef uint32_t home
    while v.ids[hole].slot != slot:
        hole = (hole + 1) & mask
    at = (hole + 1) & mask
    while v.ids[at].slot:
        home = v.ids[at].tag >> v.ids_shift
        # An entry may fill the hole when its home is not between the hole and itself.
        if ((at - home) & mask) >= ((at - hole) & mask):
            v.ids[hole] = v.ids[at]
            hole = at
        at = (at + 1) & mask
    v.ids[hole].slot = 0
    v.open_orders -= 1
