# Orders that have ended, and what is put off until memory has answered.
#
# An order's end is final at once for all that anyone can ask: its id is not open, its level counts
# it no more. But its neighbours in the queue, its account's roster and its bucket of ids lie far
# away in a large book; they are asked for, and put in order when some more orders have ended. In
# between the order is closed: its id is 0. Who walks a queue or a roster has `bury_all` called
# before.

from libc.stdint cimport uint32_t

from .idmap cimport id_prefetch, id_remove
from .memory cimport prefetch
from .pool cimport pool_give
from .queue cimport cut
from .roster cimport roster_remove
from .venue cimport LEAVING, Order, Venue, level_at, order_at, order_slot


cdef inline void close(Venue* v, Order* o) noexcept nogil:
    """Let an order's id be open no more; it is to be removed from the table."""
    # No open order has id 0. The acceptance number has no more use.
    o.entry = o.id
    o.id = 0
    v.open_orders -= 1


cdef inline void close_taken(Order* o) noexcept nogil:
    """Close an order whose id is in the table no more, and which is counted no more."""
    o.entry = 0
    o.id = 0


cdef inline void leave(Venue* v, Order* o) noexcept nogil:
    """Put off what a closed order that no level counts still needs.

    Until it is buried its level may name it; if it stood nowhere, level 0 does.
    """
    id_prefetch(v, o.entry)
    prefetch(v.rosters[o.account].slots + o.place)
    prefetch(order_at(v, o.prev))
    prefetch(order_at(v, o.next))
    if v.leaving_in - v.leaving_out == LEAVING:
        bury(v)
    v.leaving[v.leaving_in & (LEAVING - 1)] = order_slot(v, o)
    v.leaving_in += 1


cdef inline void bury(Venue* v) noexcept nogil:
    """Forget the order that left first."""
    cdef uint32_t slot = v.leaving[v.leaving_out & (LEAVING - 1)]
    cdef Order* o = order_at(v, slot)
    v.leaving[v.leaving_out & (LEAVING - 1)] = 0
    v.leaving_out += 1
    cut(v, level_at(v, o.level), o)
    roster_remove(v, o)
    if o.entry:
        id_remove(v, o.entry, slot)
    pool_give(&v.orders, slot)


cdef inline void bury_early(Venue* v) noexcept nogil:
    """Forget the order that left first if memory has answered, while it is asked for another."""
    if v.leaving_in - v.leaving_out >= LEAVING // 2:
        bury(v)


cdef inline bint has_left(const Order* o) noexcept nogil:
    return o.id == 0


cdef inline void bury_all(Venue* v) noexcept nogil:
    """Bring all queues and rosters in order."""
    while v.leaving_out != v.leaving_in:
        bury(v)
