"""Keys of a terminal, one at a time, and the terminal as it was afterwards."""

import os
import select
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def keys_of(handle: int) -> Iterator[None]:
    """Give keys without waiting for a line and without showing them; no terminal, no change."""
    if not os.isatty(handle):
        yield
        return
    before = termios.tcgetattr(handle)
    tty.setcbreak(handle, termios.TCSADRAIN)
    try:
        yield
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def wait_for_key(handle: int, seconds: float) -> str:
    """Return the keys pressed within so many seconds, `""` for none; EOFError when it hung up."""
    ready, _, _ = select.select([handle], [], [], max(seconds, 0.0))
    if not ready:
        return ""
    pressed = os.read(handle, 64)
    if not pressed:
        raise EOFError
    return pressed.decode("utf-8", "replace")
