"""Processes of ours that Ctrl-C does not reach: whoever starts them ends them.

A terminal sends the interrupt to every process of its group. Their parent hears of it, says so in
one line and takes them down; what they would say of it, each for itself, is no news to anybody.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let processes that are started in the block ignore Ctrl-C for good; main thread only.

    An interrupt that comes meanwhile is lost.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
