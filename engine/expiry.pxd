# GTD orders by expiry: a binary heap that forgets closed orders lazily.
#
# An entry names an order by id and acceptance; when more than half are stale the heap is rebuilt,
# so that it stays within twice the open GTD orders.

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport realloc

from .idmap cimport id_find
from .venue cimport Expiry, Venue, order_at


cdef inline bint sooner(const Expiry* a, const Expiry* b) noexcept nogil:
    return a.at < b.at or (a.at == b.at and a.entry < b.entry)


cdef inline bint is_live(Venue* v, const Expiry* expiry) noexcept nogil:
    cdef uint32_t slot = id_find(v, expiry.id)
    return slot != 0 and order_at(v, slot).entry == expiry.entry


cdef inline void sink(Expiry* heap, size_t count, size_t at) noexcept nogil:
    cdef Expiry moved = heap[at]
    cdef size_t child = 2 * at + 1
    while child < count:
        if child + 1 < count and sooner(&heap[child + 1], &heap[child]):
            child += 1
        if not sooner(&heap[child], &moved):
            break
        heap[at] = heap[child]
        at = child
        child = 2 * at + 1
    heap[at] = moved


cdef inline void expiry_pop(Venue* v) noexcept nogil:
    v.expiries_len -= 1
    v.expiries[0] = v.expiries[v.expiries_len]
    sink(v.expiries, v.expiries_len, 0)


cdef inline void rebuild(Venue* v) noexcept nogil:
    """Drop the stale entries."""
    cdef size_t kept = 0
    cdef size_t at
    for at in range(v.expiries_len):
        if is_live(v, &v.expiries[at]):
            v.expiries[kept] = v.expiries[at]
            kept += 1
    v.expiries_len = kept
    at = kept // 2
    while at:
        at -= 1
        sink(v.expiries, kept, at)


cdef inline bint expiry_reserve(Venue* v) noexcept nogil:
    """Make room for one more; False without memory."""
    cdef size_t cap
    cdef Expiry* grown
    if v.expiries_len > 2 * v.expiring + 64:
        rebuild(v)
    if v.expiries_len < v.expiries_cap:
        return True
    cap = v.expiries_cap * 2 if v.expiries_cap else 64
    grown = <Expiry*>realloc(v.expiries, cap * sizeof(Expiry))
    if grown == NULL:
        return False
    v.expiries = grown
    v.expiries_cap = cap
    return True


cdef inline void expiry_push(Venue* v, int64_t at, uint64_t entry, uint64_t id) noexcept nogil:
    """Add an open GTD order; room was promised by expiry_reserve."""
    cdef size_t place = v.expiries_len
    cdef size_t parent
    cdef Expiry added
    added.at = at
    added.entry = entry
    added.id = id
    v.expiries_len += 1
    v.expiring += 1
    while place:
        parent = (place - 1) // 2
        if not sooner(&added, &v.expiries[parent]):
            break
        v.expiries[place] = v.expiries[parent]
        place = parent
    v.expiries[place] = added
