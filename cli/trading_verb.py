"""What the verbs about trading share: options, questions by world, and waiting until it is so."""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

from api.client import DoorClient

from .door import add_json_argument, add_socket_argument, ask, tell
from .fields import mapping, printable, text

#: Between two looks at whether what was asked for is so.
_LOOK_S = 0.05
#: Decimal places of amounts in tables; JSON has all of them.
_DECIMALS = 8
#: For so long a verb waits unless told otherwise.
WAIT_S = 10.0
NOTHING_TRADES = "nothing trades there; trading.strategies of the configuration says what does"


def configure_read(parser: argparse.ArgumentParser, name: str) -> None:
    """Describe a verb that shows something."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        f"examples:\n  crossquote {name}\n  crossquote {name} --json\n\n"
        "exit codes: 0 a daemon answered, 1 none did or nothing trades there, 2 wrong usage\n"
    )
    add_socket_argument(parser)
    add_json_argument(parser)


def configure_act(parser: argparse.ArgumentParser, epilog: str, wait_s: float = WAIT_S) -> None:
    """Describe a verb that asks for something and waits for it."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"{epilog}\nexit codes: 0 done, 1 refused or not confirmed, 2 wrong usage\n"
    add_socket_argument(parser)
    parser.add_argument(
        "--wait",
        type=_seconds,
        default=wait_s,
        metavar="SECONDS",
        help=f"how long to wait until it is so (default {wait_s:g})",
    )
    add_json_argument(parser)


def show(
    args: argparse.Namespace,
    question: Callable[[DoorClient], dict[str, Any]],
    lines: Callable[[dict[str, Any]], list[str]],
) -> int:
    """Ask and print; returns 0, 1 without a daemon or trading, 2 for wrong usage."""

    def put(client: DoorClient) -> int:
        found = question(client)
        if not found:
            print(f"crossquote {args.verb}: {NOTHING_TRADES}", file=sys.stderr)
            return 1
        tell(found, lambda: lines(found), args.json)
        return 0

    return ask(args, put)


def act(
    args: argparse.Namespace,
    name: str,
    argument: str,
    left: Callable[[DoorClient], list[str]],
    done: str,
) -> int:
    """Give a command and wait until nothing is `left`; says what is when the time is up."""

    def put(client: DoorClient) -> int:
        answer = client.command(name, argument)
        if not answer.get("accepted"):
            reason = printable(str(answer.get("reason")))
            print(f"crossquote {args.verb}: {reason}", file=sys.stderr)
            return 1
        ends = time.monotonic() + args.wait
        try:
            while (open_now := left(client)) and time.monotonic() < ends:
                time.sleep(_LOOK_S)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("the daemon was told all the same") from None
        result = {"confirmed": not open_now, "left": open_now}
        tell(result, lambda: _told(done, open_now, args.wait), args.json)
        return int(bool(open_now))

    return ask(args, put)


def by_world(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the worlds of an answer that has them at `worlds` or at its top."""
    held = mapping(found, "worlds") or found
    return {printable(str(name)): mapping(held, name) for name in held}


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Return rows below their head, the columns as wide as they must be, numbers to the right."""
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    return [
        "  ".join(_cell(*one) for one in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]


def standing(row: dict[str, Any]) -> list[str]:
    """Return how a world stands with each of its venues, as lines."""
    out = []
    venues = mapping(row, "venues")
    for name in venues:
        one = mapping(venues, name)
        held = mapping(one, "differences")
        unexplained = ", ".join(f"{text(held, asset)} {printable(asset)}" for asset in held)
        out.append(
            f"{printable(name)} {text(one, 'state')}, {text(one, 'checks')} checks,"
            f" unexplained {unexplained or 'nothing'}"
        )
    return out


def amount(row: dict[str, Any], key: str) -> str:
    """Return a field; an exact amount is cut off for people behind `_DECIMALS` places."""
    found = text(row, key)
    if not found.replace("-", "", 1).replace(".", "", 1).isdecimal():
        return found
    whole, point, fraction = found.partition(".")
    cut = fraction[:_DECIMALS].rstrip("0")
    return f"{whole}{point}{cut}" if cut else whole


def _cell(word: str, width: int) -> str:
    return word.rjust(width) if word[:1] in "+-0123456789" else word.ljust(width)


def _told(done: str, left: list[str], wait_s: float) -> list[str]:
    return [f"not confirmed within {wait_s:g} s:", *left] if left else [done]


def _seconds(given: str) -> float:
    value = float(given)
    if not 0 <= value <= 3_600:
        raise argparse.ArgumentTypeError("expected 0 to 3600")
    return value
