from libc.stdint cimport int64_t
from books.buffer cimport Diff, DiffBuffer
from books.ladder cimport Ladder
from books.sequence cimport SequenceRule
from books.trail cimport QuoteTrail, quote_t
from market.digest cimport Digest
from market.frame cimport Frame, event_t, level_t

# What a call changed: bits of the number that the on_… methods return.
cdef enum change_bits:
    CHANGED_TOUCH = 1
    CHANGED_STATE = 2
    WANTS_SNAPSHOT = 4
    CHANGED_DEPTH = 8

ctypedef struct touch_t:
    int64_t bid_price
    int64_t bid_lots
    int64_t ask_price
    int64_t ask_lots

# An applied diff whose comparison with the best quotes may still be refined by a later quote.
ctypedef struct pending_t:
    int64_t id
    touch_t touch
    bint compared
    bint agrees

cdef enum:
    PENDING_MAX = 64
    # Levels beyond its limit that a walk looks at: those better than the touch are passed over.
    WALK_MORE = 9

cdef class Book:
    cdef readonly int slot
    cdef readonly SequenceRule rule
    cdef Ladder ladder
    cdef DiffBuffer buffer
    cdef QuoteTrail trail
    cdef readonly int state
    cdef readonly int reason
    cdef readonly str detail
    cdef public bint acknowledged
    cdef public bint audit_failed  # the last audit found wrong levels
    cdef bint loaded
    cdef bint fresh
    cdef readonly bint refreshing
    cdef readonly int64_t last_sequence
    cdef readonly int64_t version
    cdef readonly int64_t ts_event
    cdef readonly int64_t ts_recv
    cdef touch_t depth           # best of the ladder
    cdef touch_t quote           # best-quote channel
    cdef touch_t touch           # the newer of the two
    cdef readonly bint from_quote
    cdef int64_t quote_id
    cdef int64_t quote_event
    cdef int64_t quote_recv
    cdef int64_t bid_edge        # outermost prices of a cut snapshot, 0 when it was whole
    cdef int64_t ask_edge
    cdef int64_t bid_room
    cdef int64_t ask_room
    cdef pending_t pending[PENDING_MAX]
    cdef int pending_first
    cdef int pending_count
    cdef int64_t doubted_since   # of the reference, 0 when it agrees
    cdef int64_t doubted_version
    cdef readonly long diffs
    cdef readonly long stale
    cdef readonly long applied
    cdef readonly long gaps
    cdef readonly long crossed
    cdef readonly long reference_checks
    cdef readonly long reference_mismatches
    cdef readonly long absent
    cdef readonly long changes
    cdef readonly long snapshots
    cdef readonly long snapshots_ignored
    cdef readonly long overflows
    cdef readonly long refinements
    cdef readonly long condemned
    cdef int _move(self, object cause, int reason, str detail) except -1
    cdef int _condemn(self, int reason, str detail) except -1
    cdef int _apply(self, const event_t *e, const level_t *bids, int bid_count,
                    const level_t *asks, int ask_count, int64_t ts) except -1
    cdef int _overtake(self, const event_t *e, int64_t ts) noexcept nogil
    cdef int _gap(self, const event_t *e) except -1
    cdef int _keep(self, Frame frame, const event_t *e, int64_t ts) except -1
    cdef int _drain(self, int64_t ts) except -1
    cdef int _fit(self, Frame frame, const event_t *e, int64_t ts) except -1
    cdef int _replace(self, Frame frame, const event_t *e, int64_t ts) except -1
    cdef int _refresh(self, Frame frame, const event_t *e, int64_t ts) except -1
    cdef int _load(self, Frame frame, const event_t *e, int64_t ts) except -1
    cdef void _read_depth(self) noexcept nogil
    cdef bint _cross(self) noexcept nogil
    cdef int _condemn_reference(self, int64_t at) except -1
    cdef int _check_reference(self) except -1
    cdef int _settle_references(self, const quote_t *quote) except -1
    cdef void _finish_reference(self) noexcept nogil
    cdef int _trust(self) noexcept nogil
    cdef void _forget_quotes(self) noexcept
    cdef int _publish(self) noexcept nogil
    cdef void _edges(self, Frame frame, const event_t *e) noexcept nogil
    cdef bint _near_edge(self) noexcept nogil
    cdef bint _beyond_edge(self) noexcept nogil
    cdef int bits(self) noexcept nogil
    cdef int walk_into(self, bint ask, level_t *out, int limit) noexcept nogil
    cdef void mix_in(self, Digest digest) noexcept nogil
    cdef int on_event(self, Frame frame, int i, int64_t ts) except -1
    cdef int _on_diff(self, Frame frame, const event_t *e, int64_t ts) except -1
    cdef int _on_snapshot(self, Frame frame, const event_t *e, int64_t ts) except -1
    cdef int _on_quote(self, const event_t *e, int64_t ts) except -1
    cdef int _compare_ticker(self, int64_t ts) except -1
