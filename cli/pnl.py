"""`crossquote pnl`: profit and loss of a running daemon by world, and where it came from."""

import argparse
from typing import Any

from .fields import count, number, rows, text
from .trading_verb import amount, by_world, configure_read, show, table

_KEYS = (
    *("instrument", "strategy", "pnl", "realised", "unrealised", "fees", "spread", "slippage"),
    *("inventory", "fills", "currency"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    configure_read(parser, "pnl")


def run(args: argparse.Namespace) -> int:
    """Ask and print; returns 0, 1 without a daemon or trading, 2 for wrong usage."""
    return show(args, lambda client: client.pnl(), lines)


def lines(found: dict[str, Any]) -> list[str]:
    """Return profit and loss as lines for a person."""
    currency = text(found, "currency")
    band = found.get("band")
    out = []
    if isinstance(band, list) and len(band) == 2 and len(by_world(found)) > 1:
        low, high = (amount({"of": one}, "of") for one in band)
        out.append(f"band over the worlds: {low} to {high} {currency}")
    for world, row in by_world(found).items():
        out.append(
            f"{world}: {amount(row, 'pnl')} {currency}, drawdown {amount(row, 'drawdown')},"
            f" {count(number(row, 'fills'))} fills"
        )
        filled = [tuple(amount(one, key) for key in _KEYS) for one in rows(row.get("rows"))]
        if filled:
            out += [f"  {line}" for line in table(_KEYS, filled)]
    return out
