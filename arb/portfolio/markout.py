"""Markouts: how the mid price stood some time after each of our fills.

A maker who is filled just before the price moves against him was picked off; the markout is what
shows it, where the spread that he earned does not.
"""

from collections import deque
from dataclasses import dataclass, field

HORIZONS_NS = (1_000_000_000, 5_000_000_000, 30_000_000_000)

#: Fills whose markouts are still to come; beyond that the oldest are given up and counted.
WAITING_MAX = 10_000


@dataclass(slots=True)
class Markout:
    """Sums over the fills of one kind: gain against the fill's price, in quote amounts."""

    fills: int = 0
    gain: int = 0
    value: int = 0


@dataclass(slots=True)
class Waiting:
    """A fill whose markout is due at `due_ns`."""

    due_ns: int
    slot: int
    sign: int
    base: int
    value: int
    maker: bool


@dataclass(slots=True)
class Markouts:
    """Markouts by horizon, for makers' and takers' fills apart."""

    sums: dict[tuple[int, bool], Markout] = field(
        default_factory=lambda: {(h, m): Markout() for h in HORIZONS_NS for m in (True, False)}
    )
    given_up: int = 0
    _waiting: tuple[deque[Waiting], ...] = field(
        default_factory=lambda: tuple(deque() for _ in HORIZONS_NS)
    )

    def add(self, now: int, slot: int, sign: int, base: int, value: int, *, maker: bool) -> None:
        """A fill of `base` units for `value` happened."""
        for horizon, queue in zip(HORIZONS_NS, self._waiting, strict=True):
            if len(queue) >= WAITING_MAX:
                queue.popleft()
                self.given_up += 1
            queue.append(Waiting(now + horizon, slot, sign, base, value, maker))

    @property
    def next_ns(self) -> int | None:
        """When the next markout is due."""
        dues = [queue[0].due_ns for queue in self._waiting if queue]
        return min(dues) if dues else None

    def due(self, now: int) -> list[tuple[int, Waiting]]:
        """Take out the fills whose markout is due by `now`, with their horizons."""
        found = []
        for horizon, queue in zip(HORIZONS_NS, self._waiting, strict=True):
            while queue and queue[0].due_ns <= now:
                found.append((horizon, queue.popleft()))
        return found

    def book(self, horizon: int, one: Waiting, mid_value: int | None) -> None:
        """Book the value of a fill's base units at its horizon; None when nobody knows it."""
        if mid_value is None:
            self.given_up += 1
            return
        total = self.sums[horizon, one.maker]
        total.fills += 1
        total.gain += one.sign * (mid_value - one.value)
        total.value += one.value
