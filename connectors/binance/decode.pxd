from libc.stdint cimport int64_t
from market.frame cimport Frame, SymbolTable, event_t, symbol_t

# What was seen of one message. Values whose meaning waits for others are kept as cursors.
ctypedef struct fields_t:
    const char *kind
    int kind_size
    const char *symbol
    int symbol_size
    const char *stream
    int stream_size
    symbol_t *row
    const char *bid
    const char *bid_size
    const char *ask
    const char *ask_size
    const char *price
    const char *quantity
    int64_t first
    int64_t last
    int64_t prev
    int64_t snapshot
    int64_t trade
    int64_t event_time
    int seller
    bint bid_read
    bint ask_read
    bint reply
    bint error
    bint wrapped

cdef class BinanceDecoder:
    cdef readonly Frame frame
    cdef readonly SymbolTable symbols
    cdef int _message(self, bytes data, symbol_t *row) except? -99
    cdef const char *_object(
        self, const char *p, const char *end, fields_t *f, bint nested
    ) noexcept nogil
    cdef const char *_member(
        self, const char *key, int size, const char *p, const char *end, fields_t *f, bint nested
    ) noexcept nogil
    cdef const char *_letter(
        self, char key, const char *p, const char *end, fields_t *f
    ) noexcept nogil
    cdef void _unwrap(self, fields_t *f) noexcept nogil
    cdef const char *_side(
        self, const char *p, const char *end, fields_t *f, bint ask
    ) noexcept nogil
    cdef const char *_levels(
        self, const char *p, const char *end, fields_t *f, bint ask
    ) noexcept nogil
    cdef const char *_symbol(self, const char *p, fields_t *f) noexcept nogil
    cdef int _build(self, const char *end, fields_t *f) noexcept nogil
    cdef int _depth(self, event_t *e, const char *end, fields_t *f) noexcept nogil
    cdef int _quote(self, event_t *e, const char *end, fields_t *f) noexcept nogil
    cdef int _trade(self, event_t *e, const char *end, fields_t *f) noexcept nogil
