# Events out: one growing buffer of records that callers drain.

from libc.stdint cimport int64_t, uint32_t, uint64_t

from .venue cimport BOOK, REJECTED, Event, Level, Order, Venue, order_side

cdef extern from *:
    """
    #include <stdlib.h>
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
    static int xq_more(void** rows, size_t* cap, size_t row) __attribute__((cold, noinline));
    static int xq_more(void** rows, size_t* cap, size_t row) {
        size_t wanted = *cap ? *cap * 2 : 4096;
        void* grown = realloc(*rows, wanted * row);
        if (grown) {
            *rows = grown;
            *cap = wanted;
        }
        return grown != NULL;
    }
    /* Append an event with its sequence and time, to be filled by emit. Without memory the last
       event is lost: the command cannot be undone, the engine says so and takes no more. */
    #define xq_event_next(venue) ({ \
        __typeof__(venue) xq_v = (venue); \
        __typeof__(xq_v->events) xq_e; \
        if (xq_rarely(xq_v->events_len == xq_v->events_cap) \
            && !xq_more((void**)&xq_v->events, &xq_v->events_cap, sizeof(*xq_v->events))) { \
            xq_v->broken = 1; \
            xq_v->events_len -= 1; \
        } \
        xq_e = xq_v->events + xq_v->events_len; \
        xq_v->events_len += 1; \
        xq_v->sequence += 1; \
        xq_e->sequence = xq_v->sequence; \
        xq_e->time = xq_v->now; \
        xq_e; })
    """
    Event* event_next "xq_event_next"(Venue* v) noexcept nogil
    void emit "xq_emit"(
        Event* event, int kind, uint32_t instrument, uint64_t id, uint64_t other, int64_t price,
        int64_t qty, int64_t remaining, int64_t other_remaining, int side, int code, int flags
    ) noexcept nogil


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
