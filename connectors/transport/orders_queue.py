"""Requests that wait until a venue's limits let them go; none is lost, and none waits for long.

New orders wait apart from everything else, so that a cancel overtakes them. What waits longer than
`WAIT_NS`, or finds `WAITING_MAX` before it, is refused: an order that is late is another order.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from connectors.orders import Request
from connectors.transport.budget import Budget, BudgetParameters
from connectors.transport.clock import Clock
from connectors.transport.pacer import Rate, Window

#: A request older than this never leaves.
WAIT_NS = 1_000_000_000
WAITING_MAX = 256


@dataclass(frozen=True, slots=True)
class OrderLimits:
    """What a venue lets an account do: new orders, and requests by weight (20 where unknown)."""

    orders: Rate
    budget: BudgetParameters
    weights: tuple[tuple[str, int], ...]
    in_flight: int

    def weight(self, request: Request) -> int:
        """Return what a request costs."""
        name = request.path or request.method
        return next((weight for begin, weight in self.weights if name.startswith(begin)), 20)


class OrderQueue:
    """Hands requests to `carry` as the limits allow, at once where they do.

    `refuse(request, why)` is called from the loop, never from within `add`.
    """

    def __init__(
        self,
        limits: OrderLimits,
        clock: Clock,
        carry: Callable[[Request], None],
        refuse: Callable[[Request, str], None],
    ) -> None:
        self.in_flight = 0
        self._limits = limits
        self._clock = clock
        self._carry = carry
        self._refuse = refuse
        self._budget = Budget(limits.budget)
        self._orders = Window(limits.orders)
        # (request, when it was added), new orders apart.
        self._waiting: tuple[deque[tuple[Request, int]], ...] = (deque(), deque())
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return sum(map(len, self._waiting))

    def add(self, request: Request) -> None:
        """Take a request; it is carried or refused."""
        if len(self) >= WAITING_MAX:
            self.refuse(request, "too many requests wait")
            return
        if self._budget.quiet_ns(self._clock.monotonic_ns()):
            self.refuse(request, "the venue asked for a pause")
            return
        waiting = self._waiting[request.tag.startswith("place")]
        waiting.append((request, self._clock.monotonic_ns()))
        self.pump()

    def done(self) -> None:
        """A request that was carried is over."""
        self.in_flight -= 1
        self.pump()

    def pause(self, status: int, retry_after_s: float) -> None:
        """Heed a 429 or 418: nothing goes for so long, and what waits is refused."""
        self._budget.pause(status, retry_after_s, self._clock.monotonic_ns())
        self.flush(f"the venue asked for a pause ({status})")

    def flush(self, why: str) -> None:
        """Refuse all that waits."""
        for waiting in self._waiting:
            while waiting:
                self.refuse(waiting.popleft()[0], why)

    def refuse(self, request: Request, why: str) -> None:
        """Say that a request never left."""
        asyncio.get_running_loop().call_soon(partial(self._refuse, request, why))

    def close(self) -> None:
        """Stop looking after what waits."""
        if self._timer is not None:
            self._timer.cancel()

    def pump(self) -> None:
        """Carry what may go now, refuse what waited too long, and look again in time."""
        now_ns = self._clock.monotonic_ns()
        waits = []
        for waiting in self._waiting:
            wait_ns = self._drain(waiting, now_ns)
            if waiting:
                late_ns = waiting[0][1] + WAIT_NS + 1 - now_ns
                waits.append(min(wait_ns, late_ns) if wait_ns else late_ns)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if waits:
            delay_s = max(min(waits), 0) / 1e9
            self._timer = asyncio.get_running_loop().call_later(delay_s, self.pump)

    def _drain(self, waiting: deque[tuple[Request, int]], now_ns: int) -> int:
        """Carry from one queue; returns how long its first must wait, 0 for room in flight."""
        while waiting:
            request, added_ns = waiting[0]
            if now_ns - added_ns > WAIT_NS:
                self.refuse(waiting.popleft()[0], "it waited too long for the venue's limits")
                continue
            if self.in_flight >= self._limits.in_flight:
                return 0
            wait_ns = self._wait_ns(request, now_ns)
            if wait_ns:
                return wait_ns
            waiting.popleft()
            self._budget.spend(self._limits.weight(request), now_ns, self._clock.now_ns())
            if request.tag.startswith("place"):
                self._orders.grant(now_ns)
            self.in_flight += 1
            self._carry(request)
        return 0

    def _wait_ns(self, request: Request, now_ns: int) -> int:
        weight = self._limits.weight(request)
        wait_ns = self._budget.wait_ns(weight, now_ns, self._clock.now_ns())
        if request.tag.startswith("place"):
            wait_ns = max(wait_ns, self._orders.wait_ns(now_ns))
        return wait_ns
