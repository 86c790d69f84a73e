"""The plain twin of market.histogram."""

import bisect

SUBS = 8
VALUE_BITS = 40
SUM_MAX = (1 << 63) - 1

#: The largest value of each bucket; of the last one there is none.
EDGES: list[int] = [
    *range(1, SUBS + 1),
    *(
        (SUBS + sub + 1) << exponent
        for exponent in range(VALUE_BITS - SUBS.bit_length() + 1)
        for sub in range(SUBS)
    ),
]


class PlainHistogram:
    """Twin of `Histogram`."""

    def __init__(self) -> None:
        self.count = 0
        self.sum = 0
        self.max = 0
        self._counts = [0] * len(EDGES)

    def observe(self, value: int) -> None:
        """Count a value; a negative one counts as 0."""
        value = max(value, 0)
        bucket = bisect.bisect_left(EDGES, value)
        self._counts[min(bucket, len(EDGES) - 1)] += 1
        self.count += 1
        self.sum = min(self.sum + value, SUM_MAX)
        self.max = max(self.max, value)

    def powers(self, first: int, last: int) -> list[int]:
        """Return how many values are at most 2**first, 2**(first + 1), … 2**last."""
        if not 3 <= first <= last <= VALUE_BITS:
            raise ValueError(f"powers are 3 to {VALUE_BITS}, not {first} to {last}")
        return [
            sum(
                count
                for edge, count in zip(EDGES[:-1], self._counts[:-1], strict=True)
                if edge <= 1 << power
            )
            for power in range(first, last + 1)
        ]

    def quantile(self, share: float) -> int:
        """Return a value that `share` of all do not exceed, to an eighth too much; 0 of none."""
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"a share is within 0 and 1, not {share}")
        wanted = max(1, int(share * self.count + 0.999999))
        held = 0
        for edge, count in zip(EDGES[:-1], self._counts[:-1], strict=True):
            held += count
            if held >= wanted:
                return min(edge, self.max)
        return self.max

    def dump(self) -> list[int]:
        """Return the counts of all buckets."""
        return list(self._counts)
