# The queue of a level: its orders, each naming the one before and the one after.

from libc.stdint cimport uint32_t

from .memory cimport prefetch
from .venue cimport Level, Order, Venue, order_at, order_slot

cdef extern from *:
    """
    static inline uint32_t* xq_choose(int first, uint32_t* a, uint32_t* b) {
        return (uint32_t*)((uintptr_t)b ^ (((uintptr_t)a ^ (uintptr_t)b) & -(uintptr_t)first));
    }
    """
    uint32_t* choose "xq_choose"(bint first, uint32_t* a, uint32_t* b) noexcept nogil


cdef enum:
    # So many orders an order that takes may well meet.
    FRONT = 6


cdef inline void front_ask(Venue* v, const Level* level) noexcept nogil:
    """Begin to ask memory for the first orders of a queue, one a command: each names the next."""
    v.asked = level.head
    v.to_ask = FRONT


cdef inline void front_ask_more(Venue* v) noexcept nogil:
    """Ask for the next order of the queue that was taken from. It decides nothing."""
    if v.to_ask:
        v.to_ask -= 1
        v.asked = order_at(v, v.asked).next
        prefetch(order_at(v, v.asked))


cdef inline void link(Venue* v, Level* level, Order* o) noexcept nogil:
    """Append an order to a level's queue."""
    cdef uint32_t slot = order_slot(v, o)
    o.prev = level.tail
    o.next = 0
    if level.tail:
        order_at(v, level.tail).next = slot
    else:
        level.head = slot
    level.tail = slot
    level.count += 1


cdef inline void cut(Venue* v, Level* level, const Order* o) noexcept nogil:
    """Join the neighbours of an order that its level counts no more.

    Nobody can guess which orders stand at an end of their queue: what names them is chosen
    without a branch.
    """
    choose(o.prev != 0, &order_at(v, o.prev).next, &level.head)[0] = o.next
    choose(o.next != 0, &order_at(v, o.next).prev, &level.tail)[0] = o.prev


cdef inline void unlink(Venue* v, Level* level, const Order* o) noexcept nogil:
    """Take an order out of a level's queue."""
    cut(v, level, o)
    level.count -= 1
