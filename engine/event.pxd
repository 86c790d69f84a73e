# Events out: one growing buffer of records that callers drain.

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport realloc

from .venue cimport BOOK, REJECTED, Event, Level, Order, Venue, order_side, rarely

cdef extern from *:
    """
    /* A macro, since a call with a dozen arguments costs more than the stores it makes. The last
       five fields are one store: bytes could lie anywhere for all that the compiler knows. */
    #define xq_emit(event, kind_, instrument_, id_, other_, price_, qty_, remaining_, \\
                    other_remaining_, side_, code_, flags_) ({ \\
        __typeof__(event) xq_event = (event); \\
        xq_event->id = (id_); \\
        xq_event->other = (other_); \\
        xq_event->price = (price_); \\
        xq_event->qty = (qty_); \\
        xq_event->remaining = (remaining_); \\
        xq_event->other_remaining = (other_remaining_); \\
        xq_event->what = (uint64_t)(uint32_t)(instrument_) | (uint64_t)(uint8_t)(kind_) << 32 \\
            | (uint64_t)(uint8_t)(side_) << 40 | (uint64_t)(uint8_t)(code_) << 48 \\
            | (uint64_t)(uint8_t)(flags_) << 56; })
    """
    void emit "xq_emit"(
        Event* event, int kind, uint32_t instrument, uint64_t id, uint64_t other, int64_t price,
        int64_t qty, int64_t remaining, int64_t other_remaining, int side, int code, int flags
    ) noexcept nogil


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


cdef inline Event* event_next(Venue* v) noexcept nogil:
    """Append an event with its sequence and time, and return it to be filled by `emit`."""
    if rarely(v.events_len == v.events_cap):
        return event_after_growth(v)
    return event_here(v)


cdef inline Event* event_after_growth(Venue* v) noexcept nogil:
    event_grow(v)
    return event_here(v)


cdef inline Event* event_here(Venue* v) noexcept nogil:
    cdef Event* e = v.events + v.events_len
    v.events_len += 1
    v.sequence += 1
    e.sequence = v.sequence
    e.time = v.now
    return e


cdef inline int refuse(Venue* v, int reason, uint32_t instrument, uint64_t id) noexcept nogil:
    """Report a refusal and return its reason."""
    emit(event_next(v), REJECTED, instrument, id, 0, 0, 0, 0, 0, 0, reason, 0)
    return reason


cdef inline void emit_ended(Venue* v, int kind, const Order* o, int code) noexcept nogil:
    """Report an order's end with what was open."""
    emit(event_next(v), kind, o.instrument, o.id, 0, 0, 0, o.open, 0, order_side(o), code, 0)


cdef inline void emit_book(
    Venue* v, const Order* o, const Level* level, int64_t shown, int moved
) noexcept nogil:
    """Report an order's displayed lots and what its level now displays."""
    emit(
        event_next(v), BOOK, o.instrument, o.id, 0, o.price, shown, level.displayed, level.count,
        order_side(o), 0, moved
    )
