from libc.stdint cimport int64_t
from market.frame cimport Frame, SymbolTable, event_t, symbol_t

cdef class CoinbaseDecoder:
    cdef readonly Frame frame
    cdef readonly SymbolTable symbols
    cdef int64_t timestamp
    cdef const char *product
    cdef int product_size
    cdef int _fail(self, const char *p, const char *end, int why) noexcept nogil
    cdef const char *_frame(self, const char *p, const char *end) noexcept nogil
    cdef const char *_events(self, const char *p, const char *end) noexcept nogil
    cdef const char *_event(self, const char *p, const char *end) noexcept nogil
    cdef bint _is_body(self, const char *key, int size) noexcept nogil
    cdef const char *_body(
        self, const char *p, const char *end, symbol_t *row, bint snapshot
    ) noexcept nogil
    cdef const char *_updates(
        self, const char *p, const char *end, symbol_t *row, int kind
    ) noexcept nogil
    cdef const char *_update(self, const char *p, const char *end, symbol_t *row) noexcept nogil
    cdef const char *_rows(
        self, const char *p, const char *end, bint trades, bint history
    ) noexcept nogil
    cdef const char *_row(
        self, const char *p, const char *end, bint trades, bint history
    ) noexcept nogil
    cdef int _fill(
        self, event_t *e, const char *end, const char *bid, const char *bid_size,
        const char *ask, const char *ask_size, bint trade
    ) noexcept nogil
    cdef symbol_t *_find(self) noexcept nogil
