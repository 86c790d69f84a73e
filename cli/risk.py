"""`crossquote risk`: risk state, refusals, value at risk and stress of a running daemon."""

import argparse
from typing import Any

from .fields import mapping, printable, text
from .trading_verb import by_world, configure_read, show


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    configure_read(parser, "risk")


def run(args: argparse.Namespace) -> int:
    """Ask and print; returns 0, 1 without a daemon or trading, 2 for wrong usage."""
    return show(args, lambda client: client.risk(), lines)


def lines(found: dict[str, Any]) -> list[str]:
    """Return the risk report as lines for a person."""
    currency = text(found, "currency")
    out = []
    for world, row in by_world(found).items():
        out.append(
            f"{world}: {text(row, 'state')}, {text(row, 'open_orders')} orders open,"
            f" {text(row, 'lost_orders')} lost, {text(row, 'held')} held,"
            f" {text(row, 'violations')} violations"
        )
        causes = mapping(row, "causes")
        out += [
            f"  {printable(name)}: {text(mapping(causes, name), 'state')},"
            f" {text(mapping(causes, name), 'detail')}"
            for name in causes
        ]
        out.append(f"  refused: {_pairs(mapping(row, 'refused'))}")
        exposure = mapping(row, "exposure")
        interval = text(exposure, "var_interval_seconds")
        out.append(
            f"  held ({currency}): {_pairs(mapping(exposure, 'inventory'))};"
            f" 99 % value at risk over {interval} s: {text(exposure, 'var_99')}"
        )
        out.append(f"  stress, all prices: {_pairs(mapping(exposure, 'stress'))}")
        out.append(f"  stress, one asset by 20 %: {_pairs(mapping(exposure, 'worst_single'))}")
    out.append(f"limits: {_pairs(mapping(found, 'limits'))}")
    return out


def _pairs(row: dict[str, Any]) -> str:
    return ", ".join(f"{printable(str(key))} {text(row, key)}" for key in row) or "none"
