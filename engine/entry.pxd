# Commands about orders: new, cancel, cancel all, replace; and the stops that enter after them.

from libc.stdint cimport int64_t, uint32_t, uint64_t

from .book cimport (
    better, cancel_order, cancel_simple, displayed, expire_order, extra_of, forget, level_prefetch,
    order_prefetch, unrest, wait_as_stop,
)
from .event cimport emit, event_next, emit_book, refuse
from .expiry cimport expiry_pop, expiry_push
from .idmap cimport (
    id_add, id_find, id_guess, id_is_open, id_prefetch, id_take, key_prefetch,
)
from .ladder cimport ladder_ask, ladder_guess
from .leaving cimport bury_all, bury_early
from .match cimport (
    beyond, emit_replaced, enter, market_cost, reach, shrink_resting, sort_reached,
)
from .memory cimport prefetch
from .money cimport (
    bound_of, covers, covers_units, held, hold, hold_units, need, spent_asset, xq_over, xq_too_much,
)
from .pool cimport pool_give, pool_take
from .queue cimport front_ask_more
from .room cimport room_reserve
from .roster cimport roster_add, roster_reserve
from .venue cimport (
    ACCEPTED, BAD_ACCOUNT, BAD_ID, BAD_INSTRUMENT, BAD_PRICE, BAD_QTY, BAD_TYPE, DUPLICATE_ID,
    HALTED, INSUFFICIENT_BALANCE, OK, PLACE_BOOK, PLACE_NONE, PLACE_STOP,
    PRICE_BAND, SIDE_BUY, SIDE_SELL, STATE_AUCTION, STATE_CANCEL_ONLY, STATE_HALTED, STATE_OPEN,
    STP_DECREMENT, TIF_DAY, TIF_FOK, TIF_GTD, TIF_IOC, TOO_MANY_ORDERS, TRIGGERED, TYPE_LIMIT,
    TYPE_MARKET, TYPE_STOP, TYPE_STOP_LIMIT, UNKNOWN_ORDER, WOULD_CROSS, Book, Command, Extra,
    Order, Roster, Venue, extra_at, level_at, order_at, order_place, order_post_only, order_put,
    order_rests, rarely, order_set_terms, order_set_type, order_side, order_tif, order_type,
    xq_wide,
)
from .waiting cimport (
    cancel_later, cancel_unseen, may_wait, move_later, only_rests, only_takes, rest_later,
    settle_all, settle_best, settle_early,
)

cdef extern from *:
    """
    #define XQ_KEEP INT64_MIN
    #define XQ_PRICE_MAX (INT64_C(1) << 40)
    #define XQ_QTY_MAX (INT64_C(1) << 40)
    /* A limit order of known side, GTC, IOC, FOK or DAY, of a mode below decrement and with
       nothing more; most are. The first bytes are op, side, type, tif, stp and post_only. */
    #define XQ_NOT_PLAIN UINT64_C(0x0000FFFCFCFFFE00)
    #define xq_is_plain(c) (!((*(const xq_first_bytes*)(c) & XQ_NOT_PLAIN) \
        | (uint64_t)(c)->stop_price | (uint64_t)(c)->display | (uint64_t)(c)->expire_at))
    typedef uint64_t __attribute__((may_alias)) xq_first_bytes;
    """
    bint is_plain "xq_is_plain"(const Command* c) noexcept nogil
    int64_t KEEP "XQ_KEEP"
    int64_t PRICE_MAX "XQ_PRICE_MAX"
    int64_t QTY_MAX "XQ_QTY_MAX"


# Checks, in the documented sequence.

cdef inline bint takes_none(const Book* book) noexcept nogil:
    return book.state == STATE_HALTED or book.state == STATE_CANCEL_ONLY


cdef inline int check_form(const Command* c) noexcept nogil:
    """Check that the order's kinds fit together."""
    cdef bint at_once = c.tif == TIF_IOC or c.tif == TIF_FOK
    if c.side > SIDE_SELL or c.type > TYPE_STOP_LIMIT or c.tif > TIF_GTD:
        return BAD_TYPE
    if c.stp > STP_DECREMENT or c.expire_at < 0 or (c.tif == TIF_GTD) != (c.expire_at > 0):
        return BAD_TYPE
    if c.post_only and (c.type != TYPE_LIMIT or at_once):
        return BAD_TYPE
    if c.display and (c.type == TYPE_MARKET or c.type == TYPE_STOP):
        return BAD_TYPE
    return OK


cdef inline bint price_wrong(int64_t price, bint needed) noexcept nogil:
    return price <= 0 or price > PRICE_MAX if needed else price != 0


cdef inline int check_numbers(const Book* book, const Command* c) noexcept nogil:
    """Check quantities, then prices, then their product."""
    cdef bint has_price = c.type == TYPE_LIMIT or c.type == TYPE_STOP_LIMIT
    cdef bint has_stop = c.type == TYPE_STOP or c.type == TYPE_STOP_LIMIT
    if c.qty <= 0 or c.qty > QTY_MAX or c.display < 0 or c.display > c.qty:
        return BAD_QTY
    if price_wrong(c.price, has_price) or price_wrong(c.stop_price, has_stop):
        return BAD_PRICE
    if xq_over(c.price if has_price else c.stop_price, c.qty, book.notional_max):
        return BAD_QTY
    return OK


cdef inline int check_plain(const Book* book, const Command* c) noexcept nogil:
    """Check the numbers of a plain order, which is well-formed."""
    if rarely(<uint64_t>c.qty - 1 >= <uint64_t>QTY_MAX):
        return BAD_QTY
    if rarely(<uint64_t>c.price - 1 >= <uint64_t>PRICE_MAX):
        return BAD_PRICE
    return BAD_QTY if rarely(xq_over(c.price, c.qty, book.notional_max)) else OK


cdef inline bint would_cross(
    Venue* v, const Book* book, int side, int64_t price
) noexcept nogil:
    """Whether a limit order would match at once."""
    cdef uint32_t slot = book.best[1 - side]
    if not slot:
        return False
    if side == SIDE_BUY:
        return level_at(v, slot).price <= price
    return level_at(v, slot).price >= price


cdef inline bint can_pay(Venue* v, Book* book, const Order* o, int64_t units) noexcept nogil:
    """Whether the account covers what the order may need, `units` when it has a limit."""
    cdef xq_wide cost
    cdef int side = order_side(o)
    if not v.funded[o.account]:
        return True
    if rarely(order_type(o) == TYPE_MARKET and side == SIDE_BUY):
        market_cost(v, book, o, &cost)
        return covers(v, o.account, book.quote, &cost)
    return covers_units(v, o.account, spent_asset(book, side), units)


cdef inline int check_market(
    Venue* v, Book* book, const Command* c, const Order* o, int64_t units
) noexcept nogil:
    """Check a well-formed order against the book, the account and the limits."""
    if rarely(book.state == STATE_AUCTION) and not order_rests(o):
        if c.type == TYPE_LIMIT or c.type == TYPE_MARKET:
            return HALTED
    if c.price and beyond(c.price, book.last, book.collar):
        return PRICE_BAND
    if c.post_only and would_cross(v, book, c.side, c.price):
        return WOULD_CROSS
    if rarely(not can_pay(v, book, o, units)):
        # What was cancelled unseen has not given back yet.
        settle_all(v)
        if not can_pay(v, book, o, units):
            return INSUFFICIENT_BALANCE
    if v.open_orders >= v.orders_max:
        return TOO_MANY_ORDERS
    return OK


# Stops.

cdef inline bint stop_holds(Venue* v, const Book* book, const Order* o) noexcept nogil:
    """Whether the last trade is at or through a stop's price."""
    cdef int64_t stop_price = extra_at(v, o.extra).stop_price
    if not book.last:
        return False
    return book.last >= stop_price if order_side(o) == SIDE_BUY else book.last <= stop_price


cdef inline void trigger(Venue* v, Book* book, Order* o) noexcept nogil:
    """Turn a reached stop into the order that it stands for, and let it enter."""
    cdef Extra* extra = extra_at(v, o.extra)
    emit(
        event_next(v), TRIGGERED, o.instrument, o.id, 0, extra.stop_price, 0, o.open, 0,
        order_side(o), 0, 0
    )
    hold(v, book, o, -1)
    order_set_type(o, TYPE_MARKET if order_type(o) == TYPE_STOP else TYPE_LIMIT)
    order_put(o, PLACE_NONE)
    extra.stop_price = 0
    if not can_pay(v, book, o, held(v, book, o)):
        refuse(v, INSUFFICIENT_BALANCE, o.instrument, o.id)
        forget(v, o)
        return
    hold(v, book, o, 1)
    enter(v, book, o)


cdef inline void settle_stops(Venue* v, Book* book) noexcept nogil:
    """Let reached stops enter one after another; they wait on when the book is not open."""
    cdef Order* o
    cdef size_t at = 0
    while at < v.reached_len:
        # The room of each entering order is promised before it enters.
        if not room_reserve(v):
            v.broken = 1
            break
        o = order_at(v, v.reached[at].slot)
        if book.state == STATE_OPEN:
            trigger(v, book, o)
        else:
            wait_as_stop(v, book, o)
        at += 1
    v.reached_len = 0


# New orders.

cdef inline void describe(Order* o, const Command* c) noexcept nogil:
    """Fill a fresh order from a well-formed command."""
    o.id = c.id
    o.price = c.price
    o.open = c.qty
    o.account = c.account
    o.extra = 0
    o.instrument = c.instrument
    order_set_terms(o, c.side, c.type, c.tif, c.post_only, c.stp)


cdef inline void accept(
    Venue* v, Book* book, const Command* c, Order* o, uint32_t slot, int64_t units
) noexcept nogil:
    """Take a checked order into the tables and the money, and report it."""
    cdef Extra* extra
    v.entries += 1
    o.entry = v.entries
    if rarely(c.display or c.stop_price or c.expire_at):
        extra = extra_of(v, o)
        extra.peak = c.display
        extra.stop_price = c.stop_price
        extra.expire_at = c.expire_at
    id_add(v, o.id, slot)
    roster_add(v, o)
    if rarely(c.expire_at):
        expiry_push(v, c.expire_at, o.entry, o.id)
    hold_units(v, book, o, units)
    emit(
        event_next(v), ACCEPTED, book.number, o.id, o.account, o.price, o.open, o.open, 0,
        c.side, 0, 0
    )


cdef inline int check_new(Venue* v, const Command* c) noexcept nogil:
    """Check what needs no order yet, in the documented sequence."""
    cdef Book* book
    cdef int reason
    if c.instrument >= v.books_len:
        return BAD_INSTRUMENT
    if c.account == 0 or c.account >= v.accounts_max:
        return BAD_ACCOUNT
    book = v.books[c.instrument]
    if takes_none(book):
        return HALTED
    if not c.id:
        return BAD_ID
    if id_is_open(v, c.id):
        return DUPLICATE_ID
    if is_plain(c):
        return check_plain(book, c)
    reason = check_form(c)
    return reason if reason else check_numbers(book, c)


cdef inline int new_order(Venue* v, const Command* c) noexcept nogil:
    """Enter an order; returns 0 or the reason of its refusal. Room was promised."""
    cdef Book* book
    cdef Order* o
    cdef uint32_t slot
    cdef int reason
    cdef int64_t units
    cdef uint32_t level = 0
    cdef bint far = v.levels.used > v.levels_near and v.books_len
    cdef bint later = may_wait(v) and is_plain(c)
    front_ask_more(v)
    if far and not later:
        level = ladder_guess(v, c.instrument, c.side, c.price)
        level_prefetch(v, level)
    reason = check_new(v, c)
    if rarely(reason):
        return refuse(v, reason, c.instrument, c.id)
    book = v.books[c.instrument]
    if later and only_takes(v, book, c):
        later = False
        settle_best(v, book, 1 - c.side)
    else:
        later = later and only_rests(v, book, c)
        if not later:
            settle_all(v)
            if far:
                prefetch(order_at(v, level_at(v, level).tail))
    slot = pool_take(&v.orders)
    o = order_at(v, slot)
    describe(o, c)
    units = need(
        book, c.side, c.type, c.stop_price if c.type == TYPE_STOP else c.price, c.qty
    )
    reason = check_market(v, book, c, o, units)
    if rarely(reason):
        pool_give(&v.orders, slot)
        return refuse(v, reason, c.instrument, c.id)
    accept(v, book, c, o, slot, units)
    if later:
        rest_later(v, book, o)
        return OK
    if rarely(c.type == TYPE_STOP or c.type == TYPE_STOP_LIMIT):
        place_stop(v, book, c, o)
    elif rarely(c.tif == TIF_GTD) and c.expire_at <= v.now:
        expire_order(v, book, o)
    else:
        enter(v, book, o)
    if rarely(v.reached_len):
        settle_all(v)
        settle_stops(v, book)
    return OK


cdef inline void place_stop(Venue* v, Book* book, const Command* c, Order* o) noexcept nogil:
    """Let a new stop wait, or be reached at once."""
    if c.tif == TIF_GTD and c.expire_at <= v.now:
        expire_order(v, book, o)
    elif book.state == STATE_OPEN and stop_holds(v, book, o):
        reach(v, o)
    else:
        wait_as_stop(v, book, o)


# Changes to open orders.

cdef inline int cancel(Venue* v, uint64_t id) noexcept nogil:
    """Cancel an open order."""
    cdef uint32_t slot
    cdef Order* o
    cdef Book* book
    front_ask_more(v)
    if v.single and v.orders.used > v.orders_near and v.ids_size:
        # Its bucket, then its row: while memory looks for them what was put off is done.
        id_prefetch(v, id)
        key_prefetch(v, id)
        settle_early(v)
        bury_early(v)
        if may_wait(v) and not v.books_halted:
            slot = id_take(v, id)
            if not rarely(not slot):
                cancel_unseen(v, slot)
                return OK
        prefetch(order_at(v, id_guess(v, id)))
        bury_early(v)
    slot = id_find(v, id)
    if rarely(not slot):
        return refuse(v, UNKNOWN_ORDER, 0, id)
    o = order_at(v, slot)
    book = v.books[o.instrument]
    if rarely(book.state == STATE_HALTED):
        return refuse(v, HALTED, o.instrument, id)
    if rarely(order_place(o) != PLACE_BOOK or o.extra):
        settle_all(v)
        cancel_order(v, book, o, 0)
    elif may_wait(v):
        cancel_later(v, book, o)
    else:
        settle_all(v)
        cancel_simple(v, book, o)
    return OK


cdef inline void reach_roster(
    Venue* v, uint32_t account, uint32_t instrument, bint of_day
) noexcept nogil:
    """Collect an account's open orders of one instrument, or the DAY orders among them."""
    cdef Roster* roster = &v.rosters[account]
    cdef uint32_t at
    cdef Order* o
    bury_all(v)
    for at in range(roster.len):
        o = order_at(v, roster.slots[at])
        if o.instrument == instrument and (not of_day or order_tif(o) == TIF_DAY):
            reach(v, o)


cdef inline int cancel_all(Venue* v, uint32_t instrument, uint32_t account) noexcept nogil:
    """Cancel an account's open orders of one instrument, in the order of acceptance."""
    cdef size_t at
    cdef Book* book
    if instrument >= v.books_len:
        return refuse(v, BAD_INSTRUMENT, instrument, 0)
    if account == 0 or account >= v.accounts_max:
        return refuse(v, BAD_ACCOUNT, instrument, 0)
    book = v.books[instrument]
    if book.state == STATE_HALTED:
        return refuse(v, HALTED, instrument, 0)
    if account < v.accounts_cap:
        reach_roster(v, account, instrument, False)
    sort_reached(v, 0)
    for at in range(v.reached_len):
        cancel_order(v, book, order_at(v, v.reached[at].slot), 0)
    v.reached_len = 0
    return OK


cdef inline int check_replace(
    Venue* v, Book* book, const Order* o, int64_t price, int64_t qty
) noexcept nogil:
    """Check a replace; `price` is the limit wanted, or the 0 that a stop order has."""
    cdef int side = order_side(o)
    cdef int kind = order_type(o)
    cdef int64_t bound
    cdef int64_t more
    if takes_none(book):
        return HALTED
    if qty <= 0 or qty > QTY_MAX:
        return BAD_QTY
    if price_wrong(price, kind != TYPE_STOP):
        return BAD_PRICE
    bound = extra_at(v, o.extra).stop_price if kind == TYPE_STOP else price
    if xq_too_much(bound, qty, book.quote_unit):
        return BAD_QTY
    if price != o.price and beyond(price, book.last, book.collar):
        return PRICE_BAND
    if order_post_only(o) and would_cross(v, book, side, price):
        return WOULD_CROSS
    more = need(book, side, kind, bound, qty)
    more -= need(book, side, kind, bound_of(v, o), o.open)
    if more > 0 and not covers_units(v, o.account, spent_asset(book, side), more):
        return INSUFFICIENT_BALANCE
    return OK


cdef inline void replace_waiting(
    Venue* v, Book* book, Order* o, int64_t price, int64_t qty
) noexcept nogil:
    """Change a waiting stop where it stands."""
    hold(v, book, o, -1)
    o.price = price
    o.open = qty
    hold(v, book, o, 1)
    emit_replaced(v, o, price, qty, 1)


cdef inline void replace_smaller(Venue* v, Book* book, Order* o, int64_t qty) noexcept nogil:
    """Lower a resting order's quantity where it stands."""
    hold(v, book, o, -1)
    shrink_resting(v, level_at(v, o.level), o, qty)
    hold(v, book, o, 1)
    emit_replaced(v, o, o.price, qty, 1)
    emit_book(v, o, level_at(v, o.level), displayed(v, o), 0)


cdef inline void replace_anew(
    Venue* v, Book* book, Order* o, int64_t price, int64_t qty
) noexcept nogil:
    """Take an order off the book and let it enter again with its new terms."""
    emit_replaced(v, o, price, qty, 0)
    unrest(v, book, o)
    hold(v, book, o, -1)
    o.price = price
    o.open = qty
    hold(v, book, o, 1)
    enter(v, book, o)


cdef inline bint only_moves(
    Venue* v, const Book* book, const Order* o, int64_t price, int64_t qty
) noexcept nogil:
    """Whether a replaced order loses its place, rests elsewhere and does nothing else."""
    cdef uint32_t best = book.best[1 - order_side(o)]
    if order_place(o) != PLACE_BOOK or o.extra or order_post_only(o):
        return False
    if price == o.price and qty < o.open:
        return False
    return not best or better(order_side(o), level_at(v, best).price, price)


cdef inline int replace(Venue* v, uint64_t id, int64_t price, int64_t qty) noexcept nogil:
    """Change an open order's limit and open quantity. Room was promised."""
    cdef uint32_t slot
    cdef Order* o
    cdef Book* book
    cdef int reason
    cdef bint later = may_wait(v)
    if v.ids_size:
        id_prefetch(v, id)
    if later:
        settle_early(v)
        bury_early(v)
    else:
        settle_all(v)
    slot = id_find(v, id)
    if rarely(not slot):
        return refuse(v, UNKNOWN_ORDER, 0, id)
    o = order_at(v, slot)
    order_prefetch(v, o)
    book = v.books[o.instrument]
    if qty == KEEP:
        qty = o.open
    if price == KEEP:
        price = o.price
    elif order_type(o) == TYPE_STOP and price == 0:
        # A stop's limit cannot be set, not even to the nothing that it is.
        price = -1
    if later and not (only_moves(v, book, o, price, qty) and roster_reserve(v, o.account)):
        later = False
        settle_all(v)
    ladder_ask(v, &book.ladder[order_side(o)], price)
    reason = check_replace(v, book, o, price, qty)
    if rarely(reason == INSUFFICIENT_BALANCE):
        # What was cancelled unseen has not given back yet.
        settle_all(v)
        reason = check_replace(v, book, o, price, qty)
    if reason:
        return refuse(v, reason, o.instrument, id)
    if later:
        emit_replaced(v, o, price, qty, 0)
        move_later(v, book, o, price, qty)
        return OK
    if order_place(o) == PLACE_STOP:
        replace_waiting(v, book, o, price, qty)
    elif price == o.price and qty < o.open:
        replace_smaller(v, book, o, qty)
    else:
        replace_anew(v, book, o, price, qty)
    if rarely(v.reached_len):
        settle_stops(v, book)
    return OK


# Time.

cdef inline void advance(Venue* v, int64_t now) noexcept nogil:
    """Move time on (never back) and expire what is due, by (expiry, acceptance)."""
    cdef uint32_t slot
    cdef uint64_t entry
    if now > v.now:
        v.now = now
    while v.expiries_len and v.expiries[0].at <= v.now:
        slot = id_find(v, v.expiries[0].id)
        entry = v.expiries[0].entry
        expiry_pop(v)
        if slot and order_at(v, slot).entry == entry:
            expire_order(v, v.books[order_at(v, slot).instrument], order_at(v, slot))


cdef inline int end_of_day(Venue* v, uint32_t instrument) noexcept nogil:
    """Expire the DAY orders of a book in the order of acceptance."""
    cdef uint32_t account
    cdef size_t at
    if instrument >= v.books_len:
        return refuse(v, BAD_INSTRUMENT, instrument, 0)
    for account in range(v.accounts_cap):
        reach_roster(v, account, instrument, True)
    sort_reached(v, 0)
    for at in range(v.reached_len):
        expire_order(v, v.books[instrument], order_at(v, v.reached[at].slot))
    v.reached_len = 0
    return OK
