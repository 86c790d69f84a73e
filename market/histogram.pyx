"""A log-linear histogram of int64 values in a C array; the plain twin is market.plain_histogram.

A power of two is cut into eight equal buckets, so that a value is known to an eighth of itself.
Buckets include their upper edge, as Prometheus has it, and the powers of two are among the edges.
"""

from libc.stdint cimport INT64_MAX
from libc.string cimport memset

cdef extern from *:
    """
    static inline int crossquote_log2(unsigned long long value) {
        return 63 - __builtin_clzll(value);
    }
    """
    int crossquote_log2(unsigned long long value) noexcept nogil


cdef class Histogram:
    """Counts values by size; see the `.pyi` for each call."""

    def __cinit__(self):
        memset(self.counts, 0, sizeof(self.counts))
        self.count = self.sum = self.max = 0

    def observe(self, int64_t value):
        """Count a value; a negative one counts as 0."""
        self.add(value)

    cdef void add(self, int64_t value) noexcept nogil:
        """`observe` for compiled callers."""
        cdef int64_t below
        cdef int exponent, bucket
        if value < 0:
            value = 0
        # Counted by what lies below it, a value that is an upper edge belongs to that bucket.
        below = value - 1 if value > 0 else 0
        if below < SUBS:
            bucket = <int>below
        elif below >> VALUE_BITS:
            bucket = BUCKETS - 1
        else:
            exponent = crossquote_log2(<unsigned long long>below)
            bucket = (exponent - SUB_BITS + 1) * SUBS + <int>(
                below >> (exponent - SUB_BITS) & (SUBS - 1)
            )
        self.counts[bucket] += 1
        self.count += 1
        self.sum = self.sum + value if value <= INT64_MAX - self.sum else INT64_MAX
        if value > self.max:
            self.max = value

    def powers(self, int first, int last):
        """Return how many values are at most 2**first, 2**(first + 1), … 2**last."""
        cdef int64_t held = 0
        cdef int power, bucket = 0
        if not SUB_BITS <= first <= last <= VALUE_BITS:
            raise ValueError(f"powers are {SUB_BITS} to {VALUE_BITS}, not {first} to {last}")
        found = []
        for power in range(first, last + 1):
            while bucket < (power - SUB_BITS + 1) * SUBS and bucket < BUCKETS - 1:
                held += self.counts[bucket]
                bucket += 1
            found.append(held)
        return found

    def quantile(self, double share):
        """Return a value that `share` of all do not exceed, to an eighth too much; 0 of none."""
        cdef int64_t held = 0, wanted
        cdef int bucket
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"a share is within 0 and 1, not {share}")
        wanted = max(1, <int64_t>(share * self.count + 0.999999))
        for bucket in range(BUCKETS - 1):
            held += self.counts[bucket]
            if held >= wanted:
                return min(_edge(bucket), self.max)
        return self.max

    def dump(self):
        """Return the counts of all buckets."""
        return [self.counts[bucket] for bucket in range(BUCKETS)]


cdef int64_t _edge(int bucket) noexcept nogil:
    """Return the largest value of a bucket."""
    if bucket < SUBS:
        return bucket + 1
    return <int64_t>(SUBS + bucket % SUBS + 1) << (bucket // SUBS - 1)
