# Events out: one growing buffer of records that callers drain.

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport realloc

from .venue cimport BOOK, REJECTED, Event, Level, Order, Venue, level_at, order_side


cdef inline void event_grow(Venue* v) noexcept nogil:
    cdef size_t cap = v.events_cap * 2 if v.events_cap else 4096
    cdef Event* events = <Event*>realloc(v.events, cap * sizeof(Event))
    if events == NULL:
        # The command cannot be undone: the engine says so and takes no more.
        v.broken = 1
        v.events_len -= 1
        return
    v.events = events
    v.events_cap = cap


cdef inline void emit(
    Venue* v, int kind, uint32_t instrument, uint64_t id, uint64_t other, int64_t price,
    int64_t qty, int64_t remaining, int64_t other_remaining, int side, int code, int flags
) noexcept nogil:
    """Append one event."""
    cdef Event* e
    if v.events_len == v.events_cap:
        event_grow(v)
    e = v.events + v.events_len
    v.events_len += 1
    v.sequence += 1
    e.sequence = v.sequence
    e.time = v.now
    e.id = id
    e.other = other
    e.price = price
    e.qty = qty
    e.remaining = remaining
    e.other_remaining = other_remaining
    e.instrument = instrument
    e.kind = <uint8_t>kind
    e.side = <uint8_t>side
    e.code = <uint8_t>code
    e.flags = <uint8_t>flags


cdef inline int refuse(Venue* v, int reason, uint32_t instrument, uint64_t id) noexcept nogil:
    """Report a refusal and return its reason."""
    emit(v, REJECTED, instrument, id, 0, 0, 0, 0, 0, 0, reason, 0)
    return reason


cdef inline void emit_ended(Venue* v, int kind, const Order* o, int code) noexcept nogil:
    """Report an order's end with what was open."""
    emit(v, kind, o.instrument, o.id, 0, 0, 0, o.open, 0, order_side(o), code, 0)


cdef inline void emit_book(
    Venue* v, const Order* o, const Level* level, int64_t shown, int moved
) noexcept nogil:
    """Report an order's displayed lots and what its level now displays."""
    emit(
        v, BOOK, o.instrument, o.id, 0, o.price, shown, level.displayed, level.count,
        order_side(o), 0, moved
    )
