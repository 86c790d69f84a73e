"""Property tests look at the same examples each time, without a clock; `make soak` draws new ones.

A deadline an example would fail on a busy machine, and an example that only sometimes comes up
would make somebody else's change look guilty.

What was collected stays to the end: the garbage collector need not look through all of it again in
every test. Hundreds of processes are started, and each would compile every module anew where the
environment says that compiled ones are not to be kept: here they are.
"""

import gc
import os
import sys

from hypothesis import HealthCheck, settings

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_SLOW = [HealthCheck.too_slow]
settings.register_profile(
    "suite",
    # Fewer where another profile is loaded already.
    max_examples=min(50, settings.default.max_examples),
    deadline=None,
    derandomize=True,
    suppress_health_check=_SLOW,
)
settings.register_profile("search", deadline=None, max_examples=500, suppress_health_check=_SLOW)
settings.load_profile("suite")

gc.disable()


def pytest_collection_finish():
    """Leave to the garbage collector only what the tests make."""
    gc.freeze()
    gc.enable()
