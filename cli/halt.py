"""`crossquote halt`: halt trading, cancel every order, and wait until they are gone."""

import argparse

from api.client import DoorClient

from .fields import number, text
from .trading_verb import act, by_world, configure_act

_EXAMPLES = """examples:
  crossquote halt
  crossquote halt --reason "exchange maintenance" --wait 30

Nothing trades, in any world, until `crossquote resume`. The file trading.halt_file and the signal
SIGUSR1 halt as well.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    configure_act(parser, _EXAMPLES)
    parser.add_argument("--reason", default="", help="is shown and recorded")


def run(args: argparse.Namespace) -> int:
    """Halt; returns 0 once it is confirmed, 1 when it is not, 2 for wrong usage."""
    return act(args, "halt", args.reason, not_halted, "halted, no order is open")


def not_halted(client: DoorClient) -> list[str]:
    """Return the worlds that trade or have open orders, each as a line."""
    out = []
    for world, row in by_world(client.risk()).items():
        if row.get("state") != "HALT" or number(row, "open_orders"):
            out.append(f"{world}: {text(row, 'state')}, {text(row, 'open_orders')} orders open")
    return out
