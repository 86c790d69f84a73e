"""Property tests look at the same examples each time, without a clock; `make soak` draws new ones.

A deadline an example would fail on a busy machine, and an example that only sometimes comes up
would make somebody else's change look guilty.
"""

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow]
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=_SLOW)
settings.register_profile("search", deadline=None, max_examples=500, suppress_health_check=_SLOW)
settings.load_profile("suite")
