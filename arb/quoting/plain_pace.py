"""The plain twin of arb.quoting.pace."""

from dataclasses import dataclass

from arb.manners import manners_of

_SECOND_NS = 1_000_000_000


@dataclass(slots=True)
class PlainPace:
    """Twin of `Pace`."""

    rate: int
    burst: int
    tokens: int
    at_ns: int = 0

    @classmethod
    def of(cls, rate: int, burst: int) -> "PlainPace":
        """Return a full one."""
        return cls(rate, burst, burst * _SECOND_NS)

    @classmethod
    def at(cls, venue: str) -> "PlainPace":
        """Return what a venue leaves room for."""
        return cls.of(*manners_of(venue).pace)

    def ready(self, now: int) -> bool:
        """Tell whether a change is left at `now`, ns."""
        if not self.rate:
            return True
        most, gained = self.burst * _SECOND_NS, (now - self.at_ns) * self.rate
        self.tokens = min(most, self.tokens + gained)
        self.at_ns = now
        return self.tokens >= _SECOND_NS

    def take(self, now: int) -> bool:
        """Take one change; False where there is none left at `now`, ns."""
        if not self.ready(now):
            return False
        if self.rate:
            self.tokens -= _SECOND_NS
        return True
