"""`crossquote schedule`: execution schedules of a running daemon; pause, resume or cancel one."""

import argparse
from typing import Any

from api.client import DoorClient

from .door import refuse
from .fields import NOTHING, number, printable, rows, seconds, signed, text
from .trading_verb import act, amount, by_world, configure_act, show, table

_EXAMPLES = """examples:
  crossquote schedule
  crossquote schedule --json
  crossquote schedule pause twap
  crossquote schedule resume twap
  crossquote schedule cancel twap --world optimistic

Pausing takes back what is open and sends nothing more; the window goes on meanwhile. What a twap or
vwap missed is caught up with in bounded pieces, a pov passes over it. What a cancelled one has not
done stays undone. A name that there is not is refused with those that there are.
"""
_HEAD = (
    *("schedule", "instrument", "side", "size", "done", "left", "state", "next"),
    *("average", "arrival", "bps", "vwap", "bps", "refused"),
)
_OVER = ("done", "ended", "cancelled")
#: The acts, and what is said when they are confirmed.
_DONE = {
    "pause": "{} is paused, none of its orders is open",
    "resume": "{} is not paused any more",
    "cancel": "{} is cancelled, none of its orders is open",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument(
        "act",
        nargs="?",
        choices=("list", *_DONE),
        default="list",
        metavar="ACT",
        help=f"list (default), {', '.join(_DONE)}",
    )
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="as the list shows")
    parser.add_argument("--world", default="", help="act in this world only (default: in each)")
    configure_act(parser, _EXAMPLES)


def run(args: argparse.Namespace) -> int:
    """List or act; returns 0 when it is so, 1 when not, 2 for wrong usage."""
    if args.act == "list":
        if args.name or args.world:
            return refuse(args.verb, "list takes no NAME and no --world")
        return show(args, lambda client: client.schedules(), lines)
    if not args.name or " " in args.name + args.world:
        return refuse(args.verb, f"{args.act} takes the NAME of one schedule")

    def left(client: DoorClient) -> list[str]:
        """Return the worlds in which it is not so yet, each as a line."""
        return [
            f"{world}: {text(one, 'schedule')} is {text(one, 'state')}, {amount(one, 'open')} open"
            for world, row in by_world(client.schedules()).items()
            for one in rows(row.get("schedules"))
            if world == (args.world or world)
            and one.get("schedule") == args.name
            and not _confirmed(args.act, one)
        ]

    argument = f"{args.act} {args.name} {args.world}".rstrip()
    return act(args, "schedule", argument, left, _DONE[args.act].format(args.name))


def _confirmed(asked: str, row: dict[str, Any]) -> bool:
    state = row.get("state")
    if asked == "resume":
        return state != "paused"
    if state in _OVER:
        return True
    return asked == "pause" and state == "paused" and not number(row, "open")


def lines(found: dict[str, Any]) -> list[str]:
    """Return the schedules as lines for a person."""
    out = []
    now_ns = number(found, "now_ns")
    for world, row in by_world(found).items():
        listed = [_cells(one, now_ns) for one in rows(row.get("schedules"))]
        out.append(f"{world}:" if listed else f"{world}: no schedule")
        out += [f"  {line}" for line in table(_HEAD, listed)] if listed else []
    waiting = found.get("waiting")
    if isinstance(waiting, list) and waiting:
        names = ", ".join(printable(str(one)) for one in waiting)
        out.append(f"waiting for their instruments: {names}")
    return out


def _cells(row: dict[str, Any], now_ns: float | None) -> tuple[str, ...]:
    return (
        *(text(row, key) for key in ("schedule", "instrument", "side")),
        *(amount(row, key) for key in ("size", "done", "left")),
        text(row, "state"),
        next_child(row, now_ns),
        *(amount(row, "average"), amount(row, "arrival"), bps(row, "cost_arrival_bps")),
        *(amount(row, "vwap"), bps(row, "cost_vwap_bps"), text(row, "refused")),
    )


def next_child(row: dict[str, Any], now_ns: float | None) -> str:
    """Return what is due next and when: `0.01 in 0.4s`."""
    at = number(row, "next_ns")
    if at is None or now_ns is None:
        return NOTHING
    size = amount(row, "next_size") if row.get("next_size") else "nothing"
    return f"{size} in {seconds(max(0.0, at - now_ns) / 1e9)}"


def bps(row: dict[str, Any], key: str) -> str:
    """Return by how many basis points the average is worse, with its sign."""
    return signed(number(row, key), 2)
