# Changes of far levels that wait until memory has answered.
#
# Beside many orders or levels a single call spends most of its time on the level that an order
# joins or leaves, on finding it, and on the order before it in the queue. Of a plain order that
# comes to rest or is cancelled all is decided without them but two figures of its last event. So
# memory is asked, one step a command: for what names the leaf of a price, the leaf, the level, the
# end of its queue. Level, queue and event are brought in order some commands later, in the sequence
# of the commands, or when someone reads events, levels, queues or balances: then `settle_all` is
# called before. An order that is replaced and rests elsewhere does both, as two rows of one id.
#
# In a large table an id alone tells that its order is open. Then a cancel does not wait for the row
# either: what only the row tells, of both events and of the money that was reserved, is done when
# the cancel is settled. Who lacks money looks again when all is settled, since what waits only
# gives back.
#
# Until then the best level may be one that orders have all left. What does not reach it reaches
# none, so that an order which reaches nothing needs no look. It is never worse than the best that
# an order waits to join: who would better it joins at once, and when it goes all that wait join.
# So an order that takes at once only looks whether a change of the best level waits: `settle_best`.

from libc.stdint cimport int64_t, uint32_t

from .book cimport better, level_of, level_prefetch, level_tidy
from .event cimport emit, emit_ended, event_next
from .idmap cimport id_place, id_remove
from .ladder cimport ladder_ask, ladder_find, leaf_ask
from .leaving cimport close_taken, leave
from .memory cimport prefetch
from .money cimport hold
from .pool cimport pool_take
from .queue cimport link
from .roster cimport roster_add
from .venue cimport (
    BOOK, CANCELED, PLACE_BOOK, STATE_OPEN, TIF_FOK, TIF_IOC, WAITING, Book, Command,
    Event, Ladder, Level, Order, Venue, Waiting, all_bits, level_at, order_at, order_put,
    order_side, order_slot, rarely,
)


cdef enum:
    # So many changes lie between two steps of one, and so many wait when the first has taken all.
    STEP = 2
    STEPPED = 7


cdef inline bint may_wait(const Venue* v) noexcept nogil:
    """Whether changes of levels may wait: the caller looks at events by the engine's own doors."""
    # External lots ahead are to be known when an order joins a level.
    return (
        v.single and v.externals.used == 1
        and (v.orders.used > v.orders_far or v.levels.used > v.levels_near)
    )


cdef inline bint only_rests(Venue* v, const Book* book, const Command* c) noexcept nogil:
    """Whether an accepted plain order comes to rest and does nothing else."""
    cdef uint32_t best = book.best[1 - c.side]
    if c.tif == TIF_IOC or c.tif == TIF_FOK:
        return False
    return not best or book.state != STATE_OPEN or better(c.side, level_at(v, best).price, c.price)


cdef inline Ladder* ladder_of(Venue* v, const Order* o) noexcept nogil:
    return &v.books[o.instrument].ladder[order_side(o)]


cdef inline bint only_takes(const Venue* v, const Book* book, const Command* c) noexcept nogil:
    """Whether an accepted plain order takes what is there, in turn, and never rests."""
    return c.tif == TIF_IOC and book.state == STATE_OPEN and not book.pro_rata


cdef inline void wait(Venue* v, const Order* o, uint32_t level, int64_t shown) noexcept nogil:
    """Let a change of a level wait, for which there is a place; level 0 is still to be found.

    Its event lacks what the level shows and counts.
    """
    emit(
        event_next(v), BOOK, o.instrument, o.id, 0, o.price, shown, 0, 0, order_side(o), 0, 0
    )
    if level:
        level_prefetch(v, level)
    else:
        leaf_ask(v, ladder_of(v, o), o.price)
    enqueue(v, order_slot(v, o), level, v.events_len - 1, shown != 0, False)


cdef inline void enqueue(
    Venue* v, uint32_t order, uint32_t level, size_t event, bint joins, bint unseen
) noexcept nogil:
    """Take a change in, and each of those before it a step further."""
    cdef Waiting* last = &v.waiting[v.waiting_in & (WAITING - 1)]
    cdef uint32_t count = v.waiting_in - v.waiting_out
    last.order = order
    last.level = level
    last.event = event
    last.joins = joins
    last.unseen = unseen
    if count >= STEP:
        ask_leaf(v, &v.waiting[(v.waiting_in - STEP) & (WAITING - 1)])
    if count >= 2 * STEP:
        ask_level(v, &v.waiting[(v.waiting_in - 2 * STEP) & (WAITING - 1)])
    if count >= 3 * STEP:
        ask_tail(v, &v.waiting[(v.waiting_in - 3 * STEP) & (WAITING - 1)])
    v.waiting_in += 1


cdef inline void ask_leaf(Venue* v, Waiting* one) noexcept nogil:
    """Ask for the leaf in which the level is to be found, or for the level of an unseen order."""
    cdef const Order* o = order_at(v, one.order)
    if one.unseen:
        one.level = o.level
        level_prefetch(v, one.level)
    elif not one.level:
        ladder_ask(v, ladder_of(v, o), o.price)


cdef inline void ask_level(Venue* v, Waiting* one) noexcept nogil:
    """Find the level, if it is there, and ask for it."""
    cdef Order* o = order_at(v, one.order)
    if not one.level and not one.unseen:
        one.level = ladder_find(v, ladder_of(v, o), o.price)
        o.level = one.level
        level_prefetch(v, one.level)


cdef inline void ask_tail(Venue* v, const Waiting* one) noexcept nogil:
    """Ask for the order at the end of the queue, when one joins it."""
    prefetch(order_at(v, level_at(v, one.level).tail & all_bits(one.joins)))


cdef inline void rest_later(Venue* v, Book* book, Order* o) noexcept nogil:
    """Put a plain order at the back of its level, as `rest` does."""
    cdef int side = order_side(o)
    cdef uint32_t best = book.best[side]
    # Before the level is looked for: to settle may be to forget a level.
    settle_one(v)
    order_put(o, PLACE_BOOK)
    o.level = 0
    if (
        not best or better(side, o.price, level_at(v, best).price)
        or rarely(v.levels_least == 1)
    ):
        o.level = level_of(v, book, side, o.price)
    wait(v, o, o.level, o.open)


cdef inline void cancel_later(Venue* v, Book* book, Order* o) noexcept nogil:
    """Cancel an order that rests and has nothing extra, as `cancel_simple` does.

    Its id leaves the table at once: the bucket has just been looked at.
    """
    id_remove(v, o.id, order_slot(v, o))
    if rarely(not o.level):
        settle_all(v)
    settle_one(v)
    emit_ended(v, CANCELED, o, 0)
    hold(v, book, o, -1)
    wait(v, o, o.level, 0)
    v.open_orders -= 1
    close_taken(o)


cdef inline void move_later(
    Venue* v, Book* book, Order* o, int64_t price, int64_t qty
) noexcept nogil:
    """Let a simple order leave its level, and rest with new terms as another row of its id.

    Room was promised for the row, and for its place in the account's roster.
    """
    cdef uint32_t slot
    cdef Order* anew
    if rarely(not o.level):
        settle_all(v)
    settle_one(v)
    slot = pool_take(&v.orders)
    anew = order_at(v, slot)
    anew[0] = o[0]
    anew.price = price
    anew.open = qty
    id_remove(v, o.id, order_slot(v, o))
    id_place(v, o.id, slot)
    roster_add(v, anew)
    hold(v, book, o, -1)
    hold(v, book, anew, 1)
    wait(v, o, o.level, 0)
    close_taken(o)
    rest_later(v, book, anew)


cdef inline void cancel_unseen(Venue* v, uint32_t slot) noexcept nogil:
    """Cancel a simple order, whose id was taken from the table, before its row has come.

    Its two events lack all but sequence and time; its reservation stands until it is settled.
    """
    settle_one(v)
    event_next(v)
    event_next(v)
    v.open_orders -= 1
    prefetch(order_at(v, slot))
    enqueue(v, slot, 0, v.events_len - 2, False, True)


cdef inline void see(Venue* v, Order* o, Event* e) noexcept nogil:
    """Do what the cancel of an unseen order left, its level aside."""
    cdef Book* book = v.books[o.instrument]
    emit(e, CANCELED, o.instrument, o.id, 0, 0, 0, o.open, 0, order_side(o), 0, 0)
    emit(e + 1, BOOK, o.instrument, o.id, 0, o.price, 0, 0, 0, order_side(o), 0, 0)
    hold(v, book, o, -1)
    close_taken(o)


cdef inline bint settle(Venue* v) noexcept nogil:
    """Make the change that has waited longest; tells whether the best level is gone by it."""
    cdef Waiting* first = &v.waiting[v.waiting_out & (WAITING - 1)]
    cdef Order* o = order_at(v, first.order)
    cdef Event* e = v.events + first.event
    cdef Book* book = v.books[o.instrument]
    cdef uint32_t slot = first.level
    cdef Level* level
    cdef bint best
    if first.unseen:
        slot = o.level
    elif rarely(not slot):
        slot = level_of(v, book, order_side(o), o.price)
        o.level = slot
    level = level_at(v, slot)
    v.waiting_out += 1
    if first.unseen:
        see(v, o, e)
        e += 1
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
    if rarely(not level.count) and not is_awaited(v, slot):
        best = book.best[order_side(o)] == slot
        level_tidy(v, book, order_side(o), slot)
        return best
    return False


cdef inline void settle_one(Venue* v) noexcept nogil:
    """Make a place for another change that waits."""
    if v.waiting_in - v.waiting_out == WAITING and rarely(settle(v)):
        settle_all(v)


cdef inline void settle_early(Venue* v) noexcept nogil:
    """Make a change of which memory has answered, while it is asked for something else."""
    if v.waiting_in - v.waiting_out >= STEPPED and rarely(settle(v)):
        settle_all(v)


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
    if v.waiting_out != v.waiting_in:
        settle_waiting(v)


cdef inline void settle_best(Venue* v, Book* book, int side) noexcept nogil:
    """Make every change that waits if one of them is of a side's best level."""
    cdef uint32_t at = v.waiting_out
    cdef int64_t best
    cdef const Order* o
    if not book.best[side]:
        return
    best = level_at(v, book.best[side]).price
    while at != v.waiting_in:
        o = order_at(v, v.waiting[at & (WAITING - 1)].order)
        if o.price == best and order_side(o) == side and o.instrument == book.number:
            settle_waiting(v)
            return
        at += 1


cdef inline void settle_waiting(Venue* v) noexcept nogil:
    """Take each step for all that wait before the next, so that they share memory's answers."""
    cdef uint32_t at
    for at in range(v.waiting_out, v.waiting_in):
        ask_leaf(v, &v.waiting[at & (WAITING - 1)])
    for at in range(v.waiting_out, v.waiting_in):
        ask_level(v, &v.waiting[at & (WAITING - 1)])
    for at in range(v.waiting_out, v.waiting_in):
        ask_tail(v, &v.waiting[at & (WAITING - 1)])
    while v.waiting_out != v.waiting_in:
        settle(v)
