"""Edges: what each direction is worth now, what blocks it, and what it was worth before."""

from typing import Any

from rich.text import Text

from .fields import count, mapping, number, printable, rows, seconds, signed, text
from .watch_feed import Seen
from .watch_text import Lines, packed, rule

#: Cells from which whole instrument names have room.
_NAMES_WIDTH = 110


def base_of(instrument: str) -> str:
    """Return the base currency of an instrument id."""
    return instrument.partition("-")[0]


def edges_of(seen: Seen, base: str) -> list[dict[str, Any]]:
    """Return the directions that sell this currency, in the daemon's order."""
    return [row for row in rows(seen.edges) if base_of(text(row, "sell")) == base]


def edge_line(row: dict[str, Any], width: int) -> Text:
    """Return one direction as a line, the net worth in colour."""
    now = mapping(row, "now")
    net, gross = number(now, "net_bps"), number(now, "gross_bps")
    rule_name = text(now, "rule")
    style = "dim" if net is None else "bold green" if net > 0 else "red"
    pays = net is not None and net > 0
    total = mapping(mapping(row, "rules"), rule_name)
    parts = [
        legs(row, width),
        Text.assemble(("gross ", "dim"), f"{signed(gross):>7}"),
        Text.assemble(("net ", "dim"), (f"{signed(net):>7}", style), (" bps", "dim")),
        Text.assemble(("rule ", "dim"), (rule_name, "bold" if pays else "")),
    ]
    share = number(row, "gross_share_quotes")
    if share is not None:
        parts.append(Text.assemble(("crossed ", "dim"), f"{share:.0%}", (" of the time", "dim")))
    if total:
        parts.append(Text.assemble((f"{count(number(total, 'opportunities'))} such seen", "dim")))
    return packed(parts, width, keep=4)


def legs(row: dict[str, Any], width: int) -> Text:
    """Return which leg sells and which buys, by venue alone where there is little room."""
    names = [text(row, key) for key in ("sell", "buy")]
    if width < _NAMES_WIDTH:
        names = [name.partition(".")[2] or name for name in names]
    return Text.assemble(("sell ", "dim"), f"{names[0]:<9}", (" buy ", "dim"), f"{names[1]:<9}")


def ledger(seen: Seen, width: int) -> Lines:
    """Return the opportunities seen by direction and rule; nothing without any."""
    out = []
    for row in rows(seen.edges):
        parts = [Text(f"{text(row, 'name'):<38}")]
        for name, total in mapping(row, "rules").items():
            best = number(total, "best_net_bps")
            parts.append(
                Text.assemble(
                    (printable(str(name)), "bold"),
                    f" {count(number(total, 'opportunities'))}x"
                    f" {seconds(number(total, 'seconds'))}",
                    (" best ", "dim"),
                    (signed(best), "green" if (best or 0) > 0 else ""),
                )
            )
        if len(parts) > 1:
            out.append(packed(parts, width, "   "))
    return (
        [rule("opportunities by the rule that decided, best net in bps", width), *out]
        if out
        else []
    )
