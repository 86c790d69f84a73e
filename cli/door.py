"""What the verbs about a running daemon share: the option, the question, the exit code."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from api.client import DoorClient
from api.errors import DoorError, DoorPathError

#: Where a daemon opens its door unless told otherwise (control.socket of the configuration).
SOCKET_DEFAULT = Path("crossquote.sock")


def add_socket_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--socket PATH`."""
    parser.add_argument(
        "--socket",
        type=Path,
        default=SOCKET_DEFAULT,
        metavar="PATH",
        help=f"the daemon's control socket (default: {SOCKET_DEFAULT}, here)",
    )


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def ask(args: argparse.Namespace, question: Callable[[DoorClient], int]) -> int:
    """Put a question to the daemon; returns its exit code, 1 unanswered, 2 for a bad path."""
    try:
        with DoorClient(args.socket) as client:
            return question(client)
    except DoorPathError as error:
        return refuse(args.verb, f"--socket: {error}")
    except DoorError as error:
        print(f"crossquote {args.verb}: {error}", file=sys.stderr)
        return 1


def refuse(verb: str, message: str) -> int:
    """Say that the command line is wrong; returns 2."""
    print(f"crossquote {verb}: {message}", file=sys.stderr)
    return 2


def tell(data: Any, lines: Callable[[], list[str]], as_json: bool) -> None:
    """Print an answer as JSON or as lines; a reader that went away (`| head`) is no error."""
    if as_json:
        out = orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n"
    else:
        out = "".join(f"{line}\n" for line in lines())
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(out.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()


def drop_output() -> None:
    """Let go nowhere what Python flushes at its end to a reader that went away."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
