# Commands about state, money and the outside.

from libc.stdint cimport int64_t, uint32_t

from .auction cimport open_book
from .entry cimport PRICE_MAX, QTY_MAX, settle_stops
from .event cimport emit, event_next, refuse
from .leaving cimport bury_all
from .match cimport set_book_state
from .mirror cimport clear_taken, print_outside, set_shown
from .money cimport balance_at, xq_too_much, xq_wide_add
from .venue cimport (
    ASSETS_MAX, BAD_ACCOUNT, BAD_COMMAND, BAD_INSTRUMENT, BAD_PRICE, BAD_QTY, BAD_TYPE,
    DEPOSITED, HALTED, OK, OP_EXTERNAL_CLEAR, OP_EXTERNAL_SET, SIDE_SELL, STATE_AUCTION,
    STATE_OPEN, Book, Venue,
)


cdef inline int set_state(Venue* v, uint32_t instrument, int64_t state) noexcept nogil:
    """Change a book's trading state; opening it runs the uncross."""
    if instrument >= v.books_len:
        return refuse(v, BAD_INSTRUMENT, instrument, 0)
    if state < STATE_OPEN or state > STATE_AUCTION:
        return refuse(v, BAD_COMMAND, instrument, 0)
    bury_all(v)
    if state == STATE_OPEN:
        open_book(v, v.books[instrument])
        settle_stops(v, v.books[instrument])
    else:
        set_book_state(v, v.books[instrument], <int>state)
    return OK


cdef inline int deposit(Venue* v, uint32_t account, int64_t asset, int64_t amount) noexcept nogil:
    """Credit an account, for which room was promised; it is limited from then on."""
    if account == 0 or account >= v.accounts_max:
        return refuse(v, BAD_ACCOUNT, 0, 0)
    if asset < 0 or asset >= ASSETS_MAX:
        return refuse(v, BAD_COMMAND, 0, 0)
    if amount <= 0 or xq_too_much(amount, 1, 1):
        return refuse(v, BAD_QTY, 0, 0)
    v.funded[account] = 1
    xq_wide_add(&balance_at(v, account, <uint32_t>asset).total, amount)
    emit(event_next(v), DEPOSITED, 0, 0, account, asset, amount, 0, 0, 0, 0, 0)
    return OK


cdef inline int external(
    Venue* v, int op, uint32_t instrument, int side, int64_t price, int64_t qty
) noexcept nogil:
    """Take one figure from the outside. Room was promised."""
    cdef Book* book
    if instrument >= v.books_len:
        return refuse(v, BAD_INSTRUMENT, instrument, 0)
    if side > SIDE_SELL:
        return refuse(v, BAD_TYPE, instrument, 0)
    if price <= 0 or price > PRICE_MAX:
        return refuse(v, BAD_PRICE, instrument, 0)
    book = v.books[instrument]
    if qty < 0 or qty > QTY_MAX or xq_too_much(price, qty, book.quote_unit):
        return refuse(v, BAD_QTY, instrument, 0)
    bury_all(v)
    if op == OP_EXTERNAL_SET:
        set_shown(v, book, side, price, qty)
    elif op == OP_EXTERNAL_CLEAR:
        clear_taken(v, book, side, price)
    elif book.state != STATE_OPEN:
        return refuse(v, HALTED, instrument, 0)
    else:
        print_outside(v, book, side, price, qty)
        settle_stops(v, book)
    return OK
