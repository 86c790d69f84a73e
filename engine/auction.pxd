# The single-price auction: which price, and the trades at it.

from libc.stdint cimport int64_t, uint32_t

from .book cimport displayed, end, level_after, show_full
from .event cimport emit, event_next, emit_book
from .ladder cimport ladder_next
from .match cimport print_price, set_book_state, take_resting
from .money cimport release, settle
from .venue cimport (
    SIDE_BUY, SIDE_SELL, STATE_OPEN, TRADE, Book, Level, Order, Venue, level_at, order_at,
    order_side,
)

cdef struct Uncross:
    # The best candidates so far: their volume and surplus, and the prices among equals.
    int64_t volume
    int64_t surplus
    int64_t lowest
    int64_t highest
    int64_t nearest
    bint bought
    bint sold


cdef inline int64_t distance(int64_t price, int64_t last) noexcept nogil:
    return price - last if price > last else last - price


cdef inline void consider(
    Uncross* best, int64_t low, int64_t high, int64_t demand, int64_t supply, int64_t last
) noexcept nogil:
    """Weigh a run of ticks between which demand and supply do not change."""
    cdef int64_t volume = min(demand, supply)
    cdef int64_t surplus = demand - supply if demand > supply else supply - demand
    cdef int64_t near = min(max(last, low), high)
    if low > high or volume < best.volume or not volume:
        return
    if volume == best.volume and surplus > best.surplus:
        return
    if volume > best.volume or surplus < best.surplus:
        best.volume = volume
        best.surplus = surplus
        best.lowest = low
        best.nearest = near
        best.bought = True
        best.sold = True
    best.highest = high
    if distance(near, last) < distance(best.nearest, last):
        best.nearest = near
    best.bought = best.bought and demand > supply
    best.sold = best.sold and demand < supply


cdef inline uint32_t front_level(Venue* v, Book* book, int side) noexcept nogil:
    """Return the best level of a side that holds an order of ours, or 0."""
    cdef uint32_t slot = book.best[side]
    while slot and not level_at(v, slot).head:
        slot = level_after(v, book, side, slot)
    return slot


cdef inline Uncross find_uncross(Venue* v, Book* book) noexcept nogil:
    """Sweep the crossed ticks upwards, over asks as they join and bids as they leave."""
    cdef Uncross best
    cdef uint32_t bid = front_level(v, book, SIDE_BUY)
    cdef uint32_t ask = front_level(v, book, SIDE_SELL)
    cdef uint32_t slot = bid
    cdef int64_t high
    cdef int64_t demand = 0
    cdef int64_t supply = 0
    cdef int64_t at
    cdef int64_t following
    best.volume = 0
    best.surplus = 0
    best.lowest = 0
    best.highest = 0
    best.nearest = 0
    best.bought = False
    best.sold = False
    if not bid or not ask or level_at(v, bid).price < level_at(v, ask).price:
        return best
    high = level_at(v, bid).price
    at = level_at(v, ask).price
    # `bid` becomes the lowest bid of the crossed range.
    while slot and level_at(v, slot).price >= at:
        demand += level_at(v, slot).total
        bid = slot
        slot = level_after(v, book, SIDE_BUY, slot)
    while True:
        if ask and level_at(v, ask).price == at:
            supply += level_at(v, ask).total
            ask = level_after(v, book, SIDE_SELL, ask)
        consider(&best, at, at, demand, supply, book.last)
        if at == high:
            return best
        if level_at(v, bid).price == at:
            demand -= level_at(v, bid).total
            bid = ladder_next(v, &book.ladder[SIDE_BUY], at, True)
        following = level_at(v, bid).price
        if ask and level_at(v, ask).price < following:
            following = level_at(v, ask).price
        consider(&best, at + 1, following - 1, demand, supply, book.last)
        at = following


cdef inline int64_t uncross_price(const Uncross* best, int64_t last) noexcept nogil:
    """Return the price: the surplus decides, then the last trade, then the lower price."""
    if best.bought:
        return best.highest
    if best.sold or not last:
        return best.lowest
    return best.nearest


cdef inline void show_again(Venue* v, Book* book, Order* o) noexcept nogil:
    """Report an order after an uncross trade: a full peak in its old place, or its end."""
    cdef Level* level = level_at(v, o.level)
    level.displayed -= displayed(v, o)
    show_full(v, o)
    level.displayed += displayed(v, o)
    if o.open:
        emit_book(v, o, level, displayed(v, o), 0)
    else:
        end(v, book, o)


cdef inline int64_t uncross_pair(
    Venue* v, Book* book, int64_t price, int64_t volume
) noexcept nogil:
    """Trade the first bid with the first ask; returns the lots."""
    cdef Order* bid = order_at(v, level_at(v, front_level(v, book, SIDE_BUY)).head)
    cdef Order* ask = order_at(v, level_at(v, front_level(v, book, SIDE_SELL)).head)
    cdef Order* maker = bid if bid.entry < ask.entry else ask
    cdef Order* taker = ask if maker == bid else bid
    cdef int64_t qty = min(min(bid.open, ask.open), volume)
    release(v, book, maker, qty)
    release(v, book, taker, qty)
    take_resting(v, level_at(v, maker.level), maker, qty)
    take_resting(v, level_at(v, taker.level), taker, qty)
    settle(v, book, maker.account, taker.account, order_side(taker), price, qty)
    emit(
        event_next(v), TRADE, book.number, maker.id, taker.id, price, qty, maker.open, taker.open,
        order_side(taker), 0, 1
    )
    print_price(v, book, price)
    show_again(v, book, maker)
    show_again(v, book, taker)
    return qty


cdef inline void open_book(Venue* v, Book* book) noexcept nogil:
    """Open a book: uncross it, then let the stops in that the last trade reaches."""
    cdef Uncross best
    cdef int64_t price
    set_book_state(v, book, STATE_OPEN)
    best = find_uncross(v, book)
    price = uncross_price(&best, book.last)
    while best.volume:
        best.volume -= uncross_pair(v, book, price, best.volume)
    if book.last:
        print_price(v, book, book.last)
