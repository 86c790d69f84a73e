"""How much of a parent order is due by now: by time, by a volume profile, by volume seen.

Amounts are integers, times ns. Every curve rounds down, is 0 before the start, and never passes the
whole amount.
"""

from dataclasses import dataclass, field
from typing import Protocol

#: Bins of a volume profile, given or seen.
BINS_MAX = 1_440

PPM = 10**6


class Curve(Protocol):
    """Says what is due of an amount."""

    def hear(self, amount: int, now: int) -> None:
        """A public trade moved this much."""

    def due(self, whole: int, now: int) -> int:
        """Return how much of `whole` should be done by now."""


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when a parent is worked, ns of node time."""

    start: int
    end: int

    def __post_init__(self) -> None:
        """Refuse a window without length."""
        if self.end <= self.start:
            raise ValueError("a schedule must end after it starts")


@dataclass(frozen=True, slots=True)
class Even:
    """The same in every second (TWAP)."""

    window: Window

    def hear(self, amount: int, now: int) -> None:
        """Volume does not matter."""

    def due(self, whole: int, now: int) -> int:
        """Return the part of the time that has passed."""
        window = self.window
        if now >= window.end:
            return whole
        return whole * max(0, now - window.start) // (window.end - window.start)


@dataclass(frozen=True, slots=True)
class Profiled:
    """By a given volume profile (VWAP): weights of equal parts of the window."""

    window: Window
    weights: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse a profile that no volume could follow."""
        if not 0 < len(self.weights) <= BINS_MAX:
            raise ValueError(f"a profile has 1 to {BINS_MAX} weights")
        if min(self.weights) < 0 or sum(self.weights) == 0:
            raise ValueError("weights must not be negative, and not all zero")

    def hear(self, amount: int, now: int) -> None:
        """The profile is given."""

    def due(self, whole: int, now: int) -> int:
        """Return the weights of the parts that have passed, and of the present one its share."""
        window = self.window
        if now >= window.end:
            return whole
        length = window.end - window.start
        passed = max(0, now - window.start) * len(self.weights)
        full, rest = divmod(passed, length)
        weight = sum(self.weights[:full]) * length + self.weights[full] * rest
        return whole * weight // (sum(self.weights) * length)


@dataclass(slots=True)
class Seen:
    """By the volume seen so far (VWAP): what has traded against what is still to be expected.

    What is expected of a part of `period` is its mean volume in earlier periods; of a part that was
    never heard through, the mean over all time heard. Volume before the window counts for both;
    without any, the schedule is even.
    """

    window: Window
    period: int = 86_400 * 10**9
    bins: int = 288
    traded: int = 0
    _volumes: dict[int, int] = field(default_factory=dict)
    _heard: dict[int, int] = field(default_factory=dict)
    _at: int = -1

    def __post_init__(self) -> None:
        """Refuse bins that are no equal parts."""
        if not 0 < self.bins <= BINS_MAX or self.period <= 0 or self.period % self.bins:
            raise ValueError(f"a period has 1 to {BINS_MAX} equal parts of whole ns")

    def hear(self, amount: int, now: int) -> None:
        """Add to the part of the period that it is."""
        self._listen(now)
        if self.window.start <= now < self.window.end:
            self.traded += amount
        part = self._part(now)
        self._volumes[part] = self._volumes.get(part, 0) + amount

    def due(self, whole: int, now: int) -> int:
        """Return the traded part of traded and expected volume."""
        window = self.window
        if now >= window.end:
            return whole
        if now < window.start:
            return 0
        if self._at >= 0:
            self._listen(now)
        expected = self._expected(now)
        if self.traded + expected == 0:
            return Even(window).due(whole, now)
        return whole * self.traded // (self.traded + expected)

    def _part(self, at: int) -> int:
        return at % self.period * self.bins // self.period

    def _spans(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return (part, ns) from start to end, at most one period of it."""
        length = self.period // self.bins
        end = min(end, start + self.period)
        found = []
        while start < end:
            edge = min(end, start - start % length + length)
            found.append((self._part(start), edge - start))
            start = edge
        return found

    def _listen(self, now: int) -> None:
        """Time has passed in which trades would have been heard."""
        if self._at >= 0:
            for part, span in self._spans(self._at, now):
                self._heard[part] = self._heard.get(part, 0) + span
        self._at = now

    def _expected(self, now: int) -> int:
        """Return the volume expected from now to the end of the window."""
        volume, heard = sum(self._volumes.values()), sum(self._heard.values())
        if heard == 0:
            return 0
        length = self.period // self.bins
        left = self.window.end - now
        # Whole periods beyond the first are worth the mean: they contain every part.
        expected = max(0, left - self.period) * volume // heard
        for part, span in self._spans(now, self.window.end):
            known = self._heard.get(part, 0)
            if known >= length:
                expected += self._volumes.get(part, 0) * span // known
            else:
                expected += volume * span // heard
        return expected


@dataclass(slots=True)
class Participation:
    """A share of what trades (POV), in millionths of the public volume inside the window."""

    window: Window
    share_ppm: int
    traded: int = 0

    def __post_init__(self) -> None:
        """Refuse a share that is none, or more than everything."""
        if not 0 < self.share_ppm <= PPM:
            raise ValueError("participation must be above 0 and at most 1")

    def hear(self, amount: int, now: int) -> None:
        """Count what trades inside the window."""
        if self.window.start <= now < self.window.end:
            self.traded += amount

    def due(self, whole: int, now: int) -> int:  # noqa: ARG002 - the volume is the clock
        """Return the share of what has traded."""
        return min(whole, self.traded * self.share_ppm // PPM)
