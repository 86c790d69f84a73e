"""`crossquote resume`: lift what holds trading back, explicitly."""

import argparse

from api.client import DoorClient

from .fields import mapping, text
from .trading_verb import act, by_world, configure_act

_EXAMPLES = """examples:
  crossquote resume
  crossquote resume user price-jump

Without causes everything is lifted. A loss beyond its limit halts again within a second: raise
the limit first. After a drawdown the next one is counted from here.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("causes", nargs="*", metavar="CAUSE", help="as `crossquote risk` shows")
    configure_act(parser, _EXAMPLES)


def run(args: argparse.Namespace) -> int:
    """Resume; returns 0 when the causes are lifted, 1 when not, 2 for wrong usage."""
    wanted = [cause.lower().replace("-", "_") for cause in args.causes]

    def standing(client: DoorClient) -> list[str]:
        """Return the worlds in which a cause still stands, each as a line."""
        out = []
        for world, row in by_world(client.risk()).items():
            causes = mapping(row, "causes")
            left = [name for name in causes if name in wanted or not wanted]
            out += [f"{world}: {name}: {text(mapping(causes, name), 'detail')}" for name in left]
        return out

    return act(args, "resume", ",".join(wanted), standing, "resumed")
