"""How resting quotes are looked after: what is wanted, and when an order is left alone."""

from dataclasses import dataclass
from typing import NamedTuple

from market.order import Side

#: Changes a second that are no bound any more.
CHANGES_MAX = 1_000_000


class Wanted(NamedTuple):
    """One order that should rest: whole ticks and lots."""

    side: Side
    price: int
    lots: int


@dataclass(frozen=True, slots=True)
class Care:
    """When a resting order is left alone.

    An order that is too aggressive by more than `hysteresis` ticks moves at once: it is a risk. One
    that is too passive has earned a place in its queue: it moves when it is at least `life_ns` old
    and the price error exceeds hysteresis plus a queue value, which grows to `queue_ticks` at
    `queue_ns` of age. Sizes are amended when they are off by more than `size_permille`.
    `changes_per_second` bounds new and amended orders, and so does what the venue takes from all
    strategies together; cancels always go. 0 is no bound at all.
    """

    hysteresis: int = 1
    life_ns: int = 200_000_000
    queue_ticks: int = 2
    queue_ns: int = 5_000_000_000
    size_permille: int = 200
    changes_per_second: int = 20

    def __post_init__(self) -> None:
        """Refuse what no order could be held to."""
        if min(getattr(self, name) for name in self.__slots__) < 0:
            raise ValueError("hysteresis, life, queue and rate must not be negative")
        if self.changes_per_second >= CHANGES_MAX:
            raise ValueError(f"changes_per_second must be below {CHANGES_MAX}")
