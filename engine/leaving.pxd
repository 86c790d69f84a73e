# Orders that have ended, and what is put off until memory has answered.
#
# An order's end is final at once for all that anyone can ask: its id is not open, its level counts
# it no more. But its neighbours in the queue, its account's roster and its bucket of ids lie far
# away in a large book; they are asked for, and put in order when some more orders have ended. Who
# walks a queue or a roster has `bury_all` called before.

from libc.stdint cimport uint32_t

from .idmap cimport id_grow, id_prefetch, id_remove
from .memory cimport prefetch
from .pool cimport pool_give, pool_reserve
from .queue cimport cut
from .roster cimport roster_remove
from .venue cimport LEAVING, NODE_DEPTH, Order, Venue, level_at, order_at, order_slot, rarely


cdef inline void leave(Venue* v, Order* o) noexcept nogil:
    """Close an order that reserves nothing and that no level counts.

    Until it is buried its level may name it; if it stood nowhere, level 0 does.
    """
    id_prefetch(v, o.id)
    prefetch(v.rosters[o.account].slots + o.place)
    prefetch(order_at(v, o.prev))
    prefetch(order_at(v, o.next))
    # No open order has id 0. The acceptance number has no more use.
    o.entry = o.id
    o.id = 0
    v.open_orders -= 1
    if v.leaving_in - v.leaving_out == LEAVING:
        bury(v)
    v.leaving[v.leaving_in & (LEAVING - 1)] = order_slot(v, o)
    v.leaving_in += 1


cdef inline void bury(Venue* v) noexcept nogil:
    """Forget the order that left first."""
    cdef uint32_t slot = v.leaving[v.leaving_out & (LEAVING - 1)]
    cdef Order* o = order_at(v, slot)
    v.leaving_out += 1
    cut(v, level_at(v, o.level), o)
    roster_remove(v, o)
    id_remove(v, o.entry, slot)
    pool_give(&v.orders, slot)


cdef inline bint has_left(const Order* o) noexcept nogil:
    return o.id == 0


cdef inline void bury_all(Venue* v) noexcept nogil:
    """Bring all queues and rosters in order."""
    while v.leaving_out != v.leaving_in:
        bury(v)


cdef inline bint room_reserve(Venue* v) noexcept nogil:
    """Promise the room that one entering order may need; False without memory."""
    if rarely(
        v.open_orders >= v.ids_most or not v.orders.left or not v.extras.left
        or not v.levels.left or not v.externals.left or v.nodes.left < NODE_DEPTH
    ):
        return room_make(v)
    return True


cdef inline bint room_make(Venue* v) noexcept nogil:
    """Grow what is full; False without memory."""
    if v.open_orders >= v.ids_most:
        bury_all(v)
        if not id_grow(v):
            return False
    if not pool_reserve(&v.orders, 1) or not pool_reserve(&v.extras, 1):
        return False
    if not pool_reserve(&v.levels, 1) or not pool_reserve(&v.externals, 1):
        return False
    return pool_reserve(&v.nodes, NODE_DEPTH)
