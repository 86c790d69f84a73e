"""`crossquote approve N`: send an order that waits for a person because it is so large."""

import argparse
import sys

from api.client import DoorClient

from .door import ask
from .fields import rows, text
from .trading_verb import act, by_world, configure_act

_EXAMPLES = """examples:
  crossquote orders
  crossquote approve 1
  crossquote approve 1 --world optimistic

It passes every other check once more; an order that fails one stays where it waits.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("number", type=int, metavar="N", help="as `crossquote orders` shows")
    parser.add_argument("--world", default="", help="in this world only (default: in each)")
    configure_act(parser, _EXAMPLES)


def run(args: argparse.Namespace) -> int:
    """Approve; returns 0 when it was sent, 1 when not, 2 for wrong usage."""

    def waiting(client: DoorClient) -> list[str]:
        """Return the worlds in which the order waits, each as a line."""
        return [
            f"{world}: order {args.number} waits"
            for world, row in by_world(client.orders()).items()
            if world == (args.world or world)
            and str(args.number) in [text(one, "number") for one in rows(row.get("held"))]
        ]

    found: list[str] = []

    def look(client: DoorClient) -> int:
        found.extend(waiting(client))
        return 0

    code = ask(args, look)
    if code:
        return code
    if not found:
        print(f"crossquote approve: no order {args.number} waits", file=sys.stderr)
        return 1
    argument = f"{args.number} {args.world}".strip()
    return act(args, "approve", argument, waiting, f"order {args.number} was sent")
