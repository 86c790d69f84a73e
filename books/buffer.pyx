"""Diffs kept until the snapshot is there, oldest first, bounded in number and in levels."""

from libc.stdlib cimport free, malloc
from libc.string cimport memcpy
from market.frame cimport Frame, event_t, level_t
from market.scan cimport UNITS_MAX


cdef class Diff:
    """A copy of one diff, for later."""

    def __dealloc__(self):
        free(self.bids)


cdef class DiffBuffer:
    """A queue of diffs. `push` answers False at the limit: the caller starts over.

    16,384 diffs are 27 minutes of a 100 ms stream; 524,288 levels are 8 MiB.
    """

    def __cinit__(self, int diffs_max=16384, long levels_max=524288):
        self._diffs = []
        self.diffs_max = diffs_max
        self.levels_max = levels_max

    cdef int count(self):
        return len(self._diffs) - self._first

    cdef Diff at(self, int i):
        return <Diff>self._diffs[self._first + i]

    cdef bint push(self, Frame frame, const event_t *e) except *:
        cdef int bids = e.bid_to - e.bid_from
        cdef int asks = e.ask_to - e.ask_from
        cdef Diff diff
        if self.count() >= self.diffs_max or self.levels + bids + asks > self.levels_max:
            return False
        diff = Diff()
        diff.bids = <level_t *>malloc((bids + asks + 1) * sizeof(level_t))
        if diff.bids == NULL:
            raise MemoryError
        diff.asks = diff.bids + bids
        diff.event = e[0]
        diff.bid_count, diff.ask_count = bids, asks
        if bids:
            memcpy(diff.bids, &frame.bids[e.bid_from], bids * sizeof(level_t))
        if asks:
            memcpy(diff.asks, &frame.asks[e.ask_from], asks * sizeof(level_t))
        self.levels += bids + asks
        self._diffs.append(diff)
        return True

    cdef void drop(self, int n):
        """Forget the `n` oldest; the list is shortened only now and then."""
        cdef int i
        cdef Diff diff
        for i in range(n):
            diff = self.at(i)
            self.levels -= diff.bid_count + diff.ask_count
        self._first += n
        if self._first == len(self._diffs):
            self.clear()
        elif self._first >= 256:
            del self._diffs[: self._first]
            self._first = 0

    cdef void clear(self):
        self._diffs = []
        self._first = 0
        self.levels = 0

    cdef int rescale(self, long long price, long long size) except -1:
        """Bring kept levels to a finer grid; OverflowError when one does not fit."""
        cdef int i, k
        cdef Diff diff
        for i in range(self.count()):
            diff = self.at(i)
            for k in range(diff.bid_count + diff.ask_count):
                if diff.bids[k].ticks > UNITS_MAX // price or diff.bids[k].lots > UNITS_MAX // size:
                    raise OverflowError("a buffered level does not fit the finer grid")
                diff.bids[k].ticks *= price
                diff.bids[k].lots *= size
        return 0
