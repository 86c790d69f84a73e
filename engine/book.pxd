# A book's changes outside matching: orders come to rest, leave, wait as stops, and end.

from libc.stdint cimport int64_t, uint32_t

from .event cimport emit_book, emit_ended
from .ladder cimport ladder_add, ladder_find, ladder_next, ladder_remove
from .leaving cimport bury_all, close, leave
from .memory cimport prefetch
from .money cimport hold, hold_units, need
from .pool cimport pool_give, pool_take
from .queue cimport link, unlink
from .venue cimport (
    CANCELED, EXPIRED, LADDER_BUY_STOP, LADDER_SELL_STOP, PLACE_BOOK, PLACE_NONE, PLACE_REACHED,
    PLACE_STOP, SIDE_BUY, TYPE_LIMIT, Book, External, Extra, Level, Order, Venue, extra_at,
    external_at, level_at, order_at, order_place, order_put, order_side, rarely,
)


cdef inline void level_prefetch(Venue* v, uint32_t slot) noexcept nogil:
    """Ask for a level, which may straddle two cache lines."""
    prefetch(&level_at(v, slot).price)
    prefetch(&level_at(v, slot).external)


cdef inline void order_prefetch(Venue* v, const Order* o) noexcept nogil:
    """Ask for all that changes when an order leaves, its id aside."""
    prefetch(order_at(v, o.prev))
    prefetch(order_at(v, o.next))
    level_prefetch(v, o.level)
    prefetch(v.rosters[o.account].slots + o.place)


cdef inline bint rises(int ladder) noexcept nogil:
    """Whether the best level of a ladder is the lowest, so that the next lies above."""
    return ladder != SIDE_BUY and ladder != LADDER_SELL_STOP


cdef inline bint better(int ladder, int64_t price, int64_t than) noexcept nogil:
    return price < than if rises(ladder) else price > than


cdef inline int64_t external_left(Venue* v, const Level* level) noexcept nogil:
    """Return the external lots that can still be taken at a level."""
    cdef External* outside
    if rarely(level.external):
        outside = external_at(v, level.external)
        return outside.shown - outside.taken - outside.printed
    return 0


cdef inline int64_t displayed(Venue* v, const Order* o) noexcept nogil:
    """Return the displayed lots of a resting order."""
    cdef Extra* extra
    if rarely(o.extra):
        extra = extra_at(v, o.extra)
        return extra.visible if extra.peak else o.open
    return o.open


cdef inline int64_t ahead_of(Venue* v, const Order* o) noexcept nogil:
    if rarely(o.extra):
        return extra_at(v, o.extra).ahead
    return 0


cdef inline Extra* extra_of(Venue* v, Order* o) noexcept nogil:
    """Return an order's extra part, made when it has none; room was promised."""
    cdef Extra* extra
    if not o.extra:
        o.extra = pool_take(&v.extras)
        extra = extra_at(v, o.extra)
        extra.peak = 0
        extra.visible = 0
        extra.ahead = 0
        extra.stop_price = 0
        extra.expire_at = 0
    return extra_at(v, o.extra)


cdef inline uint32_t level_of(Venue* v, Book* book, int ladder, int64_t price) noexcept nogil:
    """Return the level at a price, made when it is not there; room was promised."""
    cdef uint32_t slot = ladder_find(v, &book.ladder[ladder], price)
    cdef Level* level
    if not rarely(not slot):
        return slot
    slot = pool_take(&v.levels)
    level = level_at(v, slot)
    level.price = price
    level.displayed = 0
    level.total = 0
    level.head = 0
    level.tail = 0
    level.count = 0
    level.external = 0
    ladder_add(v, &book.ladder[ladder], price, slot)
    if not book.best[ladder] or better(ladder, price, level_at(v, book.best[ladder]).price):
        book.best[ladder] = slot
    return slot


cdef inline uint32_t level_after(
    Venue* v, Book* book, int ladder, uint32_t slot
) noexcept nogil:
    """Return the next worse level, or 0."""
    return ladder_next(v, &book.ladder[ladder], level_at(v, slot).price, rises(ladder))


cdef inline void level_tidy(Venue* v, Book* book, int ladder, uint32_t slot) noexcept nogil:
    """Forget a level that nothing keeps."""
    cdef Level* level = level_at(v, slot)
    if not level.count and level.head:
        bury_all(v)
    if level.head or level.external or slot == v.pinned:
        return
    if book.best[ladder] == slot:
        book.best[ladder] = level_after(v, book, ladder, slot)
    ladder_remove(v, &book.ladder[ladder], level.price)
    pool_give(&v.levels, slot)


cdef inline uint32_t level_left(Venue* v, Book* book, int ladder, uint32_t slot) noexcept nogil:
    """Tidy a level that was worked on and return the next worse one, or 0."""
    cdef uint32_t following
    cdef Level* level = level_at(v, slot)
    if level.head or level.external:
        return level_after(v, book, ladder, slot)
    if book.best[ladder] == slot:
        level_tidy(v, book, ladder, slot)
        return book.best[ladder]
    following = level_after(v, book, ladder, slot)
    level_tidy(v, book, ladder, slot)
    return following


cdef inline void show_full(Venue* v, Order* o) noexcept nogil:
    """Display a full peak, or everything when there is none."""
    cdef Extra* extra
    if rarely(o.extra):
        extra = extra_at(v, o.extra)
        extra.visible = min(extra.peak, o.open)


cdef inline void queue_back(Venue* v, Level* level, Order* o) noexcept nogil:
    """Join the queue at the back, behind all external lots, with a full peak."""
    link(v, level, o)
    show_full(v, o)
    level.displayed += displayed(v, o)
    level.total += o.open
    if rarely(level.external):
        extra_of(v, o).ahead = external_left(v, level)


cdef inline void rest(Venue* v, Book* book, Order* o) noexcept nogil:
    """Put an order at the back of its level."""
    cdef int side = order_side(o)
    cdef uint32_t slot = level_of(v, book, side, o.price)
    cdef Level* level = level_at(v, slot)
    o.level = slot
    order_put(o, PLACE_BOOK)
    queue_back(v, level, o)
    emit_book(v, o, level, displayed(v, o), 0)


cdef inline void unrest(Venue* v, Book* book, Order* o) noexcept nogil:
    """Take an order off its level."""
    cdef uint32_t slot = o.level
    cdef Level* level = level_at(v, slot)
    unlink(v, level, o)
    level.displayed -= displayed(v, o)
    level.total -= o.open
    order_put(o, PLACE_NONE)
    if rarely(o.extra):
        extra_at(v, o.extra).ahead = 0
    emit_book(v, o, level, 0, 0)
    level_tidy(v, book, order_side(o), slot)


cdef inline int stop_ladder(const Order* o) noexcept nogil:
    return LADDER_BUY_STOP if order_side(o) == SIDE_BUY else LADDER_SELL_STOP


cdef inline void wait_as_stop(Venue* v, Book* book, Order* o) noexcept nogil:
    """Let a stop wait at its price; the order within the queue does not matter there."""
    o.level = level_of(v, book, stop_ladder(o), extra_at(v, o.extra).stop_price)
    link(v, level_at(v, o.level), o)
    order_put(o, PLACE_STOP)


cdef inline void unwait(Venue* v, Book* book, Order* o) noexcept nogil:
    """Take a stop from where it waits."""
    unlink(v, level_at(v, o.level), o)
    level_tidy(v, book, stop_ladder(o), o.level)
    order_put(o, PLACE_REACHED)


cdef inline void forget(Venue* v, Order* o) noexcept nogil:
    """Free an order that stands nowhere and reserves nothing."""
    if rarely(o.extra):
        if extra_at(v, o.extra).expire_at:
            v.expiring -= 1
        pool_give(&v.extras, o.extra)
    o.prev = 0
    o.next = 0
    o.level = 0
    close(v, o)
    leave(v, o)


cdef inline void end(Venue* v, Book* book, Order* o) noexcept nogil:
    """Close an order, wherever it stands, and give its reservation back."""
    cdef int place = order_place(o)
    if o.open:
        hold(v, book, o, -1)
    if place == PLACE_BOOK:
        unrest(v, book, o)
    elif rarely(place == PLACE_STOP):
        unwait(v, book, o)
    forget(v, o)


cdef inline void cancel_order(Venue* v, Book* book, Order* o, int code) noexcept nogil:
    """Cancel an open order; `code` is not 0 when self-trade prevention did it."""
    emit_ended(v, CANCELED, o, code)
    end(v, book, o)


cdef inline void cancel_simple(Venue* v, Book* book, Order* o) noexcept nogil:
    """Cancel an order that rests and has nothing extra, its queue left for later."""
    cdef uint32_t slot = o.level
    cdef Level* level = level_at(v, slot)
    emit_ended(v, CANCELED, o, 0)
    hold_units(v, book, o, -need(book, order_side(o), TYPE_LIMIT, o.price, o.open))
    level.count -= 1
    level.displayed -= o.open
    level.total -= o.open
    emit_book(v, o, level, 0, 0)
    close(v, o)
    leave(v, o)
    if not level.count:
        level_tidy(v, book, order_side(o), slot)


cdef inline void expire_order(Venue* v, Book* book, Order* o) noexcept nogil:
    emit_ended(v, EXPIRED, o, 0)
    end(v, book, o)
