"""`crossquote watch`: books, edges and the daemon's state, live in a terminal."""

import argparse
import signal
import sys
import time
from types import FrameType

from rich.console import Console, Group
from rich.live import Live

from api.client import DoorClient
from api.errors import DoorPathError

from .door import add_socket_argument, refuse
from .watch_feed import Feed
from .watch_keys import keys_of, wait_for_key
from .watch_screen import screen

_EXAMPLES = """examples:
  crossquote watch
  crossquote watch --socket /run/crossquote/door.sock
  NO_COLOR=1 crossquote watch

keys: q or Ctrl-C leaves. A daemon that is restarted is found again.
exit codes: 0 left by the user, 1 the terminal went away, 2 wrong usage or no terminal
"""

_REFRESH_SECONDS = 0.25

#: A daemon that does not answer for so long counts as gone.
_TIMEOUT_SECONDS = 1.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    add_socket_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Watch until the user leaves; returns 0, 1 when the terminal went away, 2 without one."""
    console = Console()
    if not console.is_terminal or console.is_dumb_terminal:
        return refuse(args.verb, "needs a terminal; for programs: crossquote books --json")
    try:
        client = DoorClient(args.socket, _TIMEOUT_SECONDS)
    except DoorPathError as error:
        return refuse(args.verb, f"--socket: {error}")
    before = {
        # A terminal that is closed, or a polite kill, leaves by the same way as Ctrl-C.
        number: signal.signal(number, _leave)
        for number in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        with client:
            _watch(console, Feed(client), str(args.socket))
    except KeyboardInterrupt:
        return 0
    except (OSError, EOFError):
        return 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0


def _watch(console: Console, feed: Feed, place: str) -> None:
    """Draw, wait for a key, and again, until q."""
    keys = sys.stdin.fileno() if sys.stdin.isatty() else None
    with (
        keys_of(sys.stdin.fileno()),
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        due = time.monotonic()
        while True:
            shown = feed.poll()
            width, height = console.size
            live.update(Group(*screen(shown, width, height, place)), refresh=True)
            due = max(due + _REFRESH_SECONDS, time.monotonic())
            if keys is None:
                time.sleep(max(due - time.monotonic(), 0.0))
            elif _left(keys, due):
                return


def _left(keys: int, due: float) -> bool:
    """Wait until a time; returns True as soon as q is pressed, other keys do nothing."""
    while (left := due - time.monotonic()) > 0:
        if "q" in wait_for_key(keys, left).lower():
            return True
    return False


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise KeyboardInterrupt
