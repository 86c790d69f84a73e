"""`crossquote orders`: the open orders of a running daemon, by world, and those that are held."""

import argparse
from typing import Any

from .fields import millis, number, rows, text
from .trading_verb import by_world, configure_read, show, table

_OPEN = ("id", "instrument", "side", "price", "size", "filled", "state", "strategy")
_HELD = ("number", "instrument", "side", "price", "size", "strategy")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    configure_read(parser, "orders")


def run(args: argparse.Namespace) -> int:
    """Ask and print; returns 0, 1 without a daemon or trading, 2 for wrong usage."""
    return show(args, lambda client: client.orders(), lines)


def lines(found: dict[str, Any]) -> list[str]:
    """Return the orders as lines for a person."""
    out = []
    for world, row in by_world(found).items():
        orders, held = rows(row.get("open")), rows(row.get("held"))
        out.append(f"{world}: {len(orders)} open, {len(held)} wait for approval")
        if orders:
            found_rows = [
                (*(text(one, key) for key in _OPEN), millis(number(one, "age_ms")))
                for one in orders
            ]
            out += [f"  {line}" for line in table((*_OPEN, "age"), found_rows)]
        if held:
            out.append("  waiting; `crossquote approve NUMBER` sends one:")
            held_rows = [tuple(text(one, key) for key in _HELD) for one in held]
            out += [f"  {line}" for line in table(_HELD, held_rows)]
    return out
