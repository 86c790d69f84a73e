"""`crossquote watch`: books, edges and the daemon's state, live in a terminal."""

import argparse
import contextlib
import sys
import time

from rich.console import Console, Group
from rich.live import Live

from api.client import DoorClient
from api.errors import DoorPathError

from .door import add_socket_argument, drop_output, refuse
from .watch_feed import Feed
from .watch_halt import HaltKey
from .watch_keys import LEAVE, Keys
from .watch_screen import screen

_EXAMPLES = """examples:
  crossquote watch
  crossquote watch --socket /run/crossquote/door.sock
  NO_COLOR=1 crossquote watch

keys: h halts trading, after asking once; q or Ctrl-C leaves. A daemon that is restarted is found
again. Ages are in ms, s, m or h; amounts of trading in its currency.
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
    if not sys.stdout.isatty() or console.is_dumb_terminal:
        return refuse(args.verb, "needs a terminal; for programs: crossquote books --json")
    try:
        client = DoorClient(args.socket, _TIMEOUT_SECONDS)
    except DoorPathError as error:
        return refuse(args.verb, f"--socket: {error}")
    try:
        with client:
            _watch(console, Feed(client), HaltKey(client), str(args.socket))
    except OSError as error:
        drop_output()
        # There is nobody left to tell but whoever reads the errors.
        with contextlib.suppress(OSError):
            print(f"crossquote watch: the terminal: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _watch(console: Console, feed: Feed, halt: HaltKey, place: str) -> None:
    """Draw, wait for a key, and again, until the user leaves."""
    with Keys() as keys, Live(console=console, screen=True, auto_refresh=False) as live:
        due = time.monotonic()
        while True:
            shown = feed.poll()
            width, height = console.size
            lines = screen(shown, width, height, place, halt.note())
            live.update(Group(*lines), refresh=True)
            due = max(due + _REFRESH_SECONDS, time.monotonic())
            pressed = keys.pressed(due)
            if LEAVE in pressed:
                return
            for key in pressed:
                halt.press(key)
