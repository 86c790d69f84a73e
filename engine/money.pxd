# Money: balances, reservations and fees, exact to the last unit.
#
# One amount fits 63 bits (code.AMOUNT_MAX); totals are 128 bits wide, so that no count of trades
# can overflow them. Fees round towards zero: the fees of parts never exceed the fee of the whole,
# so a reservation always covers the trades made from it.

from libc.stdint cimport int64_t, uint32_t, uint64_t

from .venue cimport (
    SIDE_SELL, TYPE_MARKET, TYPE_STOP, Balance, Book, Order, Venue, all_bits, extra_at,
    order_side, order_type, xq_wide,
)

cdef extern from *:
    """
    static inline void xq_wide_add(xq_wide* to, int64_t amount) { *to += amount; }
    static inline int xq_wide_covers(const xq_wide* total, const xq_wide* reserved,
                                     const xq_wide* amount) {
        return *total - *reserved >= *amount;
    }
    static inline void xq_wide_set(xq_wide* to, int64_t high, uint64_t low) {
        *to = (xq_wide)(((unsigned __int128)(uint64_t)high << 64) | low);
    }
    static inline int64_t xq_wide_high(const xq_wide* of) { return (int64_t)(*of >> 64); }
    static inline uint64_t xq_wide_low(const xq_wide* of) { return (uint64_t)*of; }
    /* A fee on one amount of at most 62 bits: mostly one step, else two, no wide division. */
    static inline int64_t xq_fee(int64_t amount, int64_t rate) {
        uint64_t size = (uint64_t)(rate < 0 ? -rate : rate), product, fee;
        if (__builtin_expect(__builtin_mul_overflow((uint64_t)amount, size, &product), 0)) {
            uint64_t whole = (uint64_t)amount / 100000000, rest = (uint64_t)amount % 100000000;
            fee = whole * size + rest * size / 100000000;
        } else {
            fee = product / 100000000;
        }
        return (int64_t)(rate < 0 ? -fee : fee);
    }
    static inline void xq_wide_cost(xq_wide* to, const xq_wide* amount, int64_t unit,
                                    int64_t rate) {
        xq_wide units = *amount * unit;
        *to = units + units / 100000000 * rate + units % 100000000 * rate / 100000000;
    }
    static inline void xq_wide_add_product(xq_wide* to, int64_t a, int64_t b) {
        *to += (xq_wide)a * b;
    }
    static inline int xq_too_much(int64_t price, int64_t qty, int64_t unit) {
        return (xq_wide)price * qty * unit > ((xq_wide)1 << 62);
    }
    static inline int xq_over(int64_t price, int64_t qty, int64_t most) {
        return (xq_wide)price * qty > most;
    }
    static inline int64_t xq_share(int64_t qty, int64_t size, int64_t total) {
        return (int64_t)((xq_wide)qty * size / total);
    }
    """
    void xq_wide_add(xq_wide* to, int64_t amount) noexcept nogil
    int xq_wide_covers(
        const xq_wide* total, const xq_wide* reserved, const xq_wide* amount
    ) noexcept nogil
    void xq_wide_set(xq_wide* to, int64_t high, uint64_t low) noexcept nogil
    int64_t xq_wide_high(const xq_wide* of) noexcept nogil
    uint64_t xq_wide_low(const xq_wide* of) noexcept nogil
    int64_t xq_fee(int64_t amount, int64_t rate) noexcept nogil
    void xq_wide_cost(
        xq_wide* to, const xq_wide* amount, int64_t unit, int64_t rate
    ) noexcept nogil
    void xq_wide_add_product(xq_wide* to, int64_t a, int64_t b) noexcept nogil
    int xq_too_much(int64_t price, int64_t qty, int64_t unit) noexcept nogil
    int xq_over(int64_t price, int64_t qty, int64_t most) noexcept nogil
    int64_t xq_share(int64_t qty, int64_t size, int64_t total) noexcept nogil


cdef inline Balance* balance_at(Venue* v, uint32_t account, uint32_t asset) noexcept nogil:
    return v.balances + <size_t>account * v.assets_cap + asset


cdef inline bint covers(
    Venue* v, uint32_t account, uint32_t asset, const xq_wide* amount
) noexcept nogil:
    """Whether an account can spend an amount more; without a deposit it always can."""
    cdef Balance* balance
    if not v.funded[account]:
        return True
    balance = balance_at(v, account, asset)
    return xq_wide_covers(&balance.total, &balance.reserved, amount)


cdef inline bint covers_units(
    Venue* v, uint32_t account, uint32_t asset, int64_t amount
) noexcept nogil:
    cdef xq_wide wide
    xq_wide_set(&wide, 0, <uint64_t>amount)
    return covers(v, account, asset, &wide)


cdef inline int64_t need(
    const Book* book, int side, int kind, int64_t price, int64_t qty
) noexcept nogil:
    """Return the units that an order with this limit and open quantity reserves."""
    # Both are computed and one is masked out: sides come in no order that could be guessed.
    cdef int64_t base = qty * book.base_unit
    cdef int64_t units = 0 if kind == TYPE_MARKET else price * qty * book.quote_unit
    if book.hold_fee:
        units += xq_fee(units, book.hold_fee)
    return units ^ ((units ^ base) & -<int64_t>(side == SIDE_SELL))


cdef inline int64_t bound_of(Venue* v, const Order* o) noexcept nogil:
    """Return the price that a reservation is made at."""
    return extra_at(v, o.extra).stop_price if order_type(o) == TYPE_STOP else o.price


cdef inline uint32_t spent_asset(const Book* book, int side) noexcept nogil:
    return book.quote ^ ((book.quote ^ book.base) & all_bits(side == SIDE_SELL))


cdef inline int64_t held(Venue* v, const Book* book, const Order* o) noexcept nogil:
    """Return the reservation of an order as it stands now."""
    return need(book, order_side(o), order_type(o), bound_of(v, o), o.open)


cdef inline void hold_units(
    Venue* v, const Book* book, const Order* o, int64_t units
) noexcept nogil:
    """Add to what an order's account has reserved."""
    xq_wide_add(&balance_at(v, o.account, spent_asset(book, order_side(o))).reserved, units)


cdef inline void hold(Venue* v, const Book* book, const Order* o, int sign) noexcept nogil:
    """Add (sign 1) or take off (sign -1) the reservation of an order as it stands now."""
    hold_units(v, book, o, sign * held(v, book, o))


cdef inline void release(
    Venue* v, const Book* book, const Order* o, int64_t qty
) noexcept nogil:
    """Take the reservation of `qty` lots off, before they leave the order's open quantity."""
    cdef int side = order_side(o)
    cdef int kind = order_type(o)
    cdef int64_t units = need(book, side, kind, o.price, o.open)
    if qty < o.open:
        units -= need(book, side, kind, o.price, o.open - qty)
    hold_units(v, book, o, -units)


cdef inline void release_since(
    Venue* v, const Book* book, const Order* o, int64_t before
) noexcept nogil:
    """Take the reservation of all lots off that an order's open quantity lost since `before`."""
    cdef int side = order_side(o)
    cdef int kind = order_type(o)
    cdef int64_t units = need(book, side, kind, o.price, before)
    hold_units(v, book, o, need(book, side, kind, o.price, o.open) - units)


cdef inline void settle(
    Venue* v, const Book* book, uint32_t maker, uint32_t taker, int aggressor, int64_t price,
    int64_t qty
) noexcept nogil:
    """Move base and quote between the accounts of a trade, and their fees to account 0."""
    cdef int64_t sign = 1 - 2 * aggressor
    cdef int64_t base = sign * qty * book.base_unit
    cdef int64_t units = price * qty * book.quote_unit
    cdef int64_t maker_fee = xq_fee(units, book.maker_fee) if maker else 0
    cdef int64_t taker_fee = xq_fee(units, book.taker_fee) if taker else 0
    cdef Balance* row = v.balances + <size_t>taker * v.assets_cap
    xq_wide_add(&row[book.base].total, base)
    xq_wide_add(&row[book.quote].total, -sign * units - taker_fee)
    row = v.balances + <size_t>maker * v.assets_cap
    xq_wide_add(&row[book.base].total, -base)
    xq_wide_add(&row[book.quote].total, sign * units - maker_fee)
    xq_wide_add(&v.balances[book.quote].total, maker_fee + taker_fee)
