# Looking ahead in a batch: what a later command will touch is asked of memory early.
#
# Nothing here changes or decides anything; a slot read from the id table may be stale by the time
# its command runs, and a prefetch of any address is harmless.

from libc.stdint cimport uint32_t, uint64_t

from .idmap cimport id_tag
from .venue cimport (
    CACHE_SIZE, OP_CANCEL, OP_NEW, OP_REPLACE, SIDE_SELL, Command, Ladder, LeafEntry, Node, Order,
    Venue, level_at, node_at, order_at,
)

cdef extern from *:
    """
    #define xq_prefetch(address) __builtin_prefetch(address)
    """
    void xq_prefetch(const void* address) noexcept nogil

cdef enum:
    # Commands between the looks at the id table, the order and its neighbours.
    STEP = 6
    AHEAD = 18


cdef inline uint32_t slot_by_tag(Venue* v, uint64_t id) noexcept nogil:
    """Return the slot that an id most likely has, without touching an order; 0 for none."""
    cdef uint32_t tag = id_tag(id)
    cdef uint32_t at = tag >> v.ids_shift
    while v.ids[at].slot and v.ids[at].tag != tag:
        at = (at + 1) & v.ids_mask
    return v.ids[at].slot


cdef inline uint32_t level_near(Venue* v, const Command* c) noexcept nogil:
    """Return the level that a new limit order would join, when it is quickly found; or 0."""
    cdef const Ladder* ladder
    cdef const LeafEntry* entry
    cdef const Node* leaf
    if c.instrument >= v.books_len or c.side > SIDE_SELL or c.price <= 0:
        return 0
    ladder = &v.books[c.instrument].ladder[c.side]
    entry = &ladder.cache[(c.price >> 6) & (CACHE_SIZE - 1)]
    if entry.prefix != c.price >> 6:
        return 0
    leaf = node_at(v, entry.leaf)
    return leaf.child[c.price & 63] if (leaf.bits >> (c.price & 63)) & 1 else 0


cdef inline void look_ahead(Venue* v, const Command* c) noexcept nogil:
    """Prefetch for the command AHEAD, then two and one STEP before it."""
    cdef const Order* o
    cdef uint32_t slot
    if v.ids == NULL:
        return
    xq_prefetch(&v.ids[id_tag(c.id) >> v.ids_shift])
    c -= STEP
    if c.op == OP_CANCEL or c.op == OP_REPLACE:
        xq_prefetch(order_at(v, slot_by_tag(v, c.id)))
    elif c.op == OP_NEW and c.account < v.accounts_cap:
        xq_prefetch(order_at(v, v.account_tail[c.account]))
        xq_prefetch(level_at(v, level_near(v, c)))
    c -= STEP
    if c.op == OP_CANCEL or c.op == OP_REPLACE:
        slot = slot_by_tag(v, c.id)
        if slot:
            o = order_at(v, slot)
            xq_prefetch(order_at(v, o.prev))
            xq_prefetch(order_at(v, o.next))
            xq_prefetch(order_at(v, o.account_prev))
            xq_prefetch(order_at(v, o.account_next))
    elif c.op == OP_NEW:
        slot = level_near(v, c)
        if slot:
            xq_prefetch(order_at(v, level_at(v, slot).tail))
