from libc.stdint cimport int64_t
from market.frame cimport Frame, SymbolTable, event_t, symbol_t

ctypedef struct message_t:
    const char *kind
    int kind_size
    symbol_t *row
    const char *product
    int product_size
    const char *bids
    const char *asks
    const char *changes
    const char *price
    const char *size
    const char *best_bid
    const char *best_bid_size
    const char *best_ask
    const char *best_ask_size
    int64_t sequence
    int64_t trade
    int64_t time
    bint maker_bought

cdef class ExchangeDecoder:
    cdef readonly Frame frame
    cdef readonly SymbolTable symbols
    cdef const char *_read(self, const char *p, const char *end, message_t *m) noexcept nogil
    cdef const char *_member(
        self, const char *key, int size, const char *p, const char *end, message_t *m
    ) noexcept nogil
    cdef int _build(self, const char *end, message_t *m) noexcept nogil
    cdef int _snapshot(self, event_t *e, const char *end, message_t *m) noexcept nogil
    cdef int _changes(self, event_t *e, const char *end, message_t *m) noexcept nogil
    cdef int _change(self, const char **cursor, const char *end, symbol_t *row) noexcept nogil
    cdef int _ticker(self, event_t *e, const char *end, message_t *m) noexcept nogil
    cdef int _match(self, event_t *e, const char *end, message_t *m) noexcept nogil
