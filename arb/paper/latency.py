"""How long an order takes to the venue, and its answer back: constant or drawn from samples."""

from dataclasses import dataclass

_MASK = (1 << 64) - 1


@dataclass(slots=True)
class Latency:
    """One way's delay in ns, drawn from `samples` in a fixed pseudo-random order.

    One sample is a constant; many may be measured round trips. The draw is SplitMix64 (Steele,
    Lea, Flood 2014), so that a state of one integer repeats it exactly.
    """

    samples: tuple[int, ...]
    state: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no delay: an answer never comes at the same instant."""
        if not self.samples or min(self.samples) < 1:
            raise ValueError("a latency needs samples of at least 1 ns")

    def draw(self) -> int:
        """Return the next delay."""
        if len(self.samples) == 1:
            return self.samples[0]
        self.state = (self.state + 0x9E3779B97F4A7C15) & _MASK
        word = self.state
        word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
        return self.samples[(word ^ (word >> 31)) % len(self.samples)]
