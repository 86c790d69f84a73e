"""Binance frames, raw or combined, to market events, without a Python object a level.

Wire format: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams and the
futures pages beside it. Members may come in any order; unknown ones are stepped over.
"""

from libc.stdint cimport int64_t
from libc.string cimport memcmp, memset
from market.frame cimport (
    KIND_ACK,
    KIND_DIFF,
    KIND_ERROR,
    KIND_IGNORED,
    KIND_PARTIAL,
    KIND_QUOTE,
    KIND_SHUTDOWN,
    KIND_SNAPSHOT,
    KIND_TRADE,
    REFUSED_FIELD,
    REFUSED_JSON,
    REFUSED_SIZE,
    REFUSED_SYMBOL,
    Frame,
    SymbolTable,
    event_t,
    refuse_number,
    symbol_t,
)
from market.scan cimport (
    expect,
    scan_int,
    scan_number,
    scan_text,
    skip_space,
    skip_value,
    text_is,
)

# Channels of a connection, for silence checks.
CHANNEL_DEPTH = 1
CHANNEL_QUOTE = 2
CHANNEL_TRADE = 3


cdef class BinanceDecoder:
    """Decodes one frame at a time into `frame`; the next call overwrites it.

    `symbols` holds the upper-case venue symbols with their slot and grids.
    """

    def __cinit__(self, SymbolTable symbols not None):
        self.frame = Frame()
        self.symbols = symbols

    def decode(self, bytes data not None):
        """Decode a WebSocket frame; returns the number of events or a market.frame.Refusal."""
        return self._message(data, NULL)

    def decode_snapshot(self, bytes data not None, bytes symbol not None):
        """Decode the reply of the REST depth endpoint, which does not name its symbol."""
        cdef symbol_t *row = self.symbols.find(symbol, len(symbol))
        if row == NULL:
            self.frame.clear()
            self.frame.symbol = symbol
            self.frame.refusal = REFUSED_SYMBOL
            return REFUSED_SYMBOL
        return self._message(data, row)

    cdef int _message(self, bytes data, symbol_t *row) except? -99:
        cdef const char *start = data
        cdef const char *end = start + len(data)
        cdef const char *p
        cdef fields_t f
        cdef int why
        _clear(&f)
        f.row = row
        self.frame.clear()
        p = self._object(skip_space(start), end, &f, False)
        if p != NULL and skip_space(p) != end:
            p = NULL
            self.frame.refusal = REFUSED_JSON
        if p != NULL:
            why = self._build(end, &f)
            self.frame.refusal = why
            if why == 0:
                return self.frame.count
        self.frame.count = 0
        if row != NULL:
            self.frame.symbol = row.name[: row.size]
        elif f.symbol != NULL:
            self.frame.symbol = f.symbol[: f.symbol_size]
        else:
            self.frame.symbol = f.stream[: f.stream_size] if f.stream != NULL else None
        return self.frame.refusal

    cdef const char *_object(
        self, const char *p, const char *end, fields_t *f, bint nested
    ) noexcept nogil:
        """Read an object into `f`; where its member `data` is an object, that one instead.

        Of the wrapper only `stream` counts.
        """
        cdef const char *key
        cdef const char *at
        cdef int size = 0
        self.frame.refusal = REFUSED_JSON
        at = p
        p = expect(p, c'{')
        if p == NULL:
            return NULL
        if p[0] == c'}':
            return p + 1
        while True:
            at = p
            p = scan_text(p, &key, &size)
            if p == NULL:
                break
            p = expect(p, c':')
            if p == NULL:
                break
            at = p
            if not nested and text_is(key, size, b"data", 4):
                if f.wrapped:
                    break
                if p[0] == c'{':
                    self._unwrap(f)
                    p = self._object(p, end, f, True)
                else:
                    p = skip_value(p, end)
            elif f.wrapped and not nested and not text_is(key, size, b"stream", 6):
                p = skip_value(p, end)
            elif size == 1:
                p = self._letter(key[0], p, end, f)
            else:
                p = self._member(key, size, p, end, f, nested)
            if p == NULL:
                break
            p = skip_space(p)
            if p[0] == c',':
                p = skip_space(p + 1)
                continue
            if p[0] == c'}':
                return p + 1
            at = p
            break
        if self.frame.offset == 0:
            self.frame.offset = len_between(at, end)
        return NULL

    cdef void _unwrap(self, fields_t *f) noexcept nogil:
        """Forget what stood beside `data`, but for the stream's name and a symbol known before."""
        cdef symbol_t *row = f.row if f.symbol == NULL else NULL
        cdef const char *stream = f.stream
        cdef int stream_size = f.stream_size
        _clear(f)
        f.row, f.stream, f.stream_size = row, stream, stream_size
        f.wrapped = True
        self.frame.bid_count = self.frame.ask_count = 0

    cdef const char *_letter(
        self, char key, const char *p, const char *end, fields_t *f
    ) noexcept nogil:
        """Read a member with a one-letter name."""
        if key == c'e':
            f.kind = NULL
            if p[0] == c'"':
                return scan_text(p, &f.kind, &f.kind_size)
        elif key == c's':
            return self._symbol(p, f)
        elif key == c'b' or key == c'a':
            if p[0] == c'[':
                return self._side(p, end, f, key == c'a')
            if key == c'b':
                f.bid = p
            else:
                f.ask = p
        elif key == c'B':
            f.bid_size = p
        elif key == c'A':
            f.ask_size = p
        elif key == c'p':
            f.price = p
        elif key == c'q':
            f.quantity = p
        elif key == c'U':
            return scan_int(p, &f.first)
        elif key == c'u':
            return scan_int(p, &f.last)
        elif key == c'E':
            return scan_int(p, &f.event_time)
        elif key == c't':
            f.trade = 0
            if p[0] != c'"':
                return scan_int(p, &f.trade)
        elif key == c'm':
            f.seller = end - p > 4 and memcmp(p, b"true", 4) == 0
            if f.seller:
                return p + 4
            if end - p > 5 and memcmp(p, b"false", 5) == 0:
                return p + 5
        return skip_value(p, end)

    cdef const char *_side(
        self, const char *p, const char *end, fields_t *f, bint ask
    ) noexcept nogil:
        """Read the levels of a side, or remember where they are; a side given twice is refused."""
        if (f.ask if ask else f.bid) != NULL:
            return NULL
        if ask:
            f.ask = p
        else:
            f.bid = p
        return skip_value(p, end) if f.row == NULL else self._levels(p, end, f, ask)

    cdef const char *_levels(
        self, const char *p, const char *end, fields_t *f, bint ask
    ) noexcept nogil:
        cdef int why = REFUSED_JSON
        p = self.frame.scan_side(p, end, f.row, ask, &why)
        if p == NULL:
            self.frame.refusal = why
        elif ask:
            f.ask_read = True
        else:
            f.bid_read = True
        return p

    cdef const char *_symbol(self, const char *p, fields_t *f) noexcept nogil:
        if f.symbol != NULL or f.row != NULL:
            return NULL
        p = scan_text(p, &f.symbol, &f.symbol_size)
        if p != NULL:
            f.row = self.symbols.find(f.symbol, f.symbol_size)
        return p

    cdef const char *_member(
        self, const char *key, int size, const char *p, const char *end, fields_t *f, bint nested
    ) noexcept nogil:
        """Read a member with a longer name."""
        if text_is(key, size, b"pu", 2):
            return scan_int(p, &f.prev)
        if not nested and text_is(key, size, b"stream", 6):
            f.stream = NULL
            return scan_text(p, &f.stream, &f.stream_size) if p[0] == c'"' else skip_value(p, end)
        if text_is(key, size, b"lastUpdateId", 12):
            return scan_int(p, &f.snapshot)
        if p[0] == c'[' and text_is(key, size, b"bids", 4):
            return self._side(p, end, f, False)
        if p[0] == c'[' and text_is(key, size, b"asks", 4):
            return self._side(p, end, f, True)
        if text_is(key, size, b"result", 6):
            f.reply = True
        elif text_is(key, size, b"error", 5):
            f.error = True
        elif text_is(key, size, b"code", 4):
            f.error = True
        return skip_value(p, end)

    cdef int _build(self, const char *end, fields_t *f) noexcept nogil:
        """Turn what was seen into an event; returns 0 or a refusal."""
        cdef event_t *e = self.frame.add()
        if e == NULL:
            return REFUSED_SIZE
        e.ts_event = nanoseconds(f.event_time)
        if f.kind != NULL and text_is(f.kind, f.kind_size, b"depthUpdate", 11):
            e.kind = KIND_DIFF
            return self._depth(e, end, f)
        if f.snapshot >= 0:
            e.kind = KIND_SNAPSHOT if f.stream == NULL else KIND_PARTIAL
            return self._depth(e, end, f)
        if f.kind == NULL or (text_is(f.kind, f.kind_size, b"bookTicker", 10)):
            if f.bid_size != NULL or f.ask_size != NULL or f.kind != NULL:
                return self._quote(e, end, f)
            if f.error or f.reply:
                e.kind = KIND_ERROR if f.error else KIND_ACK
                return 0
            return REFUSED_FIELD
        if text_is(f.kind, f.kind_size, b"trade", 5):
            return self._trade(e, end, f)
        if text_is(f.kind, f.kind_size, b"aggTrade", 8):
            return self._trade(e, end, f)
        if text_is(f.kind, f.kind_size, b"serverShutdown", 14):
            e.kind = KIND_SHUTDOWN
            return 0
        e.kind = KIND_IGNORED
        e.slot = f.row.slot if f.row != NULL else -1
        return 0

    cdef int _depth(self, event_t *e, const char *end, fields_t *f) noexcept nogil:
        cdef int why = 0
        self.frame.channel = 1
        if f.row == NULL:
            if e.kind == KIND_PARTIAL:
                # Its symbol stands only in the stream's name; no book is built from it.
                e.slot = -1
                return 0
            return REFUSED_SYMBOL if f.symbol != NULL else REFUSED_FIELD
        e.slot = f.row.slot
        if f.bid == NULL or f.ask == NULL or f.bid[0] != c'[' or f.ask[0] != c'[':
            return REFUSED_FIELD
        if e.kind == KIND_DIFF:
            if f.first < 0 or f.last < f.first:
                return REFUSED_FIELD
            e.first, e.last, e.prev = f.first, f.last, f.prev
        else:
            e.first = e.last = f.snapshot
        # Members may come before the symbol: then their levels are still to be read.
        if not f.bid_read and self.frame.scan_side(f.bid, end, f.row, False, &why) == NULL:
            return why
        if not f.ask_read and self.frame.scan_side(f.ask, end, f.row, True, &why) == NULL:
            return why
        e.bid_to = self.frame.bid_count
        e.ask_to = self.frame.ask_count
        return 0

    cdef int _quote(self, event_t *e, const char *end, fields_t *f) noexcept nogil:
        cdef int why
        self.frame.channel = 2
        if f.symbol == NULL or f.last < 0:
            return REFUSED_FIELD
        if f.row == NULL:
            return REFUSED_SYMBOL
        e.kind = KIND_QUOTE
        e.slot = f.row.slot
        e.first = e.last = f.last
        why = refuse_number(scan_number(f.bid, end, &f.row.price, &e.bid_price))
        if why == 0:
            why = refuse_number(scan_number(f.bid_size, end, &f.row.lots, &e.bid_lots))
        if why == 0:
            why = refuse_number(scan_number(f.ask, end, &f.row.price, &e.ask_price))
        if why == 0:
            why = refuse_number(scan_number(f.ask_size, end, &f.row.lots, &e.ask_lots))
        return why

    cdef int _trade(self, event_t *e, const char *end, fields_t *f) noexcept nogil:
        cdef int why
        self.frame.channel = 3
        if f.symbol == NULL:
            return REFUSED_FIELD
        if f.row == NULL:
            return REFUSED_SYMBOL
        e.kind = KIND_TRADE
        e.slot = f.row.slot
        e.last = f.trade
        e.seller = f.seller
        why = refuse_number(scan_number(f.price, end, &f.row.price, &e.bid_price))
        if why == 0:
            why = refuse_number(scan_number(f.quantity, end, &f.row.lots, &e.bid_lots))
        return why


cdef void _clear(fields_t *f) noexcept nogil:
    memset(f, 0, sizeof(fields_t))
    f.first = f.last = f.prev = f.snapshot = -1


cdef inline Py_ssize_t len_between(const char *at, const char *end) noexcept nogil:
    """Bytes that were left, at least one, so that zero keeps meaning 'not set'."""
    return end - at + 1


cdef inline int64_t nanoseconds(int64_t venue_time) noexcept nogil:
    """Milliseconds, or microseconds where the stream was asked for them, to ns; absurd times to 0."""
    if venue_time < <int64_t>9_000_000_000_000:
        return venue_time * 1000000
    if <int64_t>100_000_000_000_000 < venue_time < <int64_t>9_000_000_000_000_000:
        return venue_time * 1000
    return 0
