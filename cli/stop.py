"""`crossquote stop`: ask a running daemon to stop gracefully."""

import argparse

from api.client import DoorClient

from .door import add_json_argument, add_socket_argument, ask, tell

_EXAMPLES = """examples:
  crossquote stop
  crossquote stop --socket /run/crossquote/door.sock

It returns once the daemon has said that it will; what it has begun is ended in bounded time.
exit codes: 0 it stops, 1 no daemon answered, 2 wrong usage
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    add_socket_argument(parser)
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Ask; returns 0, 1 without a daemon, 2 for wrong usage."""

    def question(client: DoorClient) -> int:
        tell(client.stop(), lambda: [f"the daemon at {client.path} stops"], args.json)
        return 0

    return ask(args, question)
