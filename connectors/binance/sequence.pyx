"""Sequence rules of Binance's diff streams, each with the venue's own words."""

from libc.stdint cimport int64_t
from books.sequence cimport VERDICT_APPLY, VERDICT_GAP, VERDICT_STALE, SequenceRule
from market.frame cimport event_t


cdef class SpotDepthRule(SequenceRule):
    """`U`/`u` against `lastUpdateId`, for spot and Binance.US.

    "If the event last update ID (u) is less than the update ID of your local order book, ignore
    the event. If the event first update ID (U) is greater than the update ID of your local order
    book + 1, you have missed some events." The first event after the snapshot may straddle it.
    https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
    """

    def __cinit__(self):
        self.in_stream = False
        self.ordered_quotes = True

    cdef int check(self, int64_t held, bint fresh, const event_t *diff) noexcept nogil:
        if diff.last <= held:
            return VERDICT_STALE
        if diff.first > held + 1:
            return VERDICT_GAP
        return VERDICT_APPLY

    cdef int follow(self, int64_t last, const event_t *diff) noexcept nogil:
        return self.check(last, False, diff)


cdef class FuturesDepthRule(SequenceRule):
    """`pu` against the previous `u`, for USD-M and COIN-M.

    "Drop any event where u is < lastUpdateId. The first processed event should have
    U <= lastUpdateId AND u >= lastUpdateId. While listening to the stream, each new event's pu
    should be equal to the previous event's u, otherwise initialize the process."
    https://developers.binance.com/docs/derivatives/usds-margined-futures
    """

    def __cinit__(self):
        self.in_stream = False
        self.ordered_quotes = True

    cdef int check(self, int64_t held, bint fresh, const event_t *diff) noexcept nogil:
        if fresh:
            if diff.last < held:
                return VERDICT_STALE
            return VERDICT_APPLY if diff.first <= held else VERDICT_GAP
        if diff.last <= held:
            return VERDICT_STALE
        return VERDICT_APPLY if diff.prev == held else VERDICT_GAP

    cdef int follow(self, int64_t last, const event_t *diff) noexcept nogil:
        return self.check(last, False, diff)
