# Rosters: the open orders of each account, dense and in no order.
#
# The last one takes the place of one that leaves, so that leaving touches no order far away. Who
# wants them by acceptance sorts.

from libc.stdint cimport uint32_t
from libc.stdlib cimport realloc

from .venue cimport Order, Roster, Venue, order_at, order_slot, rarely


cdef inline bint roster_resize(Venue* v, Roster* roster, uint32_t cap) noexcept nogil:
    """Give a roster another size, at least its length; False without memory."""
    cdef uint32_t* slots = <uint32_t*>realloc(roster.slots, cap * sizeof(uint32_t))
    if slots == NULL:
        return False
    v.roster_slots += cap
    v.roster_slots -= roster.cap
    roster.slots = slots
    roster.cap = cap
    return True


cdef inline bint roster_reserve(Venue* v, uint32_t account) noexcept nogil:
    """Make room for one more order of an account that has a row; False without memory."""
    cdef Roster* roster = &v.rosters[account]
    if rarely(roster.len >= roster.cap):
        return roster_resize(v, roster, roster.cap + roster.cap // 4 + 4)
    return True


cdef inline void roster_add(Venue* v, Order* o) noexcept nogil:
    """Add an order; room was promised."""
    cdef Roster* roster = &v.rosters[o.account]
    o.place = roster.len
    roster.slots[roster.len] = order_slot(v, o)
    roster.len += 1


cdef inline void roster_remove(Venue* v, const Order* o) noexcept nogil:
    cdef Roster* roster = &v.rosters[o.account]
    cdef uint32_t last
    roster.len -= 1
    last = roster.slots[roster.len]
    roster.slots[o.place] = last
    order_at(v, last).place = o.place
    # What an account once needed is not kept for ever; without memory it is.
    if rarely(roster.cap > 64 and roster.len < roster.cap // 4):
        roster_resize(v, roster, roster.cap // 2)
