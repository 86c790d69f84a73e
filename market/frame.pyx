"""Decoded market events of one frame: filled by a venue's decoder, read by books and the node."""

from enum import IntEnum

from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcmp, memcpy, memset
from market.scan cimport (
    NUMBER_BAD,
    NUMBER_OK,
    expect,
    learn_shape,
    read_shaped,
    scan_units,
    shape_t,
    skip_space,
    skip_value,
)


class Kind(IntEnum):
    """The kinds of market event."""

    IGNORED = KIND_IGNORED
    DIFF = KIND_DIFF
    SNAPSHOT = KIND_SNAPSHOT
    QUOTE = KIND_QUOTE
    TRADE = KIND_TRADE
    ACK = KIND_ACK
    HEARTBEAT = KIND_HEARTBEAT
    ERROR = KIND_ERROR
    SHUTDOWN = KIND_SHUTDOWN
    PARTIAL = KIND_PARTIAL


class Refusal(IntEnum):
    """Why a frame was not decoded; the names serve as counter names."""

    BAD_JSON = REFUSED_JSON
    BAD_NUMBER = REFUSED_NUMBER
    UNKNOWN_SYMBOL = REFUSED_SYMBOL
    OFF_GRID = REFUSED_OFF_GRID
    BAD_FIELD = REFUSED_FIELD
    OVER_LIMIT = REFUSED_SIZE


# A frame may hold this many events and levels a side; the largest real one has 46,000 levels.
cdef enum:
    EVENTS_MAX = 1 << 16
    LEVELS_MAX = 1 << 20
    SYMBOL_SIZE_MAX = 40
    SYMBOLS_MAX = 1 << 16


cdef class SymbolTable:
    """Venue symbols -> slot and grids, found by their bytes. At most 65,536 symbols."""

    def __cinit__(self):
        self.capacity = 16
        self.mask = 63
        self.rows = <symbol_t *>calloc(self.capacity, sizeof(symbol_t))
        self.index = <int *>calloc(self.mask + 1, sizeof(int))
        if self.rows == NULL or self.index == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.rows)
        free(self.index)

    cdef symbol_t *find(self, const char *name, int size) noexcept nogil:
        cdef uint32_t at = _hash(name, size) & self.mask
        cdef symbol_t *row
        while self.index[at]:
            row = &self.rows[self.index[at] - 1]
            if row.size == size and memcmp(row.name, name, size) == 0:
                return row
            at = (at + 1) & self.mask
        return NULL

    cdef int _grow(self) except -1:
        cdef symbol_t *rows = <symbol_t *>realloc(self.rows, 2 * self.capacity * sizeof(symbol_t))
        cdef int *index
        cdef int mask = 4 * 2 * self.capacity - 1
        cdef int i
        cdef uint32_t at
        if rows == NULL:
            raise MemoryError
        self.rows = rows
        self.capacity *= 2
        index = <int *>calloc(mask + 1, sizeof(int))
        if index == NULL:
            raise MemoryError
        free(self.index)
        self.index = index
        self.mask = mask
        for i in range(self.count):
            at = _hash(self.rows[i].name, self.rows[i].size) & mask
            while index[at]:
                at = (at + 1) & mask
            index[at] = i + 1
        return 0

    def put(self, bytes name not None, int slot, price, size):
        """Add or replace a symbol; `price` and `size` are market.grid.Grid."""
        cdef int n = len(name)
        cdef uint32_t at
        cdef symbol_t *row
        if not 0 < n <= SYMBOL_SIZE_MAX:
            raise ValueError(f"a symbol has 1 to {SYMBOL_SIZE_MAX} bytes, not {n}")
        row = self.find(name, n)
        if row == NULL:
            if self.count == SYMBOLS_MAX:
                raise ValueError(f"more than {SYMBOLS_MAX} symbols")
            if self.count == self.capacity:
                self._grow()
            at = _hash(name, n) & self.mask
            while self.index[at]:
                at = (at + 1) & self.mask
            row = &self.rows[self.count]
            self.count += 1
            self.index[at] = self.count
            memcpy(row.name, <const char *>name, n)
            row.size = n
        row.slot = slot
        row.price.decimals = price.decimals
        row.price.step = price.step
        row.lots.decimals = size.decimals
        row.lots.step = size.step
        row.price_shape.whole = row.lots_shape.whole = 0

    def slot(self, bytes name not None):
        """Return the slot of a symbol, or -1."""
        cdef symbol_t *row = self.find(name, len(name))
        return row.slot if row != NULL else -1

    def row(self, bytes name not None):
        """Return slot, decimals and step of prices, of sizes of a symbol, or None."""
        cdef symbol_t *row = self.find(name, len(name))
        if row == NULL:
            return None
        return row.slot, row.price.decimals, row.price.step, row.lots.decimals, row.lots.step

    def __len__(self):
        return self.count

    def dump(self):
        """Return [name, slot, decimals and step of prices, of sizes] of each symbol, in order."""
        cdef symbol_t *row
        cdef int i
        out = []
        for i in range(self.count):
            row = &self.rows[i]
            name = row.name[: row.size].decode("latin-1")
            out.append([
                name, row.slot, row.price.decimals, row.price.step,
                row.lots.decimals, row.lots.step,
            ])
        return out


cdef uint32_t _hash(const char *name, int size) noexcept nogil:
    cdef uint32_t h = 2166136261
    cdef int i
    for i in range(size):
        h = (h ^ <unsigned char>name[i]) * 16777619
    return h ^ (h >> 15)


cdef class Frame:
    """The events of the frame decoded last. `count` is their number, 0 when it was refused."""

    def __cinit__(self):
        self.sequence = -1

    def __dealloc__(self):
        free(self.events)
        free(self.bids)
        free(self.asks)

    cdef void clear(self) noexcept nogil:
        self.count = 0
        self.bid_count = 0
        self.ask_count = 0
        self.sequence = -1
        self.channel = 0
        self.refusal = 0
        self.offset = 0

    cdef event_t *add(self) noexcept nogil:
        """Return a zeroed event, or NULL at the limit."""
        cdef event_t *events
        cdef int capacity
        if self.count == self.capacity:
            if self.count >= EVENTS_MAX:
                return NULL
            capacity = self.capacity * 2 if self.capacity else 8
            events = <event_t *>realloc(self.events, capacity * sizeof(event_t))
            if events == NULL:
                return NULL
            self.events = events
            self.capacity = capacity
        memset(&self.events[self.count], 0, sizeof(event_t))
        self.count += 1
        return &self.events[self.count - 1]

    cdef bint push(self, bint ask, int64_t ticks, int64_t lots) noexcept nogil:
        """Append a level; False at the limit or without memory."""
        cdef level_t **levels = &self.asks if ask else &self.bids
        cdef int *count = &self.ask_count if ask else &self.bid_count
        cdef int *capacity = &self.ask_capacity if ask else &self.bid_capacity
        cdef level_t *grown
        if count[0] == capacity[0]:
            if count[0] >= LEVELS_MAX:
                return False
            capacity[0] = capacity[0] * 2 if capacity[0] else 256
            grown = <level_t *>realloc(levels[0], capacity[0] * sizeof(level_t))
            if grown == NULL:
                capacity[0] = count[0]
                return False
            levels[0] = grown
        levels[0][count[0]].ticks = ticks
        levels[0][count[0]].lots = lots
        count[0] += 1
        return True

    cdef const char *scan_side(
        self, const char *p, const char *end, symbol_t *row, bint ask, int *status
    ) noexcept nogil:
        """Append the levels of `[["price","size"],…]` at `p`; further items of a level are skipped.

        On NULL `status` is a refusal.
        """
        status[0] = REFUSED_JSON
        if p[0] != c'[':
            return NULL
        p = skip_space(p + 1)
        if p[0] == c']':
            return p + 1
        while True:
            p = self._run(p, end, row, ask)
            if p[0] != c'[':
                return NULL
            p = self._level(p, end, row, ask, status)
            if p == NULL:
                return NULL
            status[0] = REFUSED_JSON
            p = skip_space(p)
            if p[0] == c']':
                return p + 1
            if p[0] != c',':
                return NULL
            p = skip_space(p + 1)

    cdef const char *_run(
        self, const char *p, const char *end, const symbol_t *row, bint ask
    ) noexcept nogil:
        """Read levels as long as prices keep their shape and others follow; the rest is _level's."""
        cdef level_t *out = self.asks if ask else self.bids
        cdef int n = self.ask_count if ask else self.bid_count
        cdef int capacity = self.ask_capacity if ask else self.bid_capacity
        cdef int status = NUMBER_OK
        cdef const shape_t *price = &row.price_shape
        cdef const shape_t *size = &row.lots_shape
        cdef const char *point
        cdef const char *close
        if price.whole == 0 or size.whole == 0:
            return p
        # A level of these shapes takes at most 40 bytes, and a load reads eight beyond its start.
        while n < capacity and end - p >= 64:
            point = p + 2 + price.whole
            close = point + 1 + price.fraction
            if (
                p[0] != c'[' or p[1] != c'"' or point[0] != c'.'
                or close[0] != c'"' or close[1] != c',' or close[2] != c'"'
            ):
                break
            if not read_shaped(p + 2, &row.price, price, &out[n].ticks):
                break
            point = close + 3 + size.whole
            if point[0] == c'.' and point[1 + size.fraction] == c'"':
                if not read_shaped(close + 3, &row.lots, size, &out[n].lots):
                    break
                close = point + 2 + size.fraction
            else:
                close = scan_units(close + 3, end, &row.lots, &out[n].lots, &status)
                if close == NULL:
                    break
            if close[0] != c']' or close[1] != c',' or close[2] != c'[':
                break
            n += 1
            p = close + 2
        if ask:
            self.ask_count = n
        else:
            self.bid_count = n
        return p

    cdef const char *_level(
        self, const char *p, const char *end, symbol_t *row, bint ask, int *status
    ) noexcept nogil:
        """Read one level of any shape at its bracket, and learn its shape."""
        cdef int64_t ticks = 0, lots = 0
        cdef int number = NUMBER_OK
        p = skip_space(p + 1)
        if p[0] != c'"':
            return NULL
        learn_shape(p + 1, end, &row.price, &row.price_shape)
        p = scan_units(p + 1, end, &row.price, &ticks, &number)
        if p == NULL:
            status[0] = REFUSED_NUMBER if number == NUMBER_BAD else REFUSED_OFF_GRID
            return NULL
        p = expect(p, c',')
        if p == NULL or p[0] != c'"':
            return NULL
        learn_shape(p + 1, end, &row.lots, &row.lots_shape)
        p = scan_units(p + 1, end, &row.lots, &lots, &number)
        if p == NULL:
            status[0] = REFUSED_NUMBER if number == NUMBER_BAD else REFUSED_OFF_GRID
            return NULL
        if p[0] != c']':
            p = _level_end(p, end)
            if p == NULL:
                return NULL
        if not self.push(ask, ticks, lots):
            status[0] = REFUSED_SIZE
            return NULL
        return p + 1

    def fill(self, events, int channel=0, int64_t sequence=-1):
        """Hold these events, each as `event` gives it, for a decoder that is written in Python.

        Returns their number or Refusal.OVER_LIMIT. Raises what is no event, and is empty then.
        """
        cdef bint whole = False
        self.clear()
        self.channel, self.sequence = channel, sequence
        self.symbol = None
        try:
            for given in events:
                if not self._take(given):
                    return self.refuse(REFUSED_SIZE)
            whole = True
        finally:
            if not whole:
                self.count = 0
        return self.count

    cdef bint _take(self, dict given) except? -1:
        """Append one event; False at the limit."""
        cdef event_t *e
        cdef int kind = Kind(given["kind"])
        cdef int slot = given["slot"]
        cdef int64_t first = given["first"], last = given["last"], prev = given["prev"]
        cdef int64_t ts_event = given["ts_event"]
        cdef int64_t bid_price, bid_lots, ask_price, ask_lots
        cdef bint seller = given["seller"]
        cdef int bid_from = self.bid_count, ask_from = self.ask_count
        bid_price, bid_lots = given["bid"]
        ask_price, ask_lots = given["ask"]
        for ticks, lots in given["bids"]:
            if not self.push(False, ticks, lots):
                return False
        for ticks, lots in given["asks"]:
            if not self.push(True, ticks, lots):
                return False
        e = self.add()
        if e == NULL:
            return False
        e.kind, e.slot, e.seller = kind, slot, seller
        e.first, e.last, e.prev, e.ts_event = first, last, prev, ts_event
        e.bid_price, e.bid_lots, e.ask_price, e.ask_lots = bid_price, bid_lots, ask_price, ask_lots
        e.bid_from, e.bid_to = bid_from, self.bid_count
        e.ask_from, e.ask_to = ask_from, self.ask_count
        return True

    def refuse(self, int why, bytes symbol=None):
        """Hold nothing, for a reason; `symbol` is the one that is unknown or off its grid."""
        self.clear()
        self.refusal = Refusal(why)
        self.symbol = symbol
        return why

    def event(self, int i):
        """Return event `i` as a plain dict, levels included; for tests and slow paths."""
        if not 0 <= i < self.count:
            raise IndexError(i)
        cdef event_t *e = &self.events[i]
        return {
            "kind": Kind(e.kind),
            "slot": e.slot,
            "first": e.first,
            "last": e.last,
            "prev": e.prev,
            "ts_event": e.ts_event,
            "bid": (e.bid_price, e.bid_lots),
            "ask": (e.ask_price, e.ask_lots),
            "seller": bool(e.seller),
            "bids": [(self.bids[k].ticks, self.bids[k].lots) for k in range(e.bid_from, e.bid_to)],
            "asks": [(self.asks[k].ticks, self.asks[k].lots) for k in range(e.ask_from, e.ask_to)],
        }

    def changes(self, int i):
        """Return (last id, bid levels, ask levels) of event `i`, levels as (ticks, lots)."""
        if not 0 <= i < self.count:
            raise IndexError(i)
        cdef event_t *e = &self.events[i]
        return (
            e.last,
            [(self.bids[k].ticks, self.bids[k].lots) for k in range(e.bid_from, e.bid_to)],
            [(self.asks[k].ticks, self.asks[k].lots) for k in range(e.ask_from, e.ask_to)],
        )

    def kind(self, int i):
        """Return the kind of event `i` as a number."""
        return self.events[i].kind if 0 <= i < self.count else -1

    def slot(self, int i):
        """Return the instrument slot of event `i`."""
        return self.events[i].slot if 0 <= i < self.count else -1

    def ids(self, int i):
        """Return (first, last) update id of event `i`."""
        if not 0 <= i < self.count:
            raise IndexError(i)
        return self.events[i].first, self.events[i].last

    def levels(self, int i):
        """Return how many level changes event `i` holds."""
        if not 0 <= i < self.count:
            return 0
        cdef event_t *e = &self.events[i]
        return e.bid_to - e.bid_from + e.ask_to - e.ask_from


cdef const char *_level_end(const char *p, const char *end) noexcept nogil:
    """Find the bracket that ends a level with more items than price and size (`num_orders`, `[]`)."""
    while True:
        p = skip_space(p)
        if p[0] == c']':
            return p
        if p[0] != c',':
            return NULL
        p = skip_value(skip_space(p + 1), end)
        if p == NULL:
            return NULL
