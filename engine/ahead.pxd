# Asking memory early for what commands will touch. It decides nothing and changes nothing.
#
# A far order costs its bucket of ids, then its row, then the rows beside it in the queue: three
# waits, one after another. In a batch each is asked for some commands before it is needed.

from libc.stdint cimport uint32_t
from libc.string cimport memset

from .book cimport level_prefetch, order_prefetch
from .idmap cimport id_guess, id_prefetch
from .ladder cimport ladder_guess
from .memory cimport prefetch
from .venue cimport Command, Venue, level_at, order_at

cdef enum:
    # How many commands ahead the bucket, the row and the neighbours are asked for.
    FAR = 12
    MID = 8
    NEAR = 4
    RING = 8


cdef struct Ahead:
    # Guessed slots of coming commands: of the order that one names, of the level that it may join.
    uint32_t order[8]
    uint32_t level[8]
    bint orders_far
    bint levels_far


cdef inline void ahead_init(Venue* v, Ahead* ahead) noexcept nogil:
    """Begin with a batch; small tables are near, and then asking costs more than it saves."""
    memset(ahead, 0, sizeof(Ahead))
    ahead.orders_far = v.orders.used > v.orders_near
    ahead.levels_far = v.levels.used > v.levels_near


cdef inline void look_ahead(
    Venue* v, Ahead* ahead, const Command* c, size_t at, size_t left
) noexcept nogil:
    """Ask for what the commands after `c` need; `left` counts it and them.

    The venue has a book and room for an order. Without branches on what a command is: they come in
    any order, and a wrong guess of the processor costs more than a useless request.
    """
    cdef const Command* coming = c + MID
    cdef size_t soon = (at + MID) & (RING - 1)
    cdef size_t next = (at + NEAR) & (RING - 1)
    if left > FAR:
        id_prefetch(v, c[FAR].id)
    if not ahead.orders_far:
        return
    if left > MID:
        ahead.order[soon] = id_guess(v, coming.id)
        prefetch(order_at(v, ahead.order[soon]))
    if left > NEAR:
        order_prefetch(v, order_at(v, ahead.order[next]))
    if not ahead.levels_far:
        return
    if left > MID:
        ahead.level[soon] = ladder_guess(v, coming.instrument, coming.side, coming.price)
        level_prefetch(v, ahead.level[soon])
    if left > NEAR:
        prefetch(order_at(v, level_at(v, ahead.level[next]).tail))
