"""`crossquote flatten`: halt trading and close every position of every world."""

import argparse

from api.client import DoorClient

from .fields import mapping, text
from .halt import not_halted
from .trading_verb import act, by_world, configure_act

_EXAMPLES = """examples:
  crossquote flatten

Positions are closed with orders that take at once, within a band of the market's price, a part at
a time where a strategy's bound asks for that. What is too small for an order stays. Trading is
halted before, and stays so until `crossquote resume`.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    configure_act(parser, _EXAMPLES, wait_s=70.0)


def run(args: argparse.Namespace) -> int:
    """Flatten; returns 0 once every world is flat, 1 when not, 2 for wrong usage."""
    return act(args, "flatten", "", _not_flat, "halted and flat")


def _not_flat(client: DoorClient) -> list[str]:
    """Return the worlds that are not flat yet, each as a line."""
    out = not_halted(client)
    for world, row in by_world(client.risk()).items():
        told = mapping(row, "flatten")
        if told.get("outcome") != "flat":
            out.append(f"{world}: {text(told, 'outcome', 'closing')}, {text(told, 'sent')} orders")
    return out
