"""What a channel's sequence rule must answer; each venue has its own below this type."""

from enum import IntEnum

from libc.stdint cimport int64_t
from libc.string cimport memset
from market.frame cimport event_t


class Verdict(IntEnum):
    """What to do with a diff."""

    APPLY = VERDICT_APPLY
    STALE = VERDICT_STALE
    GAP = VERDICT_GAP


cdef class SequenceRule:
    """Base of the rules: nothing is sequenced, snapshots come in the stream and replace the book.

    `in_stream` says that snapshots arrive between the diffs and are never fetched;
    `ordered_quotes` that best quotes carry ids of the same space as the diffs.
    """

    def __cinit__(self):
        self.in_stream = True
        self.ordered_quotes = False

    cdef int check(self, int64_t held, bint fresh, const event_t *diff) noexcept nogil:
        """Judge a diff against the id that the book holds; `fresh`: nothing applied since the snapshot."""
        return VERDICT_APPLY

    cdef int follow(self, int64_t last, const event_t *diff) noexcept nogil:
        """Judge a diff against the last one in a buffer that awaits its snapshot."""
        return VERDICT_APPLY

    def judge(self, int64_t held, bint fresh, int64_t first, int64_t last, int64_t prev=-1):
        """Return the Verdict on a diff with these ids."""
        cdef event_t diff
        memset(&diff, 0, sizeof(event_t))
        diff.first, diff.last, diff.prev = first, last, prev
        return Verdict(self.check(held, fresh, &diff))


cdef class ChainRule(SequenceRule):
    """Each diff names the one before it in `prev`; snapshots come in the stream.

    Ids need not be consecutive: a diff is in order when it names the one that the book holds. One
    that names it and is no newer than it says that nothing changed, or, with a smaller id, that the
    venue began its sequence anew: such a book is not to be trusted.
    """

    cdef int check(self, int64_t held, bint fresh, const event_t *diff) noexcept nogil:
        if diff.last == held:
            return VERDICT_STALE
        if diff.prev != held or diff.last < held:
            return VERDICT_GAP
        return VERDICT_APPLY

    cdef int follow(self, int64_t last, const event_t *diff) noexcept nogil:
        return self.check(last, False, diff)
