"""An event loop in which time passes only when nothing else is left to do."""

import asyncio

_NS = 1_000_000_000


class StuckError(RuntimeError):
    """Every task waits, and no timer is set that could end it."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs tasks and timers in virtual time: no sockets, no threads, no clock.

    Where a real loop would sleep, `now_ns` jumps to the next timer. What happens, and in which
    order, depends only on what was scheduled.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = 0
        # The base class takes timers within its clock's resolution for due. Less than a nanosecond:
        # who waits for one must find that it has passed, or would wait for ever at the same time.
        self._clock_resolution = 2e-10
        self._selector = _Jump(self)

    def time(self) -> float:
        """Return virtual seconds since the loop was made."""
        return self.now_ns / _NS

    def _process_events(self, event_list: list[object]) -> None:
        """Take what the selector found, which is never anything."""

    def _write_to_self(self) -> None:
        """Wake up a sleeping selector; this one never sleeps."""


class _Jump:
    """In the place of a selector: where that would wait, time moves on."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[object]:
        """Let `timeout` seconds pass; StuckError where the wait would never end."""
        if timeout is None:
            raise StuckError("nothing is left to happen")
        if timeout > 0:
            self._loop.now_ns += max(1, round(timeout * _NS))
        return []

    def close(self) -> None:
        """Nothing is held."""
