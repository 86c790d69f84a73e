# Growing arrays: slots for orders, levels, nodes and the rest, and the room they are promised.

from libc.stdint cimport uint32_t
from libc.string cimport memcpy, memset

from .memory cimport table_give, table_take
from .venue cimport NODE_DEPTH, Pool, Venue


cdef inline void pool_init(Pool* pool, size_t item) noexcept nogil:
    pool.data = NULL
    pool.item = item
    # Slot 0 is "none" and never handed out.
    pool.used = 1
    pool.cap = 0
    pool.free = 0


cdef inline void pool_free(Pool* pool) noexcept nogil:
    table_give(pool.data, pool.cap * pool.item)


cdef inline bint pool_reserve(Pool* pool, uint32_t extra) noexcept nogil:
    """Make sure that `extra` slots can be taken beside the free ones; False without memory."""
    cdef size_t cap
    cdef char* data
    if pool.cap - pool.used >= extra and pool.cap:
        return True
    # A sixteenth at a time keeps the unused part small beside a million orders.
    cap = <size_t>pool.cap + (pool.cap >> 4) + extra + 4
    if cap > (<size_t>1 << 32) - 16:
        return False
    data = <char*>table_take(cap * pool.item)
    if data == NULL:
        return False
    if pool.cap:
        memcpy(data, pool.data, pool.used * pool.item)
        table_give(pool.data, pool.cap * pool.item)
    else:
        memset(data, 0, pool.item)
    pool.data = data
    pool.cap = <uint32_t>cap
    return True


cdef inline uint32_t pool_take(Pool* pool) noexcept nogil:
    """Take a slot, its bytes undefined; room was promised by pool_reserve."""
    cdef uint32_t slot = pool.free
    cdef uint32_t following
    if slot:
        memcpy(&following, pool.data + <size_t>slot * pool.item, sizeof(uint32_t))
        pool.free = following
    else:
        slot = pool.used
        pool.used += 1
    return slot


cdef inline void pool_give(Pool* pool, uint32_t slot) noexcept nogil:
    memcpy(pool.data + <size_t>slot * pool.item, &pool.free, sizeof(uint32_t))
    pool.free = slot


cdef inline bint pool_has(Pool* pool, uint32_t count) noexcept nogil:
    # A free slot counts as one: only nodes are taken several at a time, from the unused part.
    if pool.cap - pool.used >= count and pool.cap:
        return True
    return count == 1 and pool.free != 0


cdef inline bint venue_reserve(Venue* v) noexcept nogil:
    """Promise the room that one entering order may need; False without memory."""
    if not pool_has(&v.orders, 1) and not pool_reserve(&v.orders, 1):
        return False
    if not pool_has(&v.extras, 1) and not pool_reserve(&v.extras, 1):
        return False
    if not pool_has(&v.levels, 1) and not pool_reserve(&v.levels, 1):
        return False
    if not pool_has(&v.externals, 1) and not pool_reserve(&v.externals, 1):
        return False
    return pool_has(&v.nodes, NODE_DEPTH) or pool_reserve(&v.nodes, NODE_DEPTH)
