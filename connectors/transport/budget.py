"""How much may be asked of a venue's REST interface, and when. Pure: the time is given."""

from dataclasses import dataclass, replace

_NS = 1_000_000_000
#: Without a Retry-After: 429 clears within the minute it counts, a ban lasts two at least.
_PAUSE_S = {429: 60.0, 418: 120.0}
#: No ban is longer than three days; a longer wish is a mistake of somebody's.
_PAUSE_S_MAX = 3 * 86_400.0
#: The venue's minute need not begin when ours does.
_SKEW_NS = 2 * _NS


@dataclass(frozen=True, slots=True)
class BudgetParameters:
    """Weight per time.

    `burst` may be spent at once and refills with `per_second`; `per_minute` bounds a minute of
    the clock, what the venue says it counted included (0: the venue says nothing), and `own` what
    we ourselves spend in it (0: no other bound).
    """

    burst: int
    per_second: float
    per_minute: int = 0
    own: int = 0

    def __post_init__(self) -> None:
        if self.burst < 1 or self.per_second <= 0 or min(self.per_minute, self.own) < 0:
            raise ValueError(f"{self}: expected a positive burst and refill")

    def within(self, own: int) -> "BudgetParameters":
        """Return these bounds, lowered where we could spend more than `own` in a minute.

        A quarter may go at once, and what refills in a minute makes up the rest.
        """
        burst = min(self.burst, max(1, own // 4))
        rest = max(own - burst, own / 2) / 60
        return replace(self, burst=burst, per_second=min(self.per_second, rest), own=own)


class Budget:
    """A token bucket that heeds what the venue counts, and its orders to be quiet.

    Monotonic ns for the bucket and pauses; wall ns only to know the venue's minute.
    """

    def __init__(self, parameters: BudgetParameters) -> None:
        self._parameters = parameters
        # In weight times 1e9: exact, whatever the rate.
        self._level = parameters.burst * _NS
        self._refill = round(parameters.per_second * 1000)
        self._level_ns: int | None = None
        self._minute = -1
        self._used = self._spent = 0
        self._quiet_until_ns = 0

    def wait_ns(self, weight: int, monotonic_ns: int, wall_ns: int) -> int:
        """Return how long to wait before spending `weight`, 0 if it may be spent now.

        A weight over the whole burst is treated as the burst: it waits for a full bucket.
        """
        self._refresh(monotonic_ns, wall_ns)
        lacking = min(weight, self._parameters.burst) * _NS - self._level
        wait_ns = max(0, -(-lacking * 1000 // self._refill))
        if self._over_minute(weight):
            wait_ns = max(wait_ns, self._minute_left_ns(wall_ns))
        return max(wait_ns, self._quiet_until_ns - monotonic_ns)

    def spend(self, weight: int, monotonic_ns: int, wall_ns: int) -> None:
        """Spend; only allowed when `wait_ns` is 0."""
        assert self.wait_ns(weight, monotonic_ns, wall_ns) <= 0, "spent beyond the budget"
        self._level -= min(weight, self._parameters.burst) * _NS
        self._used += weight
        self._spent += weight

    def observe(self, used: int, monotonic_ns: int, wall_ns: int) -> None:
        """Take in what the venue counted this minute: others may share our address."""
        self._refresh(monotonic_ns, wall_ns)
        self._used = max(self._used, used)

    def pause(self, status: int, retry_after_s: float, monotonic_ns: int) -> float:
        """Heed a 429 or 418: nothing is allowed for so long; returns the seconds."""
        pause_s = min(retry_after_s or _PAUSE_S.get(status, 60.0), _PAUSE_S_MAX)
        self._quiet_until_ns = max(self._quiet_until_ns, monotonic_ns + round(pause_s * _NS))
        return pause_s

    def quiet_ns(self, monotonic_ns: int) -> int:
        """Return what is left of a pause, ns."""
        return max(0, self._quiet_until_ns - monotonic_ns)

    def _refresh(self, monotonic_ns: int, wall_ns: int) -> None:
        if self._level_ns is not None:
            gained = (monotonic_ns - self._level_ns) * self._refill // 1000
            self._level = min(self._parameters.burst * _NS, self._level + gained)
        self._level_ns = monotonic_ns
        # The count of a minute is kept for the skew's length into the next one.
        minute = (wall_ns - _SKEW_NS) // (60 * _NS)
        if minute != self._minute:
            self._minute, self._used, self._spent = minute, 0, 0

    def _over_minute(self, weight: int) -> bool:
        """Whether a minute's bound forbids the weight; one over the whole bound goes alone."""
        bounds = self._parameters
        return any(
            limit and used and used + weight > limit
            for limit, used in ((bounds.per_minute, self._used), (bounds.own, self._spent))
        )

    def _minute_left_ns(self, wall_ns: int) -> int:
        return (self._minute + 1) * 60 * _NS + _SKEW_NS - wall_ns
