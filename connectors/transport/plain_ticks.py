"""The plain twin of connectors.transport.ticks."""

import time


class PlainMonotonicTicks:
    """Twin of `MonotonicTicks`."""

    def now_ns(self) -> int:
        """Return the monotonic time in ns."""
        return time.monotonic_ns()
