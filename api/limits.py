"""How often somebody may ask: a bucket of tokens for each address, which fills with time."""

import math
from collections.abc import Callable

from .route import RefusedError

#: Addresses that are remembered; beyond it the one longest unseen begins anew.
CALLERS_MAX = 4_096
#: Seconds of the rate that may be spent at once.
BURST_SECONDS = 2.0


class Rates:
    """Buckets by name. `per_second` requests are let through, `BURST_SECONDS` of them at once.

    `now` is monotonic, in seconds.
    """

    def __init__(self, per_second: float, now: Callable[[], float]) -> None:
        self._per_second = per_second
        self._burst = max(per_second * BURST_SECONDS, 1.0)
        self._now = now
        self._held: dict[str, tuple[float, float]] = {}
        self.refused = 0

    def take(self, name: str) -> None:
        """Take one; RefusedError 429 with the seconds to wait when there is none."""
        now = self._now()
        left, seen = self._held.pop(name, (self._burst, now))
        left = min(left + (now - seen) * self._per_second, self._burst)
        if len(self._held) >= CALLERS_MAX:
            del self._held[next(iter(self._held))]
        if left < 1.0:
            self._held[name] = (left, now)
            self.refused += 1
            wait = math.ceil((1.0 - left) / self._per_second)
            raise RefusedError(
                429, f"more than {self._per_second:g} requests a second", {"Retry-After": str(wait)}
            )
        self._held[name] = (left - 1.0, now)
