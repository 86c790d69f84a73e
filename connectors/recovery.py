"""When to ask for a depth snapshot: single flight, with backoff; decided inside the node."""

from dataclasses import dataclass

from market.timers import NEVER

#: A reply that has not come by then is lost.
TIMEOUT_NS = 10_000_000_000
BACKOFF_FIRST_NS = 500_000_000
BACKOFF_MAX_NS = 30_000_000_000
#: A live book's refresh may wait: it is not wrong, only near its horizon.
REFRESH_PAUSE_NS = 60_000_000_000


@dataclass(slots=True)
class Recovery:
    """The snapshot requests of one book.

    The weight budget and the limits on a venue's requests are the driver's; this bounds what one
    book may ask for: one request at a time, 0.5 s to 30 s apart while they do not help.
    """

    in_flight: bool = False
    refresh: bool = False
    attempts: int = 0
    not_before_ns: int = 0
    deadline_ns: int = NEVER

    def may_ask(self, now: int) -> bool:
        """Return whether a request may leave now."""
        return not self.in_flight and now >= self.not_before_ns

    def asked(self, now: int, *, refresh: bool) -> int:
        """A request leaves; returns the time at which it counts as lost."""
        self.in_flight = True
        self.refresh = refresh
        self.attempts += 1
        self.deadline_ns = now + TIMEOUT_NS
        return self.deadline_ns

    def answered(self, now: int, *, helped: bool) -> int:
        """A reply came or was given up; returns when the next request may leave."""
        self.in_flight = False
        self.deadline_ns = NEVER
        if helped:
            self.attempts = 0
            self.not_before_ns = now
        elif self.refresh:
            self.not_before_ns = now + REFRESH_PAUSE_NS
        else:
            pause = BACKOFF_FIRST_NS << min(max(self.attempts - 1, 0), 16)
            self.not_before_ns = now + min(pause, BACKOFF_MAX_NS)
        return self.not_before_ns
