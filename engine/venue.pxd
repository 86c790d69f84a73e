# The compiled engine's memory: every struct, and the numbers of engine/code.py.
#
# Objects are named by 32-bit slots of growing arrays; slot 0 is "none". Arrays grow only between
# orders (pool.pxd), so that a pointer taken while an order is handled stays good.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from *:
    """
    #include <stdint.h>
    typedef __int128 xq_wide;
    """
    ctypedef struct xq_wide:
        pass

cdef enum:
    SIDE_BUY = 0
    SIDE_SELL = 1

cdef enum:
    # Ladders of a book: its two sides, then the stops that wait for a rise and for a fall.
    LADDER_BUY_STOP = 2
    LADDER_SELL_STOP = 3

cdef enum:
    TYPE_LIMIT = 0
    TYPE_MARKET = 1
    TYPE_STOP = 2
    TYPE_STOP_LIMIT = 3

cdef enum:
    TIF_GTC = 0
    TIF_IOC = 1
    TIF_FOK = 2
    TIF_DAY = 3
    TIF_GTD = 4

cdef enum:
    STP_NONE = 0
    STP_CANCEL_TAKER = 1
    STP_CANCEL_MAKER = 2
    STP_CANCEL_BOTH = 3
    STP_DECREMENT = 4

cdef enum:
    STATE_OPEN = 0
    STATE_HALTED = 1
    STATE_CANCEL_ONLY = 2
    STATE_AUCTION = 3

cdef enum:
    QUEUE_PROPORTIONAL = 1
    QUEUE_OPTIMISTIC = 2

cdef enum:
    OK = 0
    WOULD_CROSS = 1
    UNKNOWN_ORDER = 2
    BAD_PRICE = 4
    BAD_QTY = 5
    BAD_TYPE = 6
    DUPLICATE_ID = 7
    SELF_TRADE = 8
    HALTED = 9
    INSUFFICIENT_BALANCE = 10
    PRICE_BAND = 11
    TOO_MANY_ORDERS = 12
    BAD_ACCOUNT = 13
    BAD_INSTRUMENT = 14
    BAD_ID = 15
    BAD_COMMAND = 16

cdef enum:
    ACCEPTED = 1
    REJECTED = 2
    TRADE = 3
    REPLACED = 4
    CANCELED = 5
    EXPIRED = 6
    TRIGGERED = 7
    BOOK = 8
    STATE_CHANGED = 9
    DEPOSITED = 10

cdef enum:
    OP_NEW = 0
    OP_CANCEL = 1
    OP_REPLACE = 2
    OP_CANCEL_ALL = 3
    OP_ADVANCE = 4
    OP_END_OF_DAY = 5
    OP_SET_STATE = 6
    OP_DEPOSIT = 7
    OP_EXTERNAL_SET = 8
    OP_EXTERNAL_PRINT = 9
    OP_EXTERNAL_CLEAR = 10

cdef enum:
    # Where an order stands.
    PLACE_NONE = 0
    PLACE_BOOK = 1
    PLACE_STOP = 2
    PLACE_REACHED = 3

cdef enum:
    NONE_MORE = 0x7FFFFFFF
    LEAVES = 4096
    # How many new ids wait for their bucket, and ended orders for all that they leave: powers of 2.
    COMING = 8
    LEAVING = 16
    # How many changes of far levels wait: a power of 2.
    WAITING = 8
    NODE_DEPTH = 7
    ASSETS_MAX = 1024
    INSTRUMENTS_MAX = 65536

cdef struct Order:
    # One cache line. `open` counts hidden lots; `level` is a slot of the book or of the stops;
    # `place` is where the account's roster names the order. Four bytes are left.
    uint64_t id
    int64_t price
    int64_t open
    uint64_t entry
    uint32_t prev
    uint32_t next
    uint32_t account
    uint32_t level
    uint32_t place
    uint32_t extra
    uint32_t unused
    uint16_t instrument
    uint16_t terms

cdef struct Extra:
    # What few orders have: a peak, external lots ahead, a stop price, an expiry.
    int64_t peak
    int64_t visible
    int64_t ahead
    int64_t stop_price
    int64_t expire_at

cdef struct Level:
    int64_t price
    int64_t displayed
    int64_t total
    uint32_t head
    uint32_t tail
    uint32_t count
    uint32_t external

cdef struct External:
    int64_t shown
    int64_t taken
    int64_t printed

cdef struct Node:
    # Six bits of a price: which children there are, and their slots (of levels in a leaf).
    uint64_t bits
    uint32_t child[64]

cdef struct LeafEntry:
    uint64_t key
    uint32_t leaf

cdef struct Ladder:
    uint64_t key
    uint32_t root

cdef struct IdBucket:
    # One cache line. `passed` counts the ids that stand further on because this one was full.
    uint8_t tag[12]
    uint32_t passed
    uint32_t slot[12]

cdef struct IdKeys:
    # One cache line: the ids of a bucket, those below 2^32.
    uint32_t key[12]
    uint32_t unused[4]

cdef struct Coming:
    uint64_t id
    uint32_t slot

cdef struct Waiting:
    # An order that joins or leaves a level, and the event that tells it. Of one that was cancelled
    # unseen its row is yet to tell the rest; then the event is the first of two.
    size_t event
    uint32_t order
    uint32_t level
    bint joins
    bint unseen

cdef struct Balance:
    xq_wide total
    xq_wide reserved

cdef struct Roster:
    uint32_t* slots
    uint32_t len
    uint32_t cap

cdef struct Expiry:
    int64_t at
    uint64_t entry
    uint64_t id

cdef struct Reached:
    uint64_t entry
    uint32_t slot

cdef struct Event:
    uint64_t sequence
    int64_t time
    uint64_t id
    uint64_t other
    int64_t price
    int64_t qty
    int64_t remaining
    int64_t other_remaining
    # From the low end: instrument, 32 bits, then kind, side, code and flags, 8 bits each.
    uint64_t what

cdef struct Command:
    uint8_t op
    uint8_t side
    uint8_t type
    uint8_t tif
    uint8_t stp
    uint8_t post_only
    uint16_t instrument
    uint32_t account
    uint32_t reserved
    uint64_t id
    int64_t price
    int64_t qty
    int64_t stop_price
    int64_t display
    int64_t expire_at
    int64_t time

cdef struct Book:
    int64_t last
    uint32_t best[4]
    uint32_t number
    uint32_t base
    uint32_t quote
    int state
    int pro_rata
    int top_order
    int queue_model
    int64_t base_unit
    int64_t quote_unit
    int64_t min_share
    int64_t collar
    int64_t halt_band
    int64_t maker_fee
    int64_t taker_fee
    int64_t hold_fee
    int64_t notional_max
    Ladder ladder[4]

cdef struct Pool:
    # A growing array with a free list threaded through its members' first four bytes.
    char* data
    size_t item
    uint32_t used
    uint32_t cap
    uint32_t free
    # Slots that can be taken.
    uint32_t left

cdef struct Venue:
    Pool orders
    Pool extras
    Pool levels
    Pool externals
    Pool nodes
    # So many orders, or buckets of ids, and levels fit the caches near the processor: asking early
    # gains nothing. Beside so many orders as are far their rows lie in memory.
    uint32_t orders_near
    uint32_t orders_far
    uint32_t levels_near
    # So many levels, each with all the nodes of a price, one order may need at most.
    uint32_t levels_least
    # Beside more levels than this changes wait, and one order may need more.
    uint32_t levels_most
    IdBucket* ids
    IdKeys* keys
    uint32_t ids_size
    # So many ids, and it grows.
    uint32_t ids_most
    uint32_t open_orders
    # The largest id so far; the newest ids, growing, that are not in the table yet, and the
    # smallest of them or what is larger than all.
    uint64_t id_max
    uint64_t coming_least
    Coming coming[8]
    uint32_t coming_in
    uint32_t coming_out
    # Slots; 0 where none is leaving.
    uint32_t leaving[16]
    uint32_t leaving_in
    uint32_t leaving_out
    Waiting waiting[8]
    uint32_t waiting_in
    uint32_t waiting_out
    # Of a queue that was taken from: the order up to which the next ones were asked for, and how
    # many are still to be.
    uint32_t asked
    uint32_t to_ask
    # Whether the running command is a single call of the engine's own.
    bint single
    uint32_t orders_max
    Book** books
    uint32_t books_len
    uint32_t books_halted
    uint32_t accounts_max
    uint32_t accounts_cap
    uint32_t assets_cap
    LeafEntry* leaves
    Balance* balances
    uint8_t* funded
    Roster* rosters
    uint64_t roster_slots
    Event* events
    size_t events_len
    size_t events_cap
    size_t events_max
    uint64_t sequence
    uint64_t entries
    int64_t now
    Expiry* expiries
    size_t expiries_len
    size_t expiries_cap
    size_t expiring
    Reached* reached
    size_t reached_head
    size_t reached_len
    size_t reached_cap
    uint64_t visited
    uint32_t pinned
    int broken

# An order's terms, packed from the low end: side, type, tif, post-only, stp, and where it stands.

cdef inline int order_side(const Order* o) noexcept nogil:
    return o.terms & 1

cdef inline int order_type(const Order* o) noexcept nogil:
    return (o.terms >> 1) & 3

cdef inline int order_tif(const Order* o) noexcept nogil:
    return (o.terms >> 3) & 7

cdef inline int order_post_only(const Order* o) noexcept nogil:
    return (o.terms >> 6) & 1

cdef inline int order_stp(const Order* o) noexcept nogil:
    return (o.terms >> 7) & 7

cdef inline int order_place(const Order* o) noexcept nogil:
    return o.terms >> 10

cdef inline void order_put(Order* o, int place) noexcept nogil:
    o.terms = <uint16_t>((o.terms & 0x3FF) | (place << 10))

cdef inline uint32_t event_instrument(const Event* e) noexcept nogil:
    return <uint32_t>e.what


cdef inline uint8_t event_kind(const Event* e) noexcept nogil:
    return <uint8_t>(e.what >> 32)


cdef inline uint8_t event_side(const Event* e) noexcept nogil:
    return <uint8_t>(e.what >> 40)


cdef inline uint8_t event_code(const Event* e) noexcept nogil:
    return <uint8_t>(e.what >> 48)


cdef inline uint8_t event_flags(const Event* e) noexcept nogil:
    return <uint8_t>(e.what >> 56)


cdef inline void order_set_type(Order* o, int kind) noexcept nogil:
    o.terms = <uint16_t>((o.terms & ~6) | (kind << 1))

cdef inline void order_set_terms(
    Order* o, int side, int kind, int tif, int post_only, int stp
) noexcept nogil:
    o.terms = <uint16_t>(
        side | (kind << 1) | (tif << 3) | ((post_only != 0) << 6) | (stp << 7)
    )

cdef inline bint order_rests(const Order* o) noexcept nogil:
    return (
        order_type(o) != TYPE_MARKET and order_tif(o) != TIF_IOC and order_tif(o) != TIF_FOK
    )

# What hardly ever holds: the compiler keeps the rest of the code together.

cdef extern from *:
    """
    #define xq_rarely(condition) __builtin_expect(!!(condition), 0)
    """
    bint rarely "xq_rarely"(bint condition) noexcept nogil

# A choice without a branch, for what comes in no order that the processor could guess.

cdef inline uint32_t all_bits(bint condition) noexcept nogil:
    return 0 - <uint32_t>condition

# Slots to pointers.

cdef inline Order* order_at(Venue* v, uint32_t slot) noexcept nogil:
    return (<Order*>v.orders.data) + slot

cdef inline uint32_t order_slot(Venue* v, const Order* o) noexcept nogil:
    return <uint32_t>(o - <Order*>v.orders.data)

cdef inline Extra* extra_at(Venue* v, uint32_t slot) noexcept nogil:
    return (<Extra*>v.extras.data) + slot

cdef inline Level* level_at(Venue* v, uint32_t slot) noexcept nogil:
    return (<Level*>v.levels.data) + slot

cdef inline External* external_at(Venue* v, uint32_t slot) noexcept nogil:
    return (<External*>v.externals.data) + slot

cdef inline Node* node_at(Venue* v, uint32_t slot) noexcept nogil:
    return (<Node*>v.nodes.data) + slot
