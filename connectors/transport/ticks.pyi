from market.probe import Ticks

class MonotonicTicks(Ticks):
    """The clock of `time.monotonic_ns`, in ns, a few tens of ns a reading."""
