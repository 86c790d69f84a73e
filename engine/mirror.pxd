# Mirrored liquidity: what a feed says about lots that are not ours.

from libc.stdint cimport int64_t, uint32_t

from .book cimport (
    ahead_of, better, displayed, external_left, extra_of, level_left, level_of, level_tidy,
)
from .event cimport emit, event_next
from .ladder cimport ladder_find
from .match cimport (
    Shares, advance_queue, after_fill, print_price, share_of, shares_of, take_resting,
)
from .money cimport release, settle, xq_share
from .pool cimport pool_give, pool_take
from .venue cimport (
    QUEUE_OPTIMISTIC, QUEUE_PROPORTIONAL, TRADE, Book, External, Level, Order, Venue,
    external_at, level_at, order_at, order_side,
)


cdef inline int64_t moved_up(
    const Book* book, int64_t ahead, int64_t lots, int64_t before
) noexcept nogil:
    """Return how many of `lots` that left a queue of `before` stood ahead of an order."""
    if book.queue_model == QUEUE_OPTIMISTIC:
        return min(ahead, lots)
    if book.queue_model == QUEUE_PROPORTIONAL and before:
        return min(ahead, xq_share(lots, ahead, before))
    return 0


cdef inline void move_queue(
    Venue* v, const Book* book, Level* level, int64_t lots, int64_t before, int64_t left
) noexcept nogil:
    """Move every order up for an unexplained decrease, and not behind what is left."""
    cdef uint32_t slot = level.head
    cdef Order* o
    cdef int64_t ahead
    while slot:
        o = order_at(v, slot)
        ahead = ahead_of(v, o)
        if ahead:
            ahead -= moved_up(book, ahead, lots, before)
            extra_of(v, o).ahead = min(ahead, left)
        slot = o.next


cdef inline void set_shown(
    Venue* v, Book* book, int side, int64_t price, int64_t shown
) noexcept nogil:
    """Set what the outside shows at a price; a decrease moves the queue by the model."""
    cdef uint32_t slot = ladder_find(v, &book.ladder[side], price)
    cdef Level* level
    cdef External* outside
    cdef int64_t unexplained
    cdef int64_t returned
    cdef int64_t before
    if not slot and not shown:
        return
    slot = level_of(v, book, side, price)
    level = level_at(v, slot)
    if not level.external:
        if not shown:
            return
        level.external = pool_take(&v.externals)
        outside = external_at(v, level.external)
        outside.shown = 0
        outside.taken = 0
        outside.printed = 0
    outside = external_at(v, level.external)
    unexplained = max(<int64_t>0, outside.shown - shown)
    unexplained -= min(unexplained, outside.printed)
    outside.printed = 0
    returned = min(outside.taken, unexplained)
    outside.taken -= returned
    unexplained -= returned
    before = outside.shown - outside.taken
    outside.shown = shown
    if not shown:
        outside.taken = 0
    move_queue(v, book, level, unexplained, before, external_left(v, level))
    if not shown:
        pool_give(&v.externals, level.external)
        level.external = 0
        level_tidy(v, book, side, slot)


cdef inline void clear_taken(Venue* v, Book* book, int side, int64_t price) noexcept nogil:
    """Forget what our orders took at a price: the outside is believed as it shows itself."""
    cdef uint32_t slot = ladder_find(v, &book.ladder[side], price)
    if slot and level_at(v, slot).external:
        external_at(v, level_at(v, slot).external).taken = 0


cdef inline void print_external(Venue* v, Level* level, int64_t lots) noexcept nogil:
    """Let a print consume external lots from the front of a level."""
    if lots:
        external_at(v, level.external).printed += lots
        advance_queue(v, level, lots)


cdef inline int64_t print_order(
    Venue* v, Book* book, Level* level, Order* o, int64_t qty, int64_t left
) noexcept nogil:
    """Fill one of our orders from outside; returns the print's lots left."""
    cdef int aggressor = 1 - order_side(o)
    release(v, book, o, qty)
    take_resting(v, level, o, qty)
    settle(v, book, o.account, 0, aggressor, level.price, qty)
    emit(
        event_next(v), TRADE, book.number, o.id, 0, level.price, qty, o.open, left - qty, aggressor, 0, 0
    )
    print_price(v, book, level.price)
    after_fill(v, book, level, o)
    return left - qty


cdef inline int64_t print_fifo(
    Venue* v, Book* book, Level* level, int64_t left, bint use_external
) noexcept nogil:
    """Spend a print's lots at one level in queue order; returns those left over."""
    cdef Order* head
    cdef int64_t lots
    while left and level.head:
        head = order_at(v, level.head)
        lots = min(left, ahead_of(v, head))
        if use_external and lots:
            print_external(v, level, lots)
            left -= lots
        else:
            left = print_order(v, book, level, head, min(left, displayed(v, head)), left)
    if use_external:
        lots = min(left, external_left(v, level))
        print_external(v, level, lots)
        left -= lots
    return left


cdef inline int64_t print_pro_rata(
    Venue* v, Book* book, Level* level, int64_t left, bint use_external
) noexcept nogil:
    """Spend a print's lots at one level in shares; returns those left over."""
    cdef Shares shares
    cdef int64_t outside
    cdef int64_t qty
    cdef int64_t size
    cdef int64_t lots
    cdef uint32_t count
    cdef uint32_t at
    cdef uint32_t following
    cdef bint all_of_it
    cdef bint top
    while left:
        outside = external_left(v, level) if use_external else 0
        if not level.count and not outside:
            break
        qty = left
        all_of_it = qty >= level.displayed + outside
        shares = shares_of(v, book, level, qty, outside)
        top = book.top_order and not all_of_it
        at = level.head
        count = level.count
        while count:
            count -= 1
            following = order_at(v, at).next
            size = displayed(v, order_at(v, at))
            lots = size
            if top:
                lots = min(qty, size)
                top = False
            elif not all_of_it:
                lots = share_of(book, &shares, size)
            if lots:
                left = print_order(v, book, level, order_at(v, at), lots, left)
            at = following
        if outside:
            lots = outside if all_of_it else share_of(book, &shares, outside)
            print_external(v, level, lots)
            left -= lots
    return left


cdef inline void print_outside(
    Venue* v, Book* book, int side, int64_t price, int64_t qty
) noexcept nogil:
    """Fill our resting orders on `side` as a print of `qty` lots at `price` would have."""
    cdef uint32_t slot = book.best[side]
    cdef Level* level
    cdef int64_t again
    cdef bint at_price
    while slot and qty:
        level = level_at(v, slot)
        if better(side, price, level.price):
            break
        at_price = level.price == price
        if at_price and level.external:
            again = min(external_at(v, level.external).taken, qty)
            external_at(v, level.external).taken -= again
            external_at(v, level.external).printed += again
            qty -= again
        v.pinned = slot
        if book.pro_rata:
            qty = print_pro_rata(v, book, level, qty, at_price)
        else:
            qty = print_fifo(v, book, level, qty, at_price)
        v.pinned = 0
        slot = level_left(v, book, side, slot)
    print_price(v, book, price)
