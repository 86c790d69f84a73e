"""`crossquote positions`: positions, hedges in flight and balances of a running daemon."""

import argparse
from typing import Any

from .fields import mapping, printable, rows
from .trading_verb import amount, by_world, configure_read, show, standing, table

_POSITION = ("instrument", "strategy", "position", "value", "unrealised", "currency")
_HEDGE = ("strategy", "state", "open", "worst_long", "worst_short", "bound", "hedges", "failures")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    configure_read(parser, "positions")


def run(args: argparse.Namespace) -> int:
    """Ask and print; returns 0, 1 without a daemon or trading, 2 for wrong usage."""
    return show(args, lambda client: client.positions(), lines)


def lines(found: dict[str, Any]) -> list[str]:
    """Return positions, hedges and balances as lines for a person."""
    out = []
    for world, row in by_world(found).items():
        out.append(f"{world}:")
        for keys, listed in ((_POSITION, row.get("positions")), (_HEDGE, row.get("hedges"))):
            filled = [tuple(amount(one, key) for key in keys) for one in rows(listed)]
            if filled:
                out += [f"  {line}" for line in table(keys, filled)]
        balances = mapping(row, "balances")
        held = ", ".join(f"{printable(name)} {amount(balances, name)}" for name in balances)
        out.append(f"  balances: {held or 'none'}")
        out += [f"  {line}" for line in standing(row)]
    return out
