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
from pathlib import Path

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

#: Files that take long, which mostly is waiting for a clock: begun first, they go on beside others.
LONG = (
    *("sim/serve/test_clients.py", "docs/test_commands.py", "daemon/test_live_trading.py"),
    *("sim/simtest/test_campaign.py", "daemon/test_random_kill.py", "sim/score/test_trial.py"),
    *("sim/server/test_coinbase.py", "page/test_page.py", "daemon/test_testnet.py"),
    *("sim/server/test_coinbase_clients.py", "daemon/test_served_recording.py"),
    *("daemon/test_process.py", "daemon/test_faults.py", "sim/serve/test_wire.py"),
    *("daemon/test_disconnects.py", "connectors/transport/test_connection.py"),
)

gc.disable()


def pytest_collection_modifyitems(items):
    """Put the long files first; the order within them stays."""
    folder = Path(__file__).parent
    place = {folder / name: at for at, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path, len(LONG)))


def pytest_collection_finish():
    """Leave to the garbage collector only what the tests make."""
    gc.freeze()
    gc.enable()


def pytest_runtest_teardown(item, nextitem):
    """A daemon that ended in this process has given all of it back to the garbage collector."""
    is_last = nextitem is None or nextitem.path != item.path
    # Counting takes milliseconds.
    if is_last and not gc.get_freeze_count():
        gc.freeze()


def pytest_sessionfinish():
    """Have what was lost without being closed found at the end."""
    gc.unfreeze()
