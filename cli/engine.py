"""`crossquote engine`: the matching engine behind JSON lines on standard input and output."""

import argparse
import sys

from engine.core import Engine
from engine.door import LINE_CHARS_MAX, Door


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the verb; it has no options."""
    parser.epilog = "Commands and events are described in docs/matching.md."


def run(_args: argparse.Namespace) -> int:
    """Answer every line of standard input; returns 0 at its end."""
    door = Door(Engine())
    try:
        # Bytes are decoded here, so that a line that is no text is an error event like any other.
        while line := sys.stdin.buffer.readline(8 * LINE_CHARS_MAX):
            for event in door.feed(line.decode("utf-8", errors="replace")):
                sys.stdout.write(event + "\n")
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone; nothing is left to tell it.
        sys.stderr.close()
    return 0
