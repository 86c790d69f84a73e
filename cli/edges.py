"""`crossquote edges`: what each edge of a running daemon is worth now, and what blocks it."""

import argparse
from typing import Any

from .door import add_json_argument, add_socket_argument, ask, tell
from .fields import mapping, number, rows, signed, text
from .trading_verb import table

_EXAMPLES = """examples:
  crossquote edges
  crossquote edges --json

Worth is in basis points of the price, before all costs (gross) and after them (net).
exit codes: 0 a daemon answered, 1 none did, 2 wrong usage
"""
_HEAD = ("sell", "buy", "gross bps", "net bps", "rule")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    add_socket_argument(parser)
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Ask and print; returns 0, 1 without a daemon, 2 for wrong usage."""

    def question(client: Any) -> int:
        found = client.edges()
        tell(found, lambda: lines(found), args.json)
        return 0

    return ask(args, question)


def lines(found: dict[str, Any]) -> list[str]:
    """Return the edges as lines for a person."""
    filled = []
    for row in rows(found):
        now = mapping(row, "now")
        worth = [signed(number(now, key), 2) for key in ("gross_bps", "net_bps")]
        filled.append((text(row, "sell"), text(row, "buy"), *worth, text(now, "rule")))
    return table(_HEAD, filled) if filled else ["no edges: no two instruments compare"]
