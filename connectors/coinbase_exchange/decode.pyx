"""Coinbase Exchange frames (level2, level2_batch, ticker, matches, heartbeat) to market events.

Wire format: https://docs.cdp.coinbase.com/exchange/websocket-feed/channels — `match.side` is the
MAKER's side, so `sell` means that a taker bought. `l2update` carries no sequence at all.
"""

from libc.stdint cimport int64_t
from libc.string cimport memset
from market.frame cimport (
    KIND_ACK,
    KIND_DIFF,
    KIND_ERROR,
    KIND_HEARTBEAT,
    KIND_IGNORED,
    KIND_QUOTE,
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
    NUMBER_OK,
    expect,
    scan_int,
    scan_number,
    scan_text,
    scan_time,
    scan_units,
    skip_space,
    skip_value,
    text_is,
)

# Channels of a connection, for silence checks.
CHANNEL_DEPTH = 1
CHANNEL_QUOTE = 2
CHANNEL_TRADE = 3
CHANNEL_HEARTBEAT = 4


cdef class ExchangeDecoder:
    """Decodes one frame at a time into `frame`; the next call overwrites it."""

    def __cinit__(self, SymbolTable symbols not None):
        self.frame = Frame()
        self.symbols = symbols

    def decode(self, bytes data not None):
        """Decode a WebSocket frame; returns the number of events or a market.frame.Refusal."""
        cdef const char *start = data
        cdef const char *end = start + len(data)
        cdef const char *p
        cdef message_t m
        cdef int why = REFUSED_JSON
        memset(&m, 0, sizeof(message_t))
        m.sequence = m.trade = -1
        self.frame.clear()
        p = self._read(skip_space(start), end, &m)
        if p != NULL and skip_space(p) == end:
            why = self._build(end, &m)
            if why == 0:
                return self.frame.count
        self.frame.refusal = why
        self.frame.count = 0
        self.frame.symbol = m.product[: m.product_size] if m.product != NULL else None
        return why

    cdef const char *_read(self, const char *p, const char *end, message_t *m) noexcept nogil:
        cdef const char *key
        cdef int size = 0
        p = expect(p, c'{')
        if p == NULL:
            return NULL
        while True:
            p = scan_text(p, &key, &size)
            if p == NULL:
                return NULL
            p = expect(p, c':')
            if p == NULL:
                return NULL
            p = self._member(key, size, p, end, m)
            if p == NULL:
                return NULL
            p = skip_space(p)
            if p[0] == c'}':
                return p + 1
            if p[0] != c',':
                return NULL
            p = skip_space(p + 1)

    cdef const char *_member(
        self, const char *key, int size, const char *p, const char *end, message_t *m
    ) noexcept nogil:
        cdef const char *text
        cdef int text_size = 0
        if text_is(key, size, b"type", 4):
            return scan_text(p, &m.kind, &m.kind_size)
        if text_is(key, size, b"product_id", 10):
            p = scan_text(p, &m.product, &m.product_size)
            if p != NULL:
                m.row = self.symbols.find(m.product, m.product_size)
            return p
        if text_is(key, size, b"time", 4) and p[0] == c'"':
            return scan_time(p, end, &m.time)
        if text_is(key, size, b"sequence", 8):
            return scan_int(p, &m.sequence)
        if text_is(key, size, b"trade_id", 8):
            return scan_int(p, &m.trade)
        if text_is(key, size, b"side", 4):
            p = scan_text(p, &text, &text_size)
            m.maker_bought = p != NULL and text_is(text, text_size, b"buy", 3)
            return p
        if text_is(key, size, b"bids", 4):
            m.bids = p
        elif text_is(key, size, b"asks", 4):
            m.asks = p
        elif text_is(key, size, b"changes", 7):
            m.changes = p
        elif text_is(key, size, b"price", 5):
            m.price = p
        elif text_is(key, size, b"size", 4):
            m.size = p
        elif text_is(key, size, b"best_bid", 8):
            m.best_bid = p
        elif text_is(key, size, b"best_ask", 8):
            m.best_ask = p
        elif text_is(key, size, b"best_bid_size", 13):
            m.best_bid_size = p
        elif text_is(key, size, b"best_ask_size", 13):
            m.best_ask_size = p
        return skip_value(p, end)

    cdef int _build(self, const char *end, message_t *m) noexcept nogil:
        cdef event_t *e = self.frame.add()
        if e == NULL:
            return REFUSED_SIZE
        if m.kind == NULL:
            return REFUSED_FIELD
        e.slot = m.row.slot if m.row != NULL else -1
        e.ts_event = m.time
        e.first = e.last = e.prev = -1
        if text_is(m.kind, m.kind_size, b"l2update", 8):
            return self._changes(e, end, m)
        if text_is(m.kind, m.kind_size, b"ticker", 6):
            return self._ticker(e, end, m)
        if text_is(m.kind, m.kind_size, b"match", 5):
            return self._match(e, end, m)
        if text_is(m.kind, m.kind_size, b"snapshot", 8):
            return self._snapshot(e, end, m)
        if text_is(m.kind, m.kind_size, b"heartbeat", 9):
            e.kind = KIND_HEARTBEAT
            e.last = m.sequence
            self.frame.channel = 4
        elif text_is(m.kind, m.kind_size, b"subscriptions", 13):
            e.kind = KIND_ACK
        elif text_is(m.kind, m.kind_size, b"error", 5):
            e.kind = KIND_ERROR
        else:
            e.kind = KIND_IGNORED
        return 0

    cdef int _snapshot(self, event_t *e, const char *end, message_t *m) noexcept nogil:
        cdef int why = 0
        e.kind = KIND_SNAPSHOT
        self.frame.channel = 1
        if m.row == NULL:
            return REFUSED_SYMBOL if m.product != NULL else REFUSED_FIELD
        if m.bids == NULL or m.asks == NULL:
            return REFUSED_FIELD
        if self.frame.scan_side(m.bids, end, m.row, False, &why) == NULL:
            return why
        if self.frame.scan_side(m.asks, end, m.row, True, &why) == NULL:
            return why
        e.bid_to, e.ask_to = self.frame.bid_count, self.frame.ask_count
        return 0

    cdef int _changes(self, event_t *e, const char *end, message_t *m) noexcept nogil:
        """Read `[["buy","price","size"],…]`."""
        cdef const char *p = m.changes
        cdef int why
        e.kind = KIND_DIFF
        self.frame.channel = 1
        if m.row == NULL:
            return REFUSED_SYMBOL if m.product != NULL else REFUSED_FIELD
        if p == NULL or p[0] != c'[':
            return REFUSED_FIELD
        p = skip_space(p + 1)
        while p[0] == c'[':
            why = self._change(&p, end, m.row)
            if why:
                return why
            p = skip_space(p)
            if p[0] != c',':
                break
            p = skip_space(p + 1)
            if p[0] != c'[':
                return REFUSED_JSON
        if p[0] != c']':
            return REFUSED_JSON
        e.bid_to, e.ask_to = self.frame.bid_count, self.frame.ask_count
        return 0

    cdef int _change(self, const char **cursor, const char *end, symbol_t *row) noexcept nogil:
        cdef const char *p
        cdef const char *text
        cdef int size = 0, status = NUMBER_OK
        cdef bint ask
        cdef int64_t ticks = 0, lots = 0
        p = scan_text(skip_space(cursor[0] + 1), &text, &size)
        if p == NULL:
            return REFUSED_JSON
        ask = text_is(text, size, b"sell", 4)
        if not ask and not text_is(text, size, b"buy", 3):
            return REFUSED_FIELD
        p = expect(p, c',')
        if p == NULL or p[0] != c'"':
            return REFUSED_FIELD
        p = scan_units(p + 1, end, &row.price, &ticks, &status)
        if p == NULL:
            return refuse_number(status)
        p = expect(p, c',')
        if p == NULL or p[0] != c'"':
            return REFUSED_FIELD
        p = scan_units(p + 1, end, &row.lots, &lots, &status)
        if p == NULL:
            return refuse_number(status)
        p = skip_space(p)
        if p[0] != c']':
            return REFUSED_JSON
        cursor[0] = p + 1
        return 0 if self.frame.push(ask, ticks, lots) else REFUSED_SIZE

    cdef int _ticker(self, event_t *e, const char *end, message_t *m) noexcept nogil:
        cdef int why
        self.frame.channel = 2
        if m.row == NULL:
            return REFUSED_SYMBOL if m.product != NULL else REFUSED_FIELD
        e.kind = KIND_QUOTE
        e.first = e.last = m.sequence
        why = refuse_number(scan_number(m.best_bid, end, &m.row.price, &e.bid_price))
        if why == 0:
            why = refuse_number(scan_number(m.best_ask, end, &m.row.price, &e.ask_price))
        # Sizes are missing in feeds before 2022.
        if why == 0 and m.best_bid_size != NULL:
            why = refuse_number(scan_number(m.best_bid_size, end, &m.row.lots, &e.bid_lots))
        if why == 0 and m.best_ask_size != NULL:
            why = refuse_number(scan_number(m.best_ask_size, end, &m.row.lots, &e.ask_lots))
        return why

    cdef int _match(self, event_t *e, const char *end, message_t *m) noexcept nogil:
        cdef int why
        self.frame.channel = 3
        if m.row == NULL:
            return REFUSED_SYMBOL if m.product != NULL else REFUSED_FIELD
        e.kind = KIND_TRADE
        e.first = m.sequence
        e.last = m.trade
        e.seller = m.maker_bought
        why = refuse_number(scan_number(m.price, end, &m.row.price, &e.bid_price))
        if why == 0:
            why = refuse_number(scan_number(m.size, end, &m.row.lots, &e.bid_lots))
        return why
