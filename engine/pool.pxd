# Growing arrays: slots for orders, levels, nodes and the rest, and the room they are promised.

from libc.stdint cimport uint32_t
from libc.string cimport memcpy, memset

from .memory cimport table_give, table_take
from .venue cimport Pool


cdef inline void pool_init(Pool* pool, size_t item) noexcept nogil:
    pool.data = NULL
    pool.item = item
    # Slot 0 is "none" and never handed out.
    pool.used = 1
    pool.cap = 0
    pool.free = 0
    pool.left = 0


cdef inline void pool_free(Pool* pool) noexcept nogil:
    table_give(pool.data, pool.cap * pool.item)


cdef inline bint pool_reserve(Pool* pool, uint32_t extra) noexcept nogil:
    """Make sure that `extra` slots can be taken; False without memory."""
    cdef size_t cap
    cdef char* data
    if pool.left >= extra:
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
    pool.left += <uint32_t>cap - (pool.cap if pool.cap else 1)
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
    pool.left -= 1
    return slot


cdef inline void pool_give(Pool* pool, uint32_t slot) noexcept nogil:
    memcpy(pool.data + <size_t>slot * pool.item, &pool.free, sizeof(uint32_t))
    pool.free = slot
    pool.left += 1
