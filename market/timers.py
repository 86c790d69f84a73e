"""Deadlines inside the node, in the order (deadline, id)."""

from typing import Any, NamedTuple

from sortedcontainers import SortedDict

#: No deadline: later than any input.
NEVER = (1 << 63) - 1

#: Timers that may stand at once; more is a bug that would otherwise eat the memory.
TIMERS_MAX = 100_000


class Timer(NamedTuple):
    """What is to be done: a name that the node knows, and its subject."""

    deadline_ns: int
    id: int
    name: str
    subject: object


class Timers:
    """A queue of timers. Ids are counters, so that equal deadlines fire in the order of setting."""

    def __init__(self) -> None:
        self._queue: SortedDict = SortedDict()
        self._next_id = 1
        #: The earliest deadline, NEVER without one; kept beside the queue because each input asks.
        self.next_ns = NEVER

    def __len__(self) -> int:
        return len(self._queue)

    def set(self, deadline_ns: int, name: str, subject: object) -> int:
        """Add a timer; returns its id. Raises OverflowError at TIMERS_MAX."""
        if len(self._queue) >= TIMERS_MAX:
            raise OverflowError(f"more than {TIMERS_MAX} timers")
        timer = Timer(deadline_ns, self._next_id, name, subject)
        self._next_id += 1
        self._queue[timer.deadline_ns, timer.id] = timer
        self._refresh()
        return timer.id

    def cancel(self, timer_id: int, deadline_ns: int) -> bool:
        """Remove a timer; False when it fired already."""
        found = self._queue.pop((deadline_ns, timer_id), None)
        self._refresh()
        return found is not None

    def pop_due(self, now_ns: int) -> Timer | None:
        """Remove and return the earliest timer due at `now_ns`, or None."""
        if self.next_ns > now_ns:
            return None
        _, timer = self._queue.popitem(0)
        self._refresh()
        found: Timer = timer
        return found

    def dump(self) -> dict[str, Any]:
        """Return the timers in their order, and the next id, as plain values."""
        return {"next": self._next_id, "timers": [list(timer) for timer in self._queue.values()]}

    def load(self, state: dict[str, Any]) -> None:
        """Take what `dump` returned in place of all timers."""
        timers = [Timer(*row) for row in state["timers"]]
        self._queue = SortedDict({(timer.deadline_ns, timer.id): timer for timer in timers})
        self._next_id = state["next"]
        self._refresh()

    def _refresh(self) -> None:
        self.next_ns = self._queue.peekitem(0)[0][0] if self._queue else NEVER
