"""How fast quotes may change at one venue, for all strategies of a world together.

The plain twin is arb.quoting.plain_pace.
"""

from libc.stdint cimport int64_t

from arb.manners import manners_of

cdef int64_t _SECOND_NS = 1_000_000_000
#: Changes a second and at once, up to which nothing here overflows.
_MOST = 1_000_000


cdef class Pace:
    """A bucket of changes: `rate` a second in the long run, `burst` at once; 0 is no bound.

    `tokens` are changes times ns.
    """

    #: What checkpoints hold.
    __slots__ = ("rate", "burst", "tokens", "at_ns")

    @classmethod
    def of(cls, int64_t rate, int64_t burst):
        """Return a full one; ValueError for a million a second and more."""
        cdef Pace made = cls.__new__(cls)
        if not (0 <= rate < _MOST and 0 <= burst < _MOST):
            raise ValueError(f"a pace of {rate} a second and {burst} at once is none")
        made.rate, made.burst, made.tokens = rate, burst, burst * _SECOND_NS
        return made

    @classmethod
    def at(cls, venue):
        """Return what a venue leaves room for."""
        return cls.of(*manners_of(venue).pace)

    cpdef bint ready(self, int64_t now) except -1:
        """Tell whether a change is left at `now`, ns."""
        cdef int64_t most, elapsed
        if self.rate == 0:
            return True
        most, elapsed = self.burst * _SECOND_NS, now - self.at_ns
        # After so long the bucket is full, whatever was in it.
        if elapsed > most // self.rate:
            self.tokens = most
        else:
            self.tokens = min(most, self.tokens + elapsed * self.rate)
        self.at_ns = now
        return self.tokens >= _SECOND_NS

    cpdef bint take(self, int64_t now) except -1:
        """Take one change; False where there is none left at `now`, ns."""
        if not self.ready(now):
            return False
        if self.rate:
            self.tokens -= _SECOND_NS
        return True
