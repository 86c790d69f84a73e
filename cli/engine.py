"""`crossquote engine`: the matching engine behind JSON lines on standard input and output."""

import argparse
import sys
from collections.abc import Iterator
from typing import BinaryIO

from engine.core import Engine
from engine.door import LINE_CHARS_MAX, Door

_EXAMPLES = """examples:
  crossquote engine < commands.jsonl > events.jsonl

Prices are ticks, sizes lots, both whole numbers. Commands and events, one JSON object a line, are
described in docs/matching.md.
exit codes: 0 the input ended, 2 wrong usage; a command that is refused is an event
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the verb; it has no options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES


def run(_args: argparse.Namespace) -> int:
    """Answer every line of standard input; returns 0 at its end."""
    door = Door(Engine())
    try:
        for line in read_lines(sys.stdin.buffer):
            for event in door.feed(line):
                sys.stdout.write(event + "\n")
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone; nothing is left to tell it.
        sys.stderr.close()
    return 0


def read_lines(stream: BinaryIO) -> Iterator[str]:
    """Yield each line, one that is far too long cut short: still one line, and still an error."""
    bytes_max = 8 * LINE_CHARS_MAX
    while line := stream.readline(bytes_max):
        rest = line
        while len(rest) == bytes_max and not rest.endswith(b"\n"):
            rest = stream.readline(bytes_max)
        # Bytes that are no text become an error event like any other line that is not valid.
        yield line.decode("utf-8", errors="replace")
