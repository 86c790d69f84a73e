# Changes of far levels that wait until memory has answered.
#
# Beside many levels a single call spends most of its time on the level that an order joins or
# leaves, and on the order before it in the queue. Of a plain order that comes to rest or is
# cancelled all is decided without them but two figures of its last event. So memory is asked, and
# level, queue and event are brought in order some commands later, in the sequence of the commands,
# or when someone reads events, levels or queues: then `settle_all` is called before.
#
# Until then the best level may be one that orders have all left. What does not reach it reaches
# none, so that an order which reaches nothing needs no look.

from libc.stdint cimport int64_t, uint32_t

from .book cimport better, level_of, level_prefetch, level_tidy
from .event cimport emit, emit_ended, event_next
from .leaving cimport close, leave
from .memory cimport prefetch
from .money cimport hold_units, need
from .queue cimport link
from .venue cimport (
    BOOK, CANCELED, LEVELS_NEAR, PLACE_BOOK, STATE_OPEN, TIF_FOK, TIF_IOC, TYPE_LIMIT, WAITING,
    Book, Command, Event, Level, Order, Venue, Waiting, level_at, order_at, order_put, order_side,
    order_slot, rarely,
)


cdef inline bint may_wait(const Venue* v) noexcept nogil:
    """Whether changes of levels may wait: the caller looks at events by the engine's own doors."""
    # External lots ahead are to be known when an order joins a level.
    return v.single and v.levels.used > LEVELS_NEAR and v.externals.used == 1


cdef inline bint only_rests(Venue* v, const Book* book, const Command* c) noexcept nogil:
    """Whether an accepted plain order comes to rest and does nothing else."""
    cdef uint32_t best = book.best[1 - c.side]
    if c.tif == TIF_IOC or c.tif == TIF_FOK:
        return False
    return not best or book.state != STATE_OPEN or better(c.side, level_at(v, best).price, c.price)


cdef inline void wait(Venue* v, const Order* o, uint32_t level, int64_t shown) noexcept nogil:
    """Let a change of a level wait, for which there is a place.

    Its event lacks what the level shows and counts.
    """
    cdef Waiting* last
    cdef uint32_t at
    emit(
        event_next(v), BOOK, o.instrument, o.id, 0, o.price, shown, 0, 0, order_side(o), 0, 0
    )
    level_prefetch(v, level)
    last = &v.waiting[v.waiting_in & (WAITING - 1)]
    last.order = order_slot(v, o)
    last.level = level
    last.event = v.events_len - 1
    last.joins = shown != 0
    v.waiting_in += 1
    # The level that was asked for half the way ago is here and names the end of its queue.
    at = v.waiting_in - WAITING // 2
    if v.waiting_in - v.waiting_out >= WAITING // 2:
        prefetch(order_at(v, level_at(v, v.waiting[at & (WAITING - 1)].level).tail))


cdef inline void rest_later(Venue* v, Book* book, Order* o) noexcept nogil:
    """Put a plain order at the back of its level, as `rest` does."""
    # Before the level is looked for: to settle may be to forget a level.
    settle_one(v)
    o.level = level_of(v, book, order_side(o), o.price)
    order_put(o, PLACE_BOOK)
    wait(v, o, o.level, o.open)


cdef inline void cancel_later(Venue* v, Book* book, Order* o) noexcept nogil:
    """Cancel an order that rests and has nothing extra, as `cancel_simple` does."""
    settle_one(v)
    emit_ended(v, CANCELED, o, 0)
    hold_units(v, book, o, -need(book, order_side(o), TYPE_LIMIT, o.price, o.open))
    wait(v, o, o.level, 0)
    close(v, o)


cdef inline void settle(Venue* v) noexcept nogil:
    """Make the change that has waited longest."""
    cdef Waiting* first = &v.waiting[v.waiting_out & (WAITING - 1)]
    cdef Level* level = level_at(v, first.level)
    cdef Order* o = order_at(v, first.order)
    cdef Event* e = v.events + first.event
    v.waiting_out += 1
    if first.joins:
        link(v, level, o)
        level.displayed += o.open
        level.total += o.open
    else:
        level.count -= 1
        level.displayed -= o.open
        level.total -= o.open
        leave(v, o)
    e.remaining = level.displayed
    e.other_remaining = level.count
    if rarely(not level.count) and not is_awaited(v, first.level):
        level_tidy(v, v.books[o.instrument], order_side(o), first.level)


cdef inline void settle_one(Venue* v) noexcept nogil:
    """Make a place for another change that waits."""
    if v.waiting_in - v.waiting_out == WAITING:
        settle(v)


cdef inline bint is_awaited(Venue* v, uint32_t level) noexcept nogil:
    """Whether another change of a level waits."""
    cdef uint32_t at = v.waiting_out
    while at != v.waiting_in:
        if v.waiting[at & (WAITING - 1)].level == level:
            return True
        at += 1
    return False


cdef inline void settle_all(Venue* v) noexcept nogil:
    """Make every change that waits."""
    while rarely(v.waiting_out != v.waiting_in):
        settle(v)
