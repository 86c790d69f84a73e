"""Keys of a terminal, one at a time, and signals that ask to leave; afterwards all is as before."""

import contextlib
import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Iterator
from types import FrameType

#: What ends the view: Ctrl-C, a polite kill, a terminal that is closed.
_LEAVING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: Not obeyed, for a stopped program would leave its screen behind.
_IGNORED = (signal.SIGTSTP,)


#: What a signal, or a terminal that hung up, reads as.
LEAVE = "q"


class Keys:
    """Waits for keys and for the wish to leave. Use as a context, in the main thread.

    A signal only wakes the wait, so that it cannot interrupt the drawing halfway.
    """

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._handles: list[int] = []

    def __enter__(self) -> "Keys":
        with contextlib.ExitStack() as stack:
            self._handles = [stack.enter_context(_signals())]
            if sys.stdin is not None and sys.stdin.isatty():
                keyboard = sys.stdin.fileno()
                stack.enter_context(_single_keys(keyboard))
                self._handles.append(keyboard)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def pressed(self, until: float) -> str:
        """Wait until a time of the monotonic clock; returns the keys of a moment, lower case.

        '' when the time is up; LEAVE among them, or for a signal, is the wish to leave.
        """
        while True:
            ready, _, _ = select.select(self._handles, [], [], max(until - time.monotonic(), 0.0))
            if not ready:
                return ""
            # Nothing to read: the terminal hung up.
            pressed = [os.read(handle, 64) or LEAVE.encode() for handle in ready]
            return b"".join(pressed).decode("ascii", "replace").lower()


@contextlib.contextmanager
def _signals() -> Iterator[int]:
    """Give a handle from which a `q` is read after a signal that asks to leave."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        with contextlib.suppress(BlockingIOError):  # full of earlier wishes
            os.write(writer, b"q")

    before = {number: signal.signal(number, leave) for number in _LEAVING}
    before |= {number: signal.signal(number, signal.SIG_IGN) for number in _IGNORED}
    try:
        yield reader
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)


@contextlib.contextmanager
def _single_keys(handle: int) -> Iterator[None]:
    """Give keys without waiting for a line and without showing them."""
    before = termios.tcgetattr(handle)
    tty.setcbreak(handle, termios.TCSADRAIN)
    try:
        yield
    finally:
        # A terminal that went away needs no restoring.
        with contextlib.suppress(termios.error):
            termios.tcsetattr(handle, termios.TCSADRAIN, before)
