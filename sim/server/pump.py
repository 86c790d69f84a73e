"""Drives a market by the clock of the event loop, and hands what happens to the venues."""

import asyncio
import time
from collections.abc import Callable, Sequence

from sim.market.base import Market
from sim.market.event import Event

STEP_NS = 10_000_000
STEPS_MAX = 500  # of catching up in one go: five seconds

Listener = Callable[[list[Event]], None]


class Pump:
    """Advances a market in steps of 10 ms, so that what is published does not depend on the loop.

    A loop that was held up is caught up with, up to five seconds; of a longer hold-up the rest is
    lost to the venues' clocks, which fall behind by it, and is counted in `slipped_ns`.
    """

    def __init__(self, market: Market, listeners: Sequence[Listener]) -> None:
        self._market = market
        self._listeners = list(listeners)
        self._anchor_ns = 0  # market time minus loop time
        self._timer: asyncio.TimerHandle | None = None
        self.slipped_ns = 0

    def add(self, listener: Listener) -> None:
        """Hand what happens to one more listener."""
        self._listeners.append(listener)

    def now_ns(self) -> int:
        """Return the venues' time, which runs between the steps as well."""
        return self._anchor_ns + _loop_ns()

    def advance(self, to_ns: int) -> None:
        """Move the market in one step, whatever the clock says."""
        events = self._market.advance(to_ns)
        for listener in self._listeners:
            listener(events)

    def start(self) -> None:
        """Go on from where the market stands."""
        self._anchor_ns = self._market.now_ns - _loop_ns()
        self._schedule()

    def stop(self) -> None:
        """Let the market stand."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        due_s = (self._market.now_ns + STEP_NS - self._anchor_ns) / 1e9
        self._timer = asyncio.get_running_loop().call_at(due_s, self._tick)

    def _tick(self) -> None:
        behind = (self.now_ns() - self._market.now_ns) // STEP_NS
        if behind > STEPS_MAX:
            lost_ns = (behind - STEPS_MAX) * STEP_NS
            self._anchor_ns -= lost_ns
            self.slipped_ns += lost_ns
        for _ in range(min(behind, STEPS_MAX)):
            self.advance(self._market.now_ns + STEP_NS)
        self._schedule()


def _loop_ns() -> int:
    return round(asyncio.get_running_loop().time() * 1e9)


def wall_start_ns() -> int:
    """Return the wall-clock time, cut to a whole step: where a served market begins."""
    now = time.time_ns()
    return now - now % STEP_NS
