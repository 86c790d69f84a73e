"""The compiled writer of the shared quote table."""

from cpython.long cimport PyLong_Check
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from cache.l2_slot cimport (
    DEPTH_ASK_COUNT,
    DEPTH_BID_COUNT,
    DEPTH_GRADE,
    DEPTH_GRID,
    DEPTH_LEVELS,
    DEPTH_TS_EVENT,
    DEPTH_TS_RECV,
    DEPTH_TS_VOUCHED,
    DEPTH_VERSION,
    GRID_WORDS,
    HEADER_HEARTBEAT_NS,
    HEADER_NAME_COUNT,
    QUOTE_ASK_LOTS,
    QUOTE_ASK_TICKS,
    QUOTE_BID_LOTS,
    QUOTE_BID_TICKS,
    QUOTE_GRADE,
    QUOTE_GRID,
    QUOTE_SOURCE,
    QUOTE_STRIDE,
    QUOTE_TS_EVENT,
    QUOTE_TS_RECV,
    QUOTE_TS_VOUCHED,
    QUOTE_VERSION,
    cq_put,
    cq_slot_begin,
    cq_slot_end,
    cq_store,
)

from pathlib import Path

from .l2_errors import L2ClosedError
from .l2_layout import ALL_GRADES, DECIMALS_MAX, Layout
from .l2_table import TableFile

cdef int64_t _decimals_max = DECIMALS_MAX


cdef inline int64_t _whole(object value) except? -1:
    """Refuse what is not an int: the plain conversion would cut a float without a word."""
    if not PyLong_Check(value):
        raise TypeError(f"{value!r}: an integer is required")
    return value


cdef int _take_grid(
    object given_price_decimals, object given_price_step,
    object given_size_decimals, object given_size_step, int64_t *grid,
) except -1:
    """Check the four words of a grid, then put them into `grid`."""
    cdef int64_t price_decimals = _whole(given_price_decimals)
    cdef int64_t price_step = _whole(given_price_step)
    cdef int64_t size_decimals = _whole(given_size_decimals)
    cdef int64_t size_step = _whole(given_size_step)
    if not (
        0 <= price_decimals <= _decimals_max and 0 <= size_decimals <= _decimals_max
        and price_step >= 1 and size_step >= 1
    ):
        raise ValueError(
            f"grid ({price_decimals}, {price_step}, {size_decimals}, {size_step}): "
            f"expected decimals of 0 to {_decimals_max} and steps of 1 or more"
        )
    grid[0] = price_decimals
    grid[1] = price_step
    grid[2] = size_decimals
    grid[3] = size_step
    return 0


cdef class L2Writer:
    """Owns and writes the quote table at `path`; see the `.pyi` for each call."""

    def __cinit__(self):
        self._words = NULL
        self._grids = NULL
        self._levels = NULL

    def __init__(self, path, slots, depth, now_ns, *, grade_forbids=ALL_GRADES, mode=0o600):
        if self._file is not None:
            raise TypeError("a writer is made once")
        layout = Layout(slots, depth)
        self._depth_levels = layout.depth_levels
        free(self._grids)
        free(self._levels)
        self._grids = <int64_t *>calloc(layout.slot_count * GRID_WORDS, sizeof(int64_t))
        self._levels = <int64_t *>calloc(4 * layout.depth_levels, sizeof(int64_t))
        if self._grids == NULL or self._levels == NULL:
            raise MemoryError
        file = TableFile(Path(path), layout, now_ns, grade_forbids, mode)
        self._file = file
        self._slots = {}
        self._names = 0
        self._quotes = layout.quotes_offset
        self._depths = layout.depths_offset
        self._depth_stride = layout.depth_stride
        self._view = file.words
        self._words = &self._view[0]

    def __dealloc__(self):
        free(self._grids)
        free(self._levels)

    cdef int _check(self, int64_t slot, int64_t grade) except -1:
        if self._words == NULL:
            raise L2ClosedError("the writer is closed")
        if not 0 <= slot < self._names:
            raise IndexError(f"slot {slot} of {self._names}")
        if grade < 0:
            raise ValueError(f"grade {grade}, expected a mask of 63 bits")
        return 0

    def add(self, str instrument, price_decimals, price_step, size_decimals, size_step):
        cdef int64_t[4] grid
        cdef int64_t slot
        if self._words == NULL:
            raise L2ClosedError("the writer is closed")
        _take_grid(price_decimals, price_step, size_decimals, size_step, grid)
        found = self._slots.get(instrument)
        if found is None:
            slot = self._names
            self._file.write_name(slot, instrument)
            self._slots[instrument] = slot
            self._names += 1
            cq_store(self._words + HEADER_NAME_COUNT, self._names)
        else:
            slot = found
        memcpy(self._grids + slot * GRID_WORDS, grid, sizeof(grid))
        return slot

    def set_grid(self, slot, price_decimals, price_step, size_decimals, size_step):
        cdef int64_t index = _whole(slot)
        self._check(index, 0)
        _take_grid(
            price_decimals, price_step, size_decimals, size_step,
            self._grids + index * GRID_WORDS,
        )

    def put_quote(
        self, slot, bid_ticks, bid_lots, ask_ticks, ask_lots, version, ts_event, ts_recv, grade,
        source,
    ):
        # All values are converted before the slot turns odd: a bad one leaves it as it was.
        cdef int64_t index = _whole(slot)
        cdef int64_t bid_price = _whole(bid_ticks)
        cdef int64_t bid_size = _whole(bid_lots)
        cdef int64_t ask_price = _whole(ask_ticks)
        cdef int64_t ask_size = _whole(ask_lots)
        cdef int64_t book_version = _whole(version)
        cdef int64_t event_ns = _whole(ts_event)
        cdef int64_t recv_ns = _whole(ts_recv)
        cdef int64_t grade_bits = _whole(grade)
        cdef int64_t channel = _whole(source)
        self.store_quote(
            index, bid_price, bid_size, ask_price, ask_size, book_version, event_ns, recv_ns,
            grade_bits, channel,
        )

    cdef int store_quote(
        self, int64_t index, int64_t bid_price, int64_t bid_size, int64_t ask_price,
        int64_t ask_size, int64_t book_version, int64_t event_ns, int64_t recv_ns,
        int64_t grade_bits, int64_t channel,
    ) except -1:
        """`put_quote` for compiled callers."""
        cdef uint64_t *words
        self._check(index, grade_bits)
        words = self._words + self._quotes + index * QUOTE_STRIDE
        cq_slot_begin(words)
        cq_put(words + QUOTE_BID_TICKS, bid_price)
        cq_put(words + QUOTE_BID_LOTS, bid_size)
        cq_put(words + QUOTE_ASK_TICKS, ask_price)
        cq_put(words + QUOTE_ASK_LOTS, ask_size)
        cq_put(words + QUOTE_VERSION, book_version)
        cq_put(words + QUOTE_TS_EVENT, event_ns)
        cq_put(words + QUOTE_TS_RECV, recv_ns)
        cq_put(words + QUOTE_TS_VOUCHED, recv_ns)
        cq_put(words + QUOTE_GRADE, grade_bits)
        cq_put(words + QUOTE_SOURCE, channel)
        self._put_grid(words + QUOTE_GRID, index)
        cq_slot_end(words)
        return 0

    def put_depth(self, slot, version, ts_event, ts_recv, grade, bids, asks):
        cdef int64_t index = _whole(slot)
        cdef int64_t book_version = _whole(version)
        cdef int64_t event_ns = _whole(ts_event)
        cdef int64_t recv_ns = _whole(ts_recv)
        cdef int64_t grade_bits = _whole(grade)
        cdef int64_t bid_count, ask_count, i
        cdef uint64_t *words
        self._check(index, grade_bits)
        bid_count = self._take(bids, self._levels)
        ask_count = self._take(asks, self._levels + 2 * self._depth_levels)
        # Taking the sides may have run the caller's code, which may have closed the writer.
        self._check(index, grade_bits)
        words = self._words + self._depths + index * self._depth_stride
        cq_slot_begin(words)
        cq_put(words + DEPTH_VERSION, book_version)
        cq_put(words + DEPTH_TS_EVENT, event_ns)
        cq_put(words + DEPTH_TS_RECV, recv_ns)
        cq_put(words + DEPTH_TS_VOUCHED, recv_ns)
        cq_put(words + DEPTH_GRADE, grade_bits)
        self._put_grid(words + DEPTH_GRID, index)
        cq_put(words + DEPTH_BID_COUNT, bid_count)
        cq_put(words + DEPTH_ASK_COUNT, ask_count)
        for i in range(2 * bid_count):
            cq_put(words + DEPTH_LEVELS + i, self._levels[i])
        for i in range(2 * self._depth_levels, 2 * (self._depth_levels + ask_count)):
            cq_put(words + DEPTH_LEVELS + i, self._levels[i])
        cq_slot_end(words)

    cdef void _put_grid(self, uint64_t *words, int64_t slot) noexcept:
        cdef int i
        for i in range(GRID_WORDS):
            cq_put(words + i, self._grids[slot * GRID_WORDS + i])

    cdef int64_t _take(self, side, int64_t *out) except -1:
        """Copy the best levels of a side to `out`; returns how many."""
        cdef const int64_t[::1] flat
        cdef int64_t count
        if isinstance(side, (list, tuple)):
            count = 0
            for ticks, lots in side:
                if count == self._depth_levels:
                    break
                out[2 * count] = _whole(ticks)
                out[2 * count + 1] = _whole(lots)
                count += 1
            return count
        if side is None:
            raise TypeError("levels: None, expected pairs or a buffer of int64")
        flat = side
        if flat.shape[0] % 2:
            raise ValueError(f"{flat.shape[0]} words of levels, expected (ticks, lots) pairs")
        count = min(flat.shape[0] // 2, self._depth_levels)
        if count:
            memcpy(out, &flat[0], 2 * count * sizeof(int64_t))
        return count

    def vouch(self, slot, grade, now_ns):
        self.restate(_whole(slot), _whole(grade), _whole(now_ns))

    cdef int restate(self, int64_t index, int64_t grade_bits, int64_t vouched_ns) except -1:
        """`vouch` for compiled callers."""
        self._check(index, grade_bits)
        self._restate(
            self._words + self._quotes + index * QUOTE_STRIDE,
            QUOTE_GRADE, grade_bits, QUOTE_TS_VOUCHED, vouched_ns,
        )
        self._restate(
            self._words + self._depths + index * self._depth_stride,
            DEPTH_GRADE, grade_bits, DEPTH_TS_VOUCHED, vouched_ns,
        )
        return 0

    cdef void _restate(
        self, uint64_t *words, int grade_word, int64_t grade, int vouched_word, int64_t now_ns
    ) noexcept:
        if words[0] == 0:
            return  # never written: there is nothing to vouch for
        cq_slot_begin(words)
        cq_put(words + grade_word, grade)
        cq_put(words + vouched_word, now_ns)
        cq_slot_end(words)

    def heartbeat(self, now_ns):
        cdef int64_t beat_ns = _whole(now_ns)
        if self._words == NULL:
            raise L2ClosedError("the writer is closed")
        if beat_ns < 0:
            raise ValueError(f"now_ns {now_ns}, expected ns since the epoch")
        cq_store(self._words + HEADER_HEARTBEAT_NS, <uint64_t>beat_ns)

    def close(self):
        if self._words != NULL:
            self._words = NULL
            self._view = None
            self._file.close()
