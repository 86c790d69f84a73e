"""Decoded market events of one frame, in C arrays that the next frame overwrites."""

from libc.stdint cimport int64_t
from market.scan cimport NUMBER_BAD, NUMBER_OFF_GRID, NUMBER_OK, grid_t, shape_t

# What an event is; the Python side has the same numbers as market.frame.Kind.
cdef enum event_kind:
    KIND_IGNORED = 0
    KIND_DIFF = 1
    KIND_SNAPSHOT = 2
    KIND_QUOTE = 3
    KIND_TRADE = 4
    KIND_ACK = 5
    KIND_HEARTBEAT = 6
    KIND_ERROR = 7
    KIND_SHUTDOWN = 8
    KIND_PARTIAL = 9

# Why a frame was refused; the Python side has market.frame.Refusal.
cdef enum refusal:
    REFUSED_JSON = -1
    REFUSED_NUMBER = -2
    REFUSED_SYMBOL = -3
    REFUSED_OFF_GRID = -4
    REFUSED_FIELD = -5
    REFUSED_SIZE = -6

cdef inline int refuse_number(int status) noexcept nogil:
    """Return the refusal that a number_status means, 0 for a good number."""
    if status == NUMBER_OK:
        return 0
    if status == NUMBER_BAD:
        return REFUSED_NUMBER
    return REFUSED_OFF_GRID if status == NUMBER_OFF_GRID else REFUSED_FIELD


ctypedef struct event_t:
    int kind
    int slot
    int64_t first        # ids of the venue: first, last and previous update of a diff,
    int64_t last         # update id of a quote, id of a trade, sequence of the frame
    int64_t prev
    int64_t ts_event     # ns since the epoch, 0 where the venue sends none
    int64_t bid_price    # quote: touch; trade: bid_price and bid_lots are price and size
    int64_t bid_lots
    int64_t ask_price
    int64_t ask_lots
    int seller           # trade: 1 when the aggressor sold
    int bid_from         # diff and snapshot: ranges in the level arrays
    int bid_to
    int ask_from
    int ask_to

ctypedef struct level_t:
    int64_t ticks
    int64_t lots

ctypedef struct symbol_t:
    char name[40]
    int size
    int slot
    grid_t price
    grid_t lots
    shape_t price_shape  # of the level read last
    shape_t lots_shape

cdef class SymbolTable:
    cdef symbol_t *rows
    cdef int *index
    cdef int count
    cdef int capacity
    cdef int mask
    cdef symbol_t *find(self, const char *name, int size) noexcept nogil
    cdef int _grow(self) except -1

cdef class Frame:
    cdef event_t *events
    cdef readonly int count
    cdef int capacity
    cdef level_t *bids
    cdef int bid_count
    cdef int bid_capacity
    cdef level_t *asks
    cdef int ask_count
    cdef int ask_capacity
    cdef readonly int64_t sequence     # of the connection, -1 where the venue has none
    cdef readonly int channel          # the venue's channel number, for silence checks
    cdef readonly int refusal
    cdef readonly Py_ssize_t offset    # where a refused frame went wrong
    cdef readonly object symbol        # the bytes of an unknown symbol, or the text of an error
    cdef void clear(self) noexcept nogil
    cdef event_t *add(self) noexcept nogil
    cdef const char *scan_side(
        self, const char *p, const char *end, symbol_t *row, bint ask, int *status
    ) noexcept nogil
    cdef const char *_run(
        self, const char *p, const char *end, const symbol_t *row, bint ask
    ) noexcept nogil
    cdef const char *_level(
        self, const char *p, const char *end, symbol_t *row, bint ask, int *status
    ) noexcept nogil
    cdef bint push(self, bint ask, int64_t ticks, int64_t lots) noexcept nogil
    cdef bint _take(self, dict given) except? -1
