"""Receive stamps: a wall-clock anchor plus monotonic elapsed time; steps are seen, not followed."""

import time
from collections.abc import Callable
from typing import Protocol

from market.inputs import Input, InputKind

#: A difference below this may be the noise of reading two clocks on a busy machine.
STEP_NS_MIN = 5_000_000
#: Pairs of readings of which the closest is used.
READINGS = 5


class Clock(Protocol):
    """What the transports read; tests put their own in its place."""

    def now_ns(self) -> int:
        """Return the stamp of this moment, ns since the epoch, UTC."""

    def monotonic_ns(self) -> int:
        """Return elapsed ns that no step touches; for intervals."""


class StampClock:
    """The process's clock. Stamps never step by themselves: `check` finds a step and adopts it.

    The monotonic clock is slewed together with the wall clock, so between the two only a step (or
    a suspended machine, which is one for everything that counts time) makes a difference.
    """

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        step_ns_min: int = STEP_NS_MIN,
    ) -> None:
        self._wall_ns = wall_ns
        self.monotonic_ns = monotonic_ns
        self._step_ns_min = step_ns_min
        self._anchor_ns = self._measure()[0]

    def now_ns(self) -> int:
        """Return the stamp of this moment, ns since the epoch, UTC."""
        return self._anchor_ns + self.monotonic_ns()

    def check(self) -> Input | None:
        """Return a CLOCK input if the wall clock stepped, None otherwise.

        The input's `number` is the step in ns (negative: backwards) and its stamp is taken after
        the step was adopted. The difference must exceed both `step_ns_min` and the time that the
        readings themselves took.
        """
        anchor_ns, doubt_ns = self._measure()
        step_ns = anchor_ns - self._anchor_ns
        if abs(step_ns) < max(self._step_ns_min, doubt_ns):
            return None
        self._anchor_ns = anchor_ns
        return Input(self.now_ns(), InputKind.CLOCK, "clock", number=step_ns)

    def _measure(self) -> tuple[int, int]:
        """Return wall minus monotonic time and how far that may be off, both ns."""
        best = (0, 1 << 62)
        for _ in range(READINGS):
            before_ns = self.monotonic_ns()
            wall_ns = self._wall_ns()
            after_ns = self.monotonic_ns()
            doubt_ns = after_ns - before_ns
            if doubt_ns < best[1]:
                best = (wall_ns - (before_ns + after_ns) // 2, doubt_ns)
        return best
