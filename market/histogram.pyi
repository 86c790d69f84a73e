class Histogram:
    """Counts int64 values by size: eight buckets to a power of two, up to 2**40.

    Never grows (2.4 KiB), never raises while counting; larger values count in the last bucket.
    """

    @property
    def count(self) -> int:
        """How many values."""
    @property
    def sum(self) -> int:
        """The sum of the values, 2**63 - 1 at most."""
    @property
    def max(self) -> int:
        """The largest value, 0 of none."""
    def observe(self, value: int) -> None:
        """Count a value; a negative one counts as 0."""
    def powers(self, first: int, last: int) -> list[int]:
        """Return how many values are at most 2**first, 2**(first + 1), … 2**last.

        ValueError unless 3 <= first <= last <= 40. Values beyond 2**40 are in none of them,
        nor are those of the topmost bucket, whose size is not known.
        """
    def quantile(self, share: float) -> int:
        """Return a value that `share` of all do not exceed, to an eighth too much; 0 of none."""
    def dump(self) -> list[int]:
        """Return the counts of all buckets."""
