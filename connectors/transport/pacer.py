"""Pacing: at most so many grants in any window of time, first come first served."""

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` grants in any `window_s` seconds, wherever that window begins."""

    count: int
    window_s: float


class Window:
    """Keeps one Rate exactly: remembers the times of the last `count` grants. Pure."""

    def __init__(self, rate: Rate) -> None:
        if rate.count < 1 or rate.window_s <= 0:
            raise ValueError(f"{rate}: expected a positive count and window")
        self._window_ns = round(rate.window_s * _NS)
        self._granted_ns: deque[int] = deque(maxlen=rate.count)

    def wait_ns(self, now_ns: int) -> int:
        """Return how long after `now_ns` the next grant is allowed, 0 if now."""
        granted = self._granted_ns
        if len(granted) < (granted.maxlen or 1):
            return 0
        return max(0, granted[0] + self._window_ns - now_ns)

    def grant(self, now_ns: int) -> None:
        """Record a grant; only allowed when `wait_ns` is 0."""
        assert self.wait_ns(now_ns) == 0, "a grant beyond the rate"
        self._granted_ns.append(now_ns)


class Pacer:
    """Makes tasks wait until every one of several rates allows another grant.

    Urgent requests overtake the others; within a kind the order of asking is kept. There are as
    many waiters as there are connections, each of which bounds its own queue.
    """

    def __init__(
        self,
        rates: tuple[Rate, ...],
        monotonic_ns: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._windows = [Window(rate) for rate in rates]
        self._monotonic_ns = monotonic_ns
        self._sleep = sleep
        self._waiting: list[tuple[int, int]] = []
        self._asked = 0
        self._moved = asyncio.Event()

    async def acquire(self, *, urgent: bool = False) -> None:
        """Wait for a grant. A cancelled waiter leaves the queue and takes nothing."""
        self._asked += 1
        ticket = (0 if urgent else 1, self._asked)
        heapq.heappush(self._waiting, ticket)
        self._wake()
        try:
            while True:
                if self._waiting[0] != ticket:
                    await self._moved.wait()
                    continue
                wait_ns = self._wait_ns()
                if not wait_ns:
                    break
                await self._sleep(wait_ns / _NS)
            now_ns = self._monotonic_ns()
            for window in self._windows:
                window.grant(now_ns)
        finally:
            self._waiting.remove(ticket)
            heapq.heapify(self._waiting)
            self._wake()

    def _wait_ns(self) -> int:
        now_ns = self._monotonic_ns()
        return max((window.wait_ns(now_ns) for window in self._windows), default=0)

    def _wake(self) -> None:
        """Let every waiter look again whether it is the first."""
        self._moved.set()
        self._moved = asyncio.Event()
