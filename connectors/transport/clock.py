"""Receive stamps: a wall-clock anchor plus monotonic elapsed time, which never go back.

A wall clock that steps ahead is followed at once: time may really have passed, as while a machine
was suspended, and what looks too old then is only looked at again. One that steps back is not: time
that stood still would let quotes that grow old look fresh. The stamps go on and are slewed, one
part in SLEW, until the wall clock has caught up with them.
"""

import time
from collections.abc import Callable
from typing import Protocol

from market.inputs import Input, InputKind

#: A difference below this may be the noise of reading two clocks on a busy machine.
STEP_NS_MIN = 5_000_000
#: Pairs of readings of which the closest is used.
READINGS = 5
#: Of so many ns that elapse, stamps ahead of the wall clock give one back.
SLEW = 100


class Clock(Protocol):
    """What the transports read; tests put their own in its place."""

    def now_ns(self) -> int:
        """Return the stamp of this moment, ns since the epoch, UTC."""

    def monotonic_ns(self) -> int:
        """Return elapsed ns that no step touches; for intervals."""


class StampClock:
    """The process's clock. Stamps never step by themselves: `check` finds a step of the wall clock.

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
        # Wall and stamps, each minus monotonic time; the stamps' as of `_from_ns`.
        self._wall_anchor_ns = self._anchor_ns = self._measure()[0]
        self._ahead_ns = self._from_ns = self._shift_ns = 0

    def now_ns(self) -> int:
        """Return the stamp of this moment, ns since the epoch, UTC; never less than before."""
        now_ns = self.monotonic_ns()
        if self._ahead_ns:
            return self._anchor_ns + now_ns - self._given_back(now_ns)
        return self._anchor_ns + now_ns

    @property
    def ahead_ns(self) -> int:
        """How far the stamps are ahead of the wall clock, as the last check found it."""
        return self._ahead_ns

    @property
    def anchor_ns(self) -> int | None:
        """Stamps minus monotonic time; None while the stamps are slewed, when it changes."""
        return None if self._ahead_ns else self._anchor_ns

    def check(self) -> Input | None:
        """Return a CLOCK input if the wall clock stepped, None otherwise.

        The input's `number` is the step in ns (negative: backwards) and its stamp is taken after
        the step. The difference must exceed both `step_ns_min` and the time that the readings
        themselves took.
        """
        wall_anchor_ns, doubt_ns = self._measure()
        self._slew(self.monotonic_ns())
        step_ns = wall_anchor_ns - self._wall_anchor_ns
        if abs(step_ns) < max(self._step_ns_min, doubt_ns):
            return None
        self._wall_anchor_ns = wall_anchor_ns
        self._ahead_ns = self._anchor_ns - wall_anchor_ns
        if self._ahead_ns < 0:
            self._shift_ns -= self._ahead_ns
            self._anchor_ns, self._ahead_ns = wall_anchor_ns, 0
        return Input(self.now_ns(), InputKind.CLOCK, "clock", number=step_ns)

    def take_shift(self) -> int:
        """Return by how many ns the checks since the last call moved the stamps against time."""
        shift_ns, self._shift_ns = self._shift_ns, 0
        return shift_ns

    def _given_back(self, now_ns: int) -> int:
        """Return what the slew took of the stamps since `_from_ns`."""
        return min((now_ns - self._from_ns) // SLEW, self._ahead_ns)

    def _slew(self, now_ns: int) -> None:
        """Settle what was given back, and slew on from here."""
        back_ns = self._given_back(now_ns)
        self._anchor_ns -= back_ns
        self._ahead_ns -= back_ns
        self._shift_ns -= back_ns
        self._from_ns = now_ns

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
