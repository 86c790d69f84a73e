"""The compiled clock is Python's monotonic clock."""

import time

from connectors.transport.plain_ticks import PlainMonotonicTicks
from connectors.transport.ticks import MonotonicTicks


def test_readings_lie_between_those_of_the_standard_library():
    """Both twins read the clock that `time.monotonic_ns` reads."""
    for ticks in (MonotonicTicks(), PlainMonotonicTicks()):
        before = time.monotonic_ns()
        read = ticks.now_ns()
        assert before <= read <= time.monotonic_ns()
