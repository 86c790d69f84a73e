# Between the venue's memory and the rows of a snapshot.

from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memset

from .book cimport displayed, extra_of, level_of, wait_as_stop
from .expiry cimport expiry_push, expiry_reserve
from .idmap cimport id_add, id_find
from .mirror cimport set_shown
from .money cimport xq_wide_high, xq_wide_low, xq_wide_set
from .pool cimport pool_take
from .queue cimport link
from .room cimport room_reserve
from .roster cimport roster_add, roster_reserve
from .venue cimport (
    PLACE_BOOK, Book, Extra, External, Level, Order, Venue, external_at, extra_at, level_at,
    order_at, order_place, order_post_only, order_put, order_set_terms, order_side, order_stp,
    order_tif, order_type, xq_wide,
)


cdef inline object order_row(Venue* v, Order* o):
    """Return an open order as a snapshot's row."""
    cdef Extra none
    cdef Extra* extra = &none
    cdef bint waiting = order_place(o) != PLACE_BOOK
    memset(&none, 0, sizeof(Extra))
    if o.extra:
        extra = extra_at(v, o.extra)
    return (
        o.id, o.instrument, o.account, order_side(o), order_type(o), order_tif(o),
        order_stp(o), order_post_only(o), int(waiting), o.price, extra.stop_price, o.open,
        extra.peak, 0 if waiting else displayed(v, o), extra.ahead, extra.expire_at,
        o.entry,
    )


cdef inline int put_order(Venue* v, row) except -1:
    """Bring back an order, standing nowhere yet; its account has room."""
    cdef Order* o
    cdef Extra* extra
    cdef uint32_t slot
    order_id, instrument, account, side, kind, tif, stp, post_only = row[:8]
    _, price, stop_price, open_lots, peak, visible, ahead, expire_at, entry = row[8:]
    if not (room_reserve(v) and expiry_reserve(v)):
        raise MemoryError
    if not roster_reserve(v, account):
        raise MemoryError
    slot = pool_take(&v.orders)
    o = order_at(v, slot)
    memset(o, 0, sizeof(Order))
    o.id = order_id
    o.instrument = instrument
    o.account = account
    o.price = price
    o.open = open_lots
    o.entry = entry
    order_set_terms(o, side, kind, tif, post_only, stp)
    if stop_price or peak or ahead or expire_at:
        extra = extra_of(v, o)
        extra.stop_price = stop_price
        extra.peak = peak
        extra.visible = visible
        extra.ahead = ahead
        extra.expire_at = expire_at
    id_add(v, o.id, slot)
    roster_add(v, o)
    if expire_at:
        expiry_push(v, expire_at, entry, order_id)
    return 0


cdef inline int put_external(
    Venue* v, uint32_t number, int side, int64_t price, int64_t shown, int64_t taken,
    int64_t printed
) except -1:
    """Bring back what the outside shows at a level."""
    cdef External* outside
    if not room_reserve(v):
        raise MemoryError
    set_shown(v, v.books[number], side, price, shown)
    outside = external_at(
        v,
        level_at(v, level_of(v, v.books[number], side, price)).external,
    )
    outside.taken = taken
    outside.printed = printed
    return 0


cdef inline int place_order(Venue* v, row) except -1:
    """Bring an order back to the end of its queue, or to where it waits."""
    cdef Order* o = order_at(v, id_find(v, row[0]))
    cdef Book* book = v.books[o.instrument]
    cdef Level* level
    if not room_reserve(v):
        raise MemoryError
    o = order_at(v, id_find(v, row[0]))
    if row[8]:
        wait_as_stop(v, book, o)
        return 0
    o.level = level_of(v, book, order_side(o), o.price)
    level = level_at(v, o.level)
    link(v, level, o)
    level.displayed += displayed(v, o)
    level.total += o.open
    order_put(o, PLACE_BOOK)
    return 0


cdef inline object int_of(const xq_wide* wide):
    return (int(xq_wide_high(wide)) << 64) | int(xq_wide_low(wide))


cdef inline int wide_of(xq_wide* wide, amount) except -1:
    xq_wide_set(wide, amount >> 64, amount & 0xFFFFFFFFFFFFFFFF)
    return 0
