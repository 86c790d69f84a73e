"""What went wrong at the edge, counted by venue, connection and reason."""

from typing import NamedTuple

#: Distinct keys kept; a program names a few dozen, so reaching this is itself a fault.
KEYS_MAX = 4096


class CounterKey(NamedTuple):
    """What is counted: `connection` is the name without its epoch, or `rest`."""

    venue: str
    connection: str
    reason: str


OVERFLOW = CounterKey("*", "*", "counter_overflow")


class Counters:
    """Named totals since the start; one object serves every transport of the process.

    At `keys_max` distinct keys further new ones are added up under OVERFLOW.
    """

    def __init__(self, keys_max: int = KEYS_MAX) -> None:
        self._totals: dict[CounterKey, int] = {}
        self._keys_max = keys_max

    def count(self, venue: str, connection: str, reason: str, by: int = 1) -> None:
        """Add `by` to one total."""
        key = CounterKey(venue, connection, reason)
        if key not in self._totals and len(self._totals) >= self._keys_max:
            key = OVERFLOW
        self._totals[key] = self._totals.get(key, 0) + by

    def total(self, venue: str = "", connection: str = "", reason: str = "") -> int:
        """Return the sum over all keys that match the parts which are not empty."""
        wanted = (venue, connection, reason)
        return sum(
            value
            for key, value in self._totals.items()
            if all(not part or part == own for part, own in zip(wanted, key, strict=True))
        )

    def snapshot(self) -> dict[CounterKey, int]:
        """Return a copy of all totals, in the order in which they first occurred."""
        return dict(self._totals)
