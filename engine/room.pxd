# Room for what an entering order may need. Arrays grow only here, between orders.

from .idmap cimport id_grow
from .leaving cimport bury_all
from .pool cimport pool_reserve
from .venue cimport NODE_DEPTH, NONE_MORE, WAITING, Venue, rarely
from .waiting cimport settle_all


cdef inline bint room_reserve(Venue* v) noexcept nogil:
    """Promise the room that one entering order may need; False without memory."""
    if rarely(
        v.open_orders >= v.ids_most or not v.orders.left or not v.extras.left
        or v.levels.left < v.levels_least or v.levels.used > v.levels_most
        or not v.externals.left
        or v.nodes.left < v.levels_least * NODE_DEPTH
    ):
        return room_make(v)
    return True


cdef inline bint room_make(Venue* v) noexcept nogil:
    """Grow what is full; False without memory."""
    if v.open_orders >= v.ids_most:
        settle_all(v)
        bury_all(v)
        if not id_grow(v):
            return False
    if not pool_reserve(&v.orders, 1) or not pool_reserve(&v.extras, 1):
        return False
    if v.levels.used > v.levels_near:
        # Each change of a far level that waits may find that there is none.
        v.levels_least = 1 + WAITING
        v.levels_most = NONE_MORE
    if not pool_reserve(&v.levels, v.levels_least) or not pool_reserve(&v.externals, 1):
        return False
    return pool_reserve(&v.nodes, v.levels_least * NODE_DEPTH)
