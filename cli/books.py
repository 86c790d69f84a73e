"""`crossquote books`: the order books of a running daemon, and whether they can be trusted."""

import argparse
from itertools import zip_longest
from typing import Any

from api.client import DoorClient
from api.view import LEVELS_MAX

from .door import add_json_argument, add_socket_argument, ask, refuse, tell
from .fields import NOTHING, count, grade_of, levels, millis, number, rows, seconds, text

_EXAMPLES = """examples:
  crossquote books
  crossquote books --levels 10 --book BTC-USDT.BINANCE
  crossquote books --json | jq '.[] | {instrument, grade}'

exit codes: 0 a daemon answered, 1 none did, 2 wrong usage or no such book
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    add_socket_argument(parser)
    parser.add_argument(
        "--levels",
        type=int,
        default=0,
        metavar="N",
        help=f"show so many levels of each side, 0 to {LEVELS_MAX} (default 0: the touch only)",
    )
    parser.add_argument(
        "--book", metavar="ID", help="show this book only, e.g. BTC-USDT.BINANCE (any case)"
    )
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Ask and print; returns 0, 1 without a daemon, 2 for wrong usage or an unknown book."""
    if not 0 <= args.levels <= LEVELS_MAX:
        return refuse(args.verb, f"--levels: {args.levels} is not within 0 and {LEVELS_MAX}")

    def question(client: DoorClient) -> int:
        found = client.books(args.levels)
        if args.book is not None:
            wanted = args.book.upper()
            chosen = [row for row in found if text(row, "instrument").upper() == wanted]
            if not chosen:
                known = ", ".join(text(row, "instrument") for row in found) or "none"
                return refuse(args.verb, f"--book: no book {args.book}; there are: {known}")
            found = chosen
        tell(found, lambda: lines(found), args.json)
        return 0

    return ask(args, question)


def lines(books: list[dict[str, Any]]) -> list[str]:
    """Return books as lines for a person: a table, and below it the levels that were asked for."""
    if not books:
        return ["no books"]
    out = [
        (
            f"{'book':<28}{'state':<14}{'bid':>14} {'ask':<14}{'silence':>8}{'lag':>8}"
            f"{'audit':>9}{'gaps':>6}  {'touch':<12}grade"
        )
    ]
    for row in rows(books):
        out.append(_line(row))
        detail = text(row, "detail", "")
        if detail:
            out.append(f"    {detail}")
    for row in rows(books):
        out += _levels(row)
    return out


def audit(row: Any) -> str:
    """Return the last audit's score in percent, cut off so that only all agreed is 100%."""
    score = number(row, "audit_score")
    if score is None:
        return NOTHING
    return "100%" if score >= 1 else f"{int(score * 1_000) / 10:.1f}%"


def _line(row: dict[str, Any]) -> str:
    bid, ask_price = (_touch(row, side) for side in ("bid", "ask"))
    return (
        f"{text(row, 'instrument'):<28}{text(row, 'state'):<14}{bid:>14} {ask_price:<14}"
        f"{millis(number(row, 'silence_ms')):>8}{millis(number(row, 'lag_ms')):>8}"
        f"{audit(row):>9}{count(number(row, 'gaps')):>6}  {text(row, 'touch_source'):<12}"
        f"{grade_of(row)}"
    )


def _touch(row: dict[str, Any], side: str) -> str:
    found = levels({side: [row.get(side)]}, side)
    return found[0][0] if found else NOTHING


def _levels(row: dict[str, Any]) -> list[str]:
    bids, asks = levels(row, "bids"), levels(row, "asks")
    if not bids and not asks:
        return []
    clean = seconds(number(row, "last_clean_audit_seconds"))
    out = ["", f"{text(row, 'instrument')}  (last clean audit {clean} ago)"]
    for bid, best in zip_longest(bids, asks, fillvalue=("", "")):
        out.append(f"{bid[1]:>20} {bid[0]:>14} | {best[0]:<14} {best[1]:<20}".rstrip())
    return out
