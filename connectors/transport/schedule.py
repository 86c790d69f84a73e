"""Which REST request goes next: in order of asking, once a path, within the budget. Pure."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from connectors.transport.budget import Budget

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ScheduleParameters:
    """`waiting_max` paths may wait, each at most `wait_s_max`."""

    waiting_max: int = 256
    wait_s_max: float = 120.0


class Verdict(Enum):
    """What became of a wish to fetch."""

    QUEUED = "queued"
    JOINED = "joined"
    FULL = "queue_full"


class Schedule:
    """A fair queue: the first path that was asked for goes first, whatever it costs.

    A cheap request never overtakes a dear one, so a large snapshot is not starved by small ones.
    `in_flight_max` requests are under way at once.
    A path that waits or is under way already is not asked for again: its one reply serves all.
    """

    def __init__(
        self,
        parameters: ScheduleParameters,
        budget: Budget,
        weight: Callable[[str], int],
        in_flight_max: int,
    ) -> None:
        self._in_flight_max = in_flight_max
        self._parameters = parameters
        self._budget = budget
        self._weight = weight
        self._waiting: OrderedDict[str, int] = OrderedDict()
        self._in_flight: set[str] = set()

    def ask(self, path: str, monotonic_ns: int) -> Verdict:
        """Put a path at the end of the queue, unless it is in it or under way."""
        if path in self._waiting or path in self._in_flight:
            return Verdict.JOINED
        if len(self._waiting) >= self._parameters.waiting_max:
            return Verdict.FULL
        self._waiting[path] = monotonic_ns
        return Verdict.QUEUED

    def expired(self, monotonic_ns: int) -> list[str]:
        """Take out and return the paths that waited too long, or would have to in a pause."""
        limit_ns = round(self._parameters.wait_s_max * _NS)
        quiet_ns = self._budget.quiet_ns(monotonic_ns)
        late = [
            path
            for path, asked_ns in self._waiting.items()
            if monotonic_ns + quiet_ns - asked_ns > limit_ns
        ]
        for path in late:
            del self._waiting[path]
        return late

    def take(self, monotonic_ns: int, wall_ns: int) -> str | None:
        """Return the next path and pay for it, None when none may go now."""
        wait_ns = self.wait_ns(monotonic_ns, wall_ns)
        if wait_ns is None or wait_ns > 0:
            return None
        path, _ = self._waiting.popitem(last=False)
        self._budget.spend(self._weight(path), monotonic_ns, wall_ns)
        self._in_flight.add(path)
        return path

    def wait_ns(self, monotonic_ns: int, wall_ns: int) -> int | None:
        """Return how long until `take` may give something, None when only an event changes it."""
        if not self._waiting or len(self._in_flight) >= self._in_flight_max:
            return None
        first = next(iter(self._waiting))
        return max(0, self._budget.wait_ns(self._weight(first), monotonic_ns, wall_ns))

    def done(self, path: str) -> None:
        """A request came to its end, one way or the other."""
        self._in_flight.discard(path)

    @property
    def waiting(self) -> tuple[str, ...]:
        """The paths that wait, first first."""
        return tuple(self._waiting)
