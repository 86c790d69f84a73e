"""How long to wait before the next attempt: exponential, bounded, jittered."""

from dataclasses import dataclass
from random import Random

#: Beyond this exponent every sensible first delay exceeds every sensible longest one.
_EXPONENT_MAX = 32


@dataclass(frozen=True, slots=True)
class BackoffParameters:
    """The first delay doubles with each failure up to the longest; all in seconds."""

    first_s: float = 0.25
    longest_s: float = 30.0


class Backoff:
    """Delays between attempts; the random source is given, so a seed repeats a run."""

    def __init__(self, parameters: BackoffParameters, random: Random) -> None:
        self._parameters = parameters
        self._random = random
        self.failures = 0

    def failed(self) -> None:
        """Record a failed attempt, or a connection that did not last."""
        self.failures += 1

    def succeeded(self) -> None:
        """Forget the failures: the next attempt needs no delay."""
        self.failures = 0

    def delay_s(self) -> float:
        """Return the delay before the next attempt: 0 after success, else half to whole of it.

        Half of it is certain, so that a venue that refuses at once is not hammered; the other
        half is random, so that connections lost together do not come back together.
        """
        if not self.failures:
            return 0.0
        exponent = min(self.failures - 1, _EXPONENT_MAX)
        whole_s = min(self._parameters.longest_s, self._parameters.first_s * (1 << exponent))
        return whole_s * (0.5 + 0.5 * self._random.random())
