"""How late the event loop is: what a blocked reader would feel."""

import asyncio
import time
from collections import deque

from market.histogram import Histogram

_INTERVAL_S = 0.05
_SAMPLES = 1200  # the last minute


class LoopLag:
    """Lateness of a short sleep, over the last minute, and the worst since the start.

    `histogram` has all of it since the start, in ns; `turned_ns` is when the loop turned last, by
    the monotonic clock, 0 before it did.
    """

    def __init__(self) -> None:
        self._late_ms: deque[float] = deque(maxlen=_SAMPLES)
        self.max_ms = 0.0
        self.histogram = Histogram()
        self.turned_ns = 0

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due = time.monotonic_ns() + round(_INTERVAL_S * 1e9)
            await asyncio.sleep(_INTERVAL_S)
            self.turned_ns = time.monotonic_ns()
            late_ns = max(0, self.turned_ns - due)
            self.histogram.observe(late_ns)
            late = late_ns / 1e6
            self._late_ms.append(late)
            self.max_ms = max(self.max_ms, late)

    def summary(self) -> dict[str, float]:
        """Return `p50`, `p99` and `max` in ms."""
        ordered = sorted(self._late_ms)
        if not ordered:
            return {"p50": 0.0, "p99": 0.0, "max": 0.0}
        return {
            "p50": round(ordered[len(ordered) // 2], 3),
            "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
            "max": round(self.max_ms, 3),
        }
