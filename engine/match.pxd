# Matching: what happens when an order enters, level by level.
#
# `match` answers whether the taker is still open or gone; a gone taker's pointer is not touched.

from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport realloc

from .book cimport (
    ahead_of, better, cancel_order, displayed, end, expire_order, external_left, level_after,
    level_left, level_tidy, queue_back, rest, unwait,
)
from .event cimport emit, event_next, emit_book
from .leaving cimport bury_all, has_left
from .memory cimport prefetch
from .money cimport (
    release, release_since, settle, xq_share, xq_wide_add_product, xq_wide_cost, xq_wide_set,
)
from .queue cimport front_ask, unlink
from .venue cimport (
    LADDER_BUY_STOP, LADDER_SELL_STOP, REPLACED, SELF_TRADE, STATE_CHANGED,
    STATE_HALTED, STATE_OPEN, STP_CANCEL_MAKER, STP_CANCEL_TAKER,
    STP_DECREMENT, STP_NONE, TIF_FOK, TRADE, TYPE_LIMIT, Book, Extra, Level, Order, Reached,
    Venue, extra_at, external_at, level_at, order_at, order_rests, order_side, order_slot, rarely,
    order_stp, order_tif, order_type, xq_wide,
)
from .waiting cimport settle_all


# Bands.

cdef inline bint beyond(int64_t price, int64_t reference, int64_t rate) noexcept nogil:
    """Whether a price lies further from a reference than a rate in 1e-8 parts allows."""
    cdef int64_t distance
    if not (rate and reference):
        return False
    distance = reference // 100000000 * rate + reference % 100000000 * rate // 100000000
    return price - reference > distance or reference - price > distance


cdef inline void set_book_state(Venue* v, Book* book, int state) noexcept nogil:
    """Change the trading state and report it."""
    v.books_halted += (state == STATE_HALTED) - (book.state == STATE_HALTED)
    book.state = state
    emit(event_next(v), STATE_CHANGED, book.number, 0, 0, 0, state, 0, 0, 0, 0, 0)


# Stops that trades reach.

cdef inline void reach(Venue* v, Order* o) noexcept nogil:
    """Append a stop to those that enter after the running command."""
    cdef size_t cap
    cdef Reached* grown
    if v.reached_len == v.reached_cap:
        cap = v.reached_cap * 2 if v.reached_cap else 64
        grown = <Reached*>realloc(v.reached, cap * sizeof(Reached))
        if grown == NULL:
            v.broken = 1
            return
        v.reached = grown
        v.reached_cap = cap
    v.reached[v.reached_len].entry = o.entry
    v.reached[v.reached_len].slot = order_slot(v, o)
    v.reached_len += 1


cdef inline void sort_reached(Venue* v, size_t first) noexcept nogil:
    """Sort the newly reached stops by entry; heapsort, since a crowd may come at once."""
    cdef Reached* a = v.reached + first
    cdef size_t count = v.reached_len - first
    cdef size_t start = count // 2
    cdef size_t root
    cdef size_t child
    cdef Reached moved
    while count > 1:
        if start:
            start -= 1
            moved = a[start]
        else:
            count -= 1
            moved = a[count]
            a[count] = a[0]
            if count == 1:
                a[0] = moved
                return
        root = start
        child = 2 * root + 1
        while child < count:
            if child + 1 < count and a[child].entry < a[child + 1].entry:
                child += 1
            if a[child].entry <= moved.entry:
                break
            a[root] = a[child]
            root = child
            child = 2 * root + 1
        a[root] = moved


cdef inline void collect_stops(Venue* v, Book* book, int ladder) noexcept nogil:
    """Move every stop of a ladder that the last trade reaches."""
    cdef Order* o
    while book.best[ladder]:
        if better(ladder, book.last, level_at(v, book.best[ladder]).price):
            return
        o = order_at(v, level_at(v, book.best[ladder]).head)
        unwait(v, book, o)
        reach(v, o)


cdef inline void print_price(Venue* v, Book* book, int64_t price) noexcept nogil:
    """Set the last trade and collect the stops that it reaches, by entry."""
    cdef size_t first = v.reached_len
    book.last = price
    if rarely(book.best[LADDER_BUY_STOP] or book.best[LADDER_SELL_STOP]):
        collect_stops(v, book, LADDER_BUY_STOP)
        collect_stops(v, book, LADDER_SELL_STOP)
        if v.reached_len - first > 1:
            sort_reached(v, first)


# Trades.

cdef inline void take_resting(Venue* v, Level* level, Order* o, int64_t qty) noexcept nogil:
    """Take executed lots off a resting order and its level."""
    cdef Extra* extra
    level.total -= qty
    level.displayed -= qty
    o.open -= qty
    if rarely(o.extra):
        extra = extra_at(v, o.extra)
        if extra.peak:
            extra.visible -= qty


cdef inline void after_fill(Venue* v, Book* book, Level* level, Order* maker) noexcept nogil:
    """End a filled order, or report what it shows now, refilled at the back when need be."""
    cdef int64_t shown
    if not maker.open:
        end(v, book, maker)
        return
    shown = displayed(v, maker)
    if not rarely(not shown):
        emit_book(v, maker, level, shown, 0)
        return
    unlink(v, level, maker)
    level.total -= maker.open
    queue_back(v, level, maker)
    emit_book(v, maker, level, displayed(v, maker), 1)


cdef inline void hit(
    Venue* v, Book* book, Level* level, Order* taker, Order* maker, int64_t qty
) noexcept nogil:
    """Trade with a resting order at its price; the taker's reservation is left to the caller."""
    # The next one has been asked for, and names the one after it.
    prefetch(order_at(v, order_at(v, maker.next).next))
    release(v, book, maker, qty)
    take_resting(v, level, maker, qty)
    taker.open -= qty
    settle(v, book, maker.account, taker.account, order_side(taker), level.price, qty)
    emit(
        event_next(v), TRADE, book.number, maker.id, taker.id, level.price, qty, maker.open,
        taker.open, order_side(taker), 0, 0
    )
    print_price(v, book, level.price)
    after_fill(v, book, level, maker)


cdef inline void advance_queue(Venue* v, Level* level, int64_t lots) noexcept nogil:
    """Move every order up by external lots that left from the front."""
    cdef uint32_t slot = level.head
    cdef Order* o
    cdef Extra* extra
    while slot:
        o = order_at(v, slot)
        if o.extra:
            extra = extra_at(v, o.extra)
            extra.ahead -= min(extra.ahead, lots)
        slot = o.next


cdef inline void hit_external(
    Venue* v, Book* book, Level* level, Order* taker, int64_t qty
) noexcept nogil:
    """Take external lots from the front of a level; they stay taken. Otherwise as `hit`."""
    taker.open -= qty
    external_at(v, level.external).taken += qty
    advance_queue(v, level, qty)
    settle(v, book, 0, taker.account, order_side(taker), level.price, qty)
    emit(
        event_next(v), TRADE, book.number, 0, taker.id, level.price, qty, external_left(v, level),
        taker.open, order_side(taker), 0, 0
    )
    print_price(v, book, level.price)


# Self-trade prevention. Each answers whether the taker is still open.

cdef inline bint is_own(const Order* taker, const Order* maker) noexcept nogil:
    return order_stp(taker) != STP_NONE and taker.account == maker.account


cdef inline bint blocks(const Order* taker) noexcept nogil:
    """Whether a taker never gets past an order of its own account."""
    return order_stp(taker) != STP_NONE and order_stp(taker) != STP_CANCEL_MAKER


cdef inline void emit_replaced(
    Venue* v, const Order* o, int64_t price, int64_t qty, int kept
) noexcept nogil:
    emit(event_next(v), REPLACED, o.instrument, o.id, 0, price, qty, qty, 0, order_side(o), 0, kept)


cdef inline void shrink_resting(Venue* v, Level* level, Order* o, int64_t qty) noexcept nogil:
    """Lower a resting order's open lots in place, keeping what is displayed where possible."""
    cdef int64_t before = displayed(v, o)
    level.total -= o.open - qty
    o.open = qty
    if o.extra:
        extra_at(v, o.extra).visible = min(extra_at(v, o.extra).visible, qty)
    level.displayed -= before - displayed(v, o)


cdef inline bint decrement(
    Venue* v, Book* book, Level* level, Order* taker, Order* maker
) noexcept nogil:
    """Shrink both by the smaller; the exhausted is canceled, the survivor is replaced."""
    cdef int64_t common = min(taker.open, maker.open)
    cdef bint maker_left = maker.open > common
    cdef bint taker_left = taker.open > common
    release(v, book, maker, common)
    release(v, book, taker, common)
    shrink_resting(v, level, maker, maker.open - common)
    taker.open -= common
    if not maker_left:
        cancel_order(v, book, maker, SELF_TRADE)
    if not taker_left:
        cancel_order(v, book, taker, SELF_TRADE)
    if maker_left:
        emit_replaced(v, maker, maker.price, maker.open, 1)
        emit_book(v, maker, level, displayed(v, maker), 0)
    if taker_left:
        emit_replaced(v, taker, taker.price, taker.open, 1)
    return taker_left


cdef inline bint prevent(
    Venue* v, Book* book, Level* level, Order* taker, Order* maker
) noexcept nogil:
    """Do what the taker's mode says on meeting an order of its own account."""
    cdef int mode = order_stp(taker)
    if mode == STP_DECREMENT:
        return decrement(v, book, level, taker, maker)
    if mode != STP_CANCEL_TAKER:
        cancel_order(v, book, maker, SELF_TRADE)
    if mode != STP_CANCEL_MAKER:
        cancel_order(v, book, taker, SELF_TRADE)
        return False
    return True


# Levels. The level that is being matched is pinned: it outlives its last order until it is tidied.

cdef inline bint match_fifo(
    Venue* v, Book* book, Level* level, Order* taker
) noexcept nogil:
    """Match at one level in queue order; answers whether the taker is still open."""
    cdef Order* head
    cdef int64_t lots
    cdef int64_t before = taker.open
    while taker.open:
        if not level.head:
            lots = external_left(v, level)
            if lots:
                hit_external(v, book, level, taker, min(taker.open, lots))
            break
        head = order_at(v, level.head)
        if rarely(has_left(head)):
            bury_all(v)
            continue
        lots = ahead_of(v, head)
        if rarely(lots):
            hit_external(v, book, level, taker, min(taker.open, lots))
        elif rarely(is_own(taker, head)):
            release_since(v, book, taker, before)
            if not prevent(v, book, level, taker, head):
                return False
            before = taker.open
        else:
            hit(v, book, level, taker, head, min(taker.open, displayed(v, head)))
    release_since(v, book, taker, before)
    return True


cdef inline int64_t pro_rata_share(
    const Book* book, int64_t qty, int64_t size, int64_t total
) noexcept nogil:
    cdef int64_t share = xq_share(qty, size, total)
    return share if share >= book.min_share else 0


cdef struct Shares:
    # One round of allocation: lots to share, their displayed total, what rounding left over.
    int64_t qty
    int64_t total
    int64_t left


cdef inline Shares shares_of(
    Venue* v, const Book* book, const Level* level, int64_t qty, int64_t external
) noexcept nogil:
    """Prepare a round; with top-of-book priority the first order stands outside it."""
    cdef Shares shares
    cdef uint32_t slot = level.head
    shares.qty = qty
    shares.total = level.displayed + external
    shares.left = 0
    if qty >= shares.total:
        return shares
    if book.top_order and slot:
        shares.total -= displayed(v, order_at(v, slot))
        shares.qty -= min(qty, displayed(v, order_at(v, slot)))
        slot = order_at(v, slot).next
    shares.left = shares.qty
    while slot:
        shares.left -= pro_rata_share(
            book, shares.qty, displayed(v, order_at(v, slot)), shares.total
        )
        slot = order_at(v, slot).next
    if external:
        shares.left -= pro_rata_share(book, shares.qty, external, shares.total)
    return shares


cdef inline int64_t share_of(
    const Book* book, Shares* shares, int64_t size
) noexcept nogil:
    """Return the next participant's lots, its proportion and what it gets of the rest."""
    cdef int64_t share = pro_rata_share(book, shares.qty, size, shares.total)
    cdef int64_t more = min(shares.left, size - share)
    shares.left -= more
    return share + more


cdef inline bint resolve_own(
    Venue* v, Book* book, Level* level, Order* taker
) noexcept nogil:
    """Deal with every own order of a level before it is shared."""
    cdef uint32_t slot = level.head
    cdef uint32_t count = level.count
    cdef uint32_t following
    cdef Order* o
    while count and taker.open:
        count -= 1
        o = order_at(v, slot)
        following = o.next
        if is_own(taker, o) and not prevent(v, book, level, taker, o):
            return False
        slot = following
    return True


cdef inline bint match_pro_rata(
    Venue* v, Book* book, Level* level, Order* taker
) noexcept nogil:
    """Match at one level in shares; answers whether the taker is still open."""
    cdef int64_t before
    cdef int64_t outside
    cdef int64_t qty
    cdef int64_t size
    cdef int64_t lots
    cdef uint32_t count
    cdef uint32_t at
    cdef uint32_t following
    cdef bint all_of_it
    cdef bint top
    cdef Order* o
    cdef Shares shares
    bury_all(v)
    if order_stp(taker) != STP_NONE and level.count:
        if not resolve_own(v, book, level, taker):
            return False
    before = taker.open
    while taker.open and (level.count or external_left(v, level)):
        outside = external_left(v, level)
        qty = taker.open
        all_of_it = qty >= level.displayed + outside
        shares = shares_of(v, book, level, qty, outside)
        top = book.top_order and not all_of_it
        at = level.head
        count = level.count
        while count:
            count -= 1
            o = order_at(v, at)
            following = o.next
            size = displayed(v, o)
            if all_of_it:
                lots = size
            elif top:
                lots = min(qty, size)
                top = False
            else:
                lots = share_of(book, &shares, size)
            if lots:
                hit(v, book, level, taker, o, lots)
            at = following
        if outside:
            lots = outside if all_of_it else share_of(book, &shares, outside)
            if lots:
                hit_external(v, book, level, taker, lots)
    release_since(v, book, taker, before)
    return True


cdef inline bint reaches(const Order* taker, int64_t price) noexcept nogil:
    """Whether an entering order's limit reaches a level of the other side."""
    # Sides come in no order: the difference's sign is turned instead of asked.
    cdef int64_t over = (price - taker.price) * (1 - 2 * order_side(taker))
    return over <= 0 or order_type(taker) != TYPE_LIMIT


cdef inline bint match(Venue* v, Book* book, Order* taker) noexcept nogil:
    """Match an entering order until it is done, blocked, or would print beyond the band."""
    cdef int other = 1 - order_side(taker)
    cdef int64_t reference = book.last
    cdef uint32_t slot = book.best[other]
    cdef Level* level
    cdef bint open
    while slot and taker.open:
        level = level_at(v, slot)
        if not reaches(taker, level.price):
            return True
        if rarely(beyond(level.price, reference, book.halt_band)):
            set_book_state(v, book, STATE_HALTED)
            return True
        v.pinned = slot
        if rarely(book.pro_rata):
            open = match_pro_rata(v, book, level, taker)
        else:
            open = match_fifo(v, book, level, taker)
        v.pinned = 0
        if open and level.head and not taker.open:
            if v.orders.used > v.orders_far:
                front_ask(v, level)
            return True
        # What waits to join a level may be better than the next one there is.
        settle_all(v)
        if not open:
            level_tidy(v, book, other, slot)
            return False
        slot = level_left(v, book, other, slot)
    return True


# What could be matched.

cdef inline int64_t before_own(
    Venue* v, const Level* level, const Order* taker, int64_t* reachable
) noexcept nogil:
    """Return own lots of a level; `reachable` gets what stands before the first of them."""
    cdef uint32_t slot
    cdef int64_t own = 0
    cdef int64_t shown = 0
    cdef Order* o
    bury_all(v)
    slot = level.head
    while slot:
        o = order_at(v, slot)
        if is_own(taker, o):
            if not own:
                reachable[0] = shown + ahead_of(v, o)
            own += o.open
        shown += displayed(v, o)
        slot = o.next
    return own


cdef inline bint fillable(Venue* v, Book* book, const Order* taker) noexcept nogil:
    """Whether an entering order would trade whole at once, as matching would do it."""
    cdef int other = 1 - order_side(taker)
    cdef uint32_t slot = book.best[other]
    cdef Level* level
    cdef int64_t left = taker.open
    cdef int64_t own
    cdef int64_t reachable
    while slot and left > 0:
        level = level_at(v, slot)
        if not reaches(taker, level.price) or beyond(level.price, book.last, book.halt_band):
            return False
        own = 0
        reachable = 0
        if order_stp(taker) != STP_NONE:
            own = before_own(v, level, taker, &reachable)
        if own and blocks(taker):
            return not book.pro_rata and reachable >= left
        left -= level.total - own + external_left(v, level)
        slot = level_after(v, book, other, slot)
    return left <= 0


cdef inline void market_cost(
    Venue* v, Book* book, const Order* taker, xq_wide* cost
) noexcept nogil:
    """Set what an entering market purchase may need now, fee included.

    Own orders that would be cancelled are passed over; all else counts as if it traded.
    """
    cdef uint32_t slot = book.best[1]
    cdef Level* level
    cdef int64_t left = taker.open
    cdef int64_t lots
    cdef int64_t ignored = 0
    cdef xq_wide amount
    xq_wide_set(&amount, 0, 0)
    while slot and left:
        level = level_at(v, slot)
        if beyond(level.price, book.last, book.halt_band):
            break
        lots = level.total + external_left(v, level)
        if order_stp(taker) == STP_CANCEL_MAKER:
            lots -= before_own(v, level, taker, &ignored)
        lots = min(lots, left)
        xq_wide_add_product(&amount, lots, level.price)
        left -= lots
        slot = level_after(v, book, 1, slot)
    xq_wide_cost(cost, &amount, book.quote_unit, book.hold_fee)


cdef inline void enter(Venue* v, Book* book, Order* o) noexcept nogil:
    """Match an order, then rest or expire what is left of it."""
    cdef uint32_t best = book.best[1 - order_side(o)]
    if book.state == STATE_OPEN and best and reaches(o, level_at(v, best).price):
        if rarely(order_tif(o) == TIF_FOK) and not fillable(v, book, o):
            expire_order(v, book, o)
            return
        if rarely(not match(v, book, o)):
            return
    if not o.open:
        end(v, book, o)
    elif order_rests(o):
        rest(v, book, o)
    else:
        expire_order(v, book, o)
