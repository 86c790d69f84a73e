"""Coinbase Advanced Trade frames to market events.

Wire format: https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis/websocket — the channel
subscribed as `level2` arrives as `l2_data`, the ask side is spelled `offer` (one page says `ask`:
both are taken), and one frame may hold events of several products.
"""

from libc.stdint cimport int64_t
from libc.string cimport memcmp
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


cdef class CoinbaseDecoder:
    """Decodes one frame at a time into `frame`; the next call overwrites it.

    `frame.sequence` is the connection's `sequence_num`, also of a refused frame where it was read.
    """

    def __cinit__(self, SymbolTable symbols not None):
        self.frame = Frame()
        self.symbols = symbols

    def decode(self, bytes data not None):
        """Decode a WebSocket frame; returns the number of events or a market.frame.Refusal."""
        cdef const char *start = data
        cdef const char *end = start + len(data)
        cdef const char *p
        self.frame.clear()
        self.timestamp = 0
        self.product = NULL
        p = self._frame(skip_space(start), end)
        if p != NULL and skip_space(p) != end:
            self._fail(p, end, REFUSED_JSON)
            p = NULL
        if p != NULL:
            return self.frame.count
        if self.frame.refusal == 0:
            self.frame.refusal = REFUSED_JSON
        self.frame.count = 0
        self.frame.symbol = self.product[: self.product_size] if self.product != NULL else None
        return self.frame.refusal

    cdef int _fail(self, const char *p, const char *end, int why) noexcept nogil:
        """Note the first refusal; the offset is counted from the end of the frame."""
        if self.frame.refusal == 0:
            self.frame.refusal = why
            self.frame.offset = end - p
        return why

    cdef const char *_frame(self, const char *p, const char *end) noexcept nogil:
        cdef const char *key
        cdef const char *text = NULL
        cdef const char *events = NULL
        cdef int size = 0, text_size = 0
        cdef bint error = False, named = False, timed = False, read = False
        cdef event_t *e
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
            if read and _says_how(key, size):
                # The events were read by what stood before them.
                return NULL
            if text_is(key, size, b"channel", 7):
                p = scan_text(p, &text, &text_size)
                named = p != NULL
                if named:
                    self.frame.channel = _channel(text, text_size)
            elif text_is(key, size, b"timestamp", 9):
                p = scan_time(p, end, &self.timestamp)
                timed = True
            elif text_is(key, size, b"sequence_num", 12):
                p = scan_int(p, &self.frame.sequence)
            elif text_is(key, size, b"events", 6):
                events = p
                read = named and timed and self.frame.sequence >= 0 and p[0] == c'['
                p = self._events(p, end) if read else skip_value(p, end)
            else:
                if text_is(key, size, b"type", 4) and end - p > 6:
                    error = memcmp(p, b'"error"', 7) == 0
                p = skip_value(p, end)
            if p == NULL:
                return NULL
            p = skip_space(p)
            if p[0] == c'}':
                break
            if p[0] != c',':
                return NULL
            p = skip_space(p + 1)
        if (named and self.frame.sequence < 0) or not (named or error):
            self._fail(p, end, REFUSED_FIELD)
            return NULL
        if 1 <= self.frame.channel <= 3 and not read:
            if events == NULL or events[0] != c'[':
                self._fail(p, end, REFUSED_FIELD)
                return NULL
            if self._events(events, end) == NULL:
                return NULL
        if self.frame.count == 0:
            e = self.frame.add()
            if e == NULL:
                return NULL
            e.slot = -1
            e.ts_event = self.timestamp
            e.kind = KIND_IGNORED
            if error:
                e.kind = KIND_ERROR
            elif text_is(text, text_size, b"heartbeats", 10):
                e.kind = KIND_HEARTBEAT
            elif text_is(text, text_size, b"subscriptions", 13):
                e.kind = KIND_ACK
        return p + 1

    cdef const char *_events(self, const char *p, const char *end) noexcept nogil:
        """Read the events of the channels that matter; those of the others are stepped over."""
        if not 1 <= self.frame.channel <= 3:
            return skip_value(p, end)
        p = skip_space(p + 1)
        if p[0] == c']':
            return p + 1
        while True:
            p = self._event(p, end)
            if p == NULL:
                return NULL
            p = skip_space(p)
            if p[0] == c']':
                return p + 1
            if p[0] != c',':
                return NULL
            p = skip_space(p + 1)

    cdef const char *_event(self, const char *p, const char *end) noexcept nogil:
        cdef const char *key
        cdef const char *text = NULL
        cdef const char *body = NULL
        cdef int size = 0, text_size = 0
        cdef symbol_t *row = NULL
        cdef bint snapshot = False, typed = False, read = False
        self.product = NULL
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
            if read and (_says_who(key, size) or self._is_body(key, size)):
                # The body was read by what stood before it.
                return NULL
            if text_is(key, size, b"type", 4):
                p = scan_text(p, &text, &text_size)
                typed = p != NULL
                snapshot = typed and text_is(text, text_size, b"snapshot", 8)
                if typed and not snapshot and not text_is(text, text_size, b"update", 6):
                    self._fail(p, end, REFUSED_FIELD)
                    return NULL
            elif text_is(key, size, b"product_id", 10):
                p = scan_text(p, &self.product, &self.product_size)
                row = self._find() if p != NULL else NULL
            elif self._is_body(key, size):
                body = p
                read = p[0] == c'[' and typed and (self.frame.channel != 1 or row != NULL)
                p = self._body(p, end, row, snapshot) if read else skip_value(p, end)
            else:
                p = skip_value(p, end)
            if p == NULL:
                return NULL
            p = skip_space(p)
            if p[0] == c'}':
                break
            if p[0] != c',':
                return NULL
            p = skip_space(p + 1)
        if read:
            return p + 1
        if body == NULL or body[0] != c'[' or not typed:
            self._fail(p, end, REFUSED_FIELD)
            return NULL
        if self.frame.channel == 1 and row == NULL:
            self._fail(p, end, REFUSED_SYMBOL if self.product != NULL else REFUSED_FIELD)
            return NULL
        # The body came before what says how to read it.
        return p + 1 if self._body(body, end, row, snapshot) != NULL else NULL

    cdef bint _is_body(self, const char *key, int size) noexcept nogil:
        """Whether this member holds what the channel is about."""
        if self.frame.channel == 1:
            return text_is(key, size, b"updates", 7)
        if self.frame.channel == 2:
            return text_is(key, size, b"tickers", 7)
        return text_is(key, size, b"trades", 6)

    cdef const char *_body(
        self, const char *p, const char *end, symbol_t *row, bint snapshot
    ) noexcept nogil:
        if self.frame.channel == 1:
            return self._updates(p, end, row, KIND_SNAPSHOT if snapshot else KIND_DIFF)
        return self._rows(p, end, self.frame.channel == 3, snapshot)

    cdef symbol_t *_find(self) noexcept nogil:
        return self.symbols.find(self.product, self.product_size)

    cdef const char *_updates(
        self, const char *p, const char *end, symbol_t *row, int kind
    ) noexcept nogil:
        """Read the levels of one product; bids and asks may be mixed."""
        cdef event_t *e = self.frame.add()
        cdef int at = self.frame.count - 1
        if e == NULL:
            self._fail(p, end, REFUSED_SIZE)
            return NULL
        e.kind = kind
        e.slot = row.slot
        e.first = e.last = self.frame.sequence
        e.prev = -1
        e.ts_event = self.timestamp
        e.bid_from, e.ask_from = self.frame.bid_count, self.frame.ask_count
        p = skip_space(p + 1)
        if p[0] == c']':
            p += 1
        else:
            while True:
                p = self._update(p, end, row)
                if p == NULL:
                    return NULL
                p = skip_space(p)
                if p[0] == c']':
                    p += 1
                    break
                if p[0] != c',':
                    return NULL
                p = skip_space(p + 1)
        e = &self.frame.events[at]
        e.bid_to, e.ask_to = self.frame.bid_count, self.frame.ask_count
        return p

    cdef const char *_update(self, const char *p, const char *end, symbol_t *row) noexcept nogil:
        cdef const char *key
        cdef const char *text
        cdef int size = 0, text_size = 0, side = -1
        cdef int64_t ticks = -1, lots = -1
        cdef int number = NUMBER_OK
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
            if text_is(key, size, b"side", 4):
                p = scan_text(p, &text, &text_size)
                if p != NULL:
                    if text_is(text, text_size, b"bid", 3):
                        side = 0
                    elif text_is(text, text_size, b"offer", 5) or text_is(text, text_size, b"ask", 3):
                        side = 1
            elif text_is(key, size, b"price_level", 11) and p[0] == c'"':
                p = scan_units(p + 1, end, &row.price, &ticks, &number)
            elif text_is(key, size, b"new_quantity", 12) and p[0] == c'"':
                p = scan_units(p + 1, end, &row.lots, &lots, &number)
            else:
                p = skip_value(p, end)
            if p == NULL:
                if number != NUMBER_OK:
                    self._fail(end, end, refuse_number(number))
                return NULL
            p = skip_space(p)
            if p[0] == c'}':
                break
            if p[0] != c',':
                return NULL
            p = skip_space(p + 1)
        if side < 0 or ticks < 0 or lots < 0:
            self._fail(p, end, REFUSED_FIELD)
            return NULL
        if not self.frame.push(side == 1, ticks, lots):
            self._fail(p, end, REFUSED_SIZE)
            return NULL
        return p + 1

    cdef const char *_rows(
        self, const char *p, const char *end, bint trades, bint history
    ) noexcept nogil:
        """Read tickers or trades, an event each."""
        p = skip_space(p + 1)
        if p[0] == c']':
            return p + 1
        while True:
            p = self._row(p, end, trades, history)
            if p == NULL:
                return NULL
            p = skip_space(p)
            if p[0] == c']':
                return p + 1
            if p[0] != c',':
                return NULL
            p = skip_space(p + 1)

    cdef const char *_row(
        self, const char *p, const char *end, bint trades, bint history
    ) noexcept nogil:
        cdef const char *key
        cdef const char *text
        cdef const char *bid = NULL
        cdef const char *bid_size = NULL
        cdef const char *ask = NULL
        cdef const char *ask_size = NULL
        cdef int size = 0, text_size = 0, why
        cdef event_t *e = self.frame.add()
        if e == NULL:
            self._fail(p, end, REFUSED_SIZE)
            return NULL
        self.product = NULL
        e.ts_event = self.timestamp
        e.first = self.frame.sequence
        e.last = -1 if trades else self.frame.sequence
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
            if text_is(key, size, b"product_id", 10):
                p = scan_text(p, &self.product, &self.product_size)
            elif trades and text_is(key, size, b"trade_id", 8) and p[0] == c'"':
                p = _trade_id(p, &e.last)
            elif trades and text_is(key, size, b"time", 4):
                p = scan_time(p, end, &e.ts_event)
            elif trades and text_is(key, size, b"side", 4):
                p = scan_text(p, &text, &text_size)
                e.seller = p != NULL and text_is(text, text_size, b"SELL", 4)
            else:
                if trades:
                    if text_is(key, size, b"price", 5):
                        bid = p
                    elif text_is(key, size, b"size", 4):
                        bid_size = p
                elif text_is(key, size, b"best_bid", 8):
                    bid = p
                elif text_is(key, size, b"best_ask", 8):
                    ask = p
                elif text_is(key, size, b"best_bid_quantity", 17):
                    bid_size = p
                elif text_is(key, size, b"best_ask_quantity", 17):
                    ask_size = p
                p = skip_value(p, end)
            if p == NULL:
                return NULL
            p = skip_space(p)
            if p[0] == c'}':
                break
            if p[0] != c',':
                return NULL
            p = skip_space(p + 1)
        why = self._fill(e, end, bid, bid_size, ask, ask_size, trades)
        if why:
            self._fail(p, end, why)
            return NULL
        if history and trades:
            # The recent trades that a subscription starts with happened before it.
            e.kind = KIND_IGNORED
        return p + 1

    cdef int _fill(
        self, event_t *e, const char *end, const char *bid, const char *bid_size,
        const char *ask, const char *ask_size, bint trade
    ) noexcept nogil:
        cdef symbol_t *row
        cdef int why
        if self.product == NULL:
            return REFUSED_FIELD
        row = self._find()
        if row == NULL:
            return REFUSED_SYMBOL
        e.slot = row.slot
        e.kind = KIND_TRADE if trade else KIND_QUOTE
        if not trade and (bid == NULL or ask == NULL):
            # ticker_batch carries no touch.
            e.kind = KIND_IGNORED
            return 0
        why = refuse_number(scan_number(bid, end, &row.price, &e.bid_price))
        if why == 0 and (trade or bid_size != NULL):
            why = refuse_number(scan_number(bid_size, end, &row.lots, &e.bid_lots))
        if trade or why:
            return why
        why = refuse_number(scan_number(ask, end, &row.price, &e.ask_price))
        if why == 0 and ask_size != NULL:
            why = refuse_number(scan_number(ask_size, end, &row.lots, &e.ask_lots))
        return why


cdef bint _says_how(const char *key, int size) noexcept nogil:
    """Whether this member of a frame says how its events are read, or holds them."""
    return (
        text_is(key, size, b"channel", 7) or text_is(key, size, b"timestamp", 9)
        or text_is(key, size, b"sequence_num", 12) or text_is(key, size, b"events", 6)
    )


cdef bint _says_who(const char *key, int size) noexcept nogil:
    """Whether this member of an event says how its body is read."""
    return text_is(key, size, b"type", 4) or text_is(key, size, b"product_id", 10)


cdef const char *_trade_id(const char *p, int64_t *out) noexcept nogil:
    """Read a quoted trade id; -1 where it is no number of up to 18 digits."""
    cdef const char *text = NULL
    cdef const char *after
    cdef int size = 0
    p = scan_text(p, &text, &size)
    if p != NULL:
        after = scan_int(text, out)
        if after != text + size:
            out[0] = -1
    return p


cdef int _channel(const char *text, int size) noexcept nogil:
    if text_is(text, size, b"l2_data", 7):
        return 1
    if text_is(text, size, b"ticker", 6):
        return 2
    if text_is(text, size, b"market_trades", 13):
        return 3
    if text_is(text, size, b"heartbeats", 10):
        return 4
    return 0
