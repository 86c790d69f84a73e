"""How long our own answers took: the last samples, for a look at percentiles."""

from .schemas import Spread

SAMPLES_MAX = 4_096


class Timing:
    """A ring of durations in ns."""

    def __init__(self) -> None:
        self._ring: list[int] = []
        self._count = 0

    def note(self, duration_ns: int) -> None:
        """Take a duration."""
        if len(self._ring) < SAMPLES_MAX:
            self._ring.append(duration_ns)
        else:
            self._ring[self._count % SAMPLES_MAX] = duration_ns
        self._count += 1

    def spread(self) -> Spread:
        """Return percentiles of what is held."""
        held = sorted(self._ring)
        if not held:
            return {"samples": 0, "p50_ns": None, "p99_ns": None, "max_ns": None}
        return {
            "samples": len(held),
            "p50_ns": held[len(held) // 2],
            "p99_ns": held[len(held) * 99 // 100],
            "max_ns": held[-1],
        }
