"""`crossquote token`: make, list and remove the tokens that open the API's port."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

import orjson

from api.route import Scope
from api.tokens import TokenError, add, read, remove

from .config import add_config_argument
from .output import report_refusal
from .settings import SettingsError, load

_EXAMPLES = """examples:
  crossquote token add board --scope read
  crossquote token add desk --scope read,trade
  crossquote token list --json
  crossquote token remove board

`add` prints the token once; only its hash is kept, in api.tokens_file. A running daemon takes
changes within a second. Once the file is there, each request over TCP needs a token:
  curl -H "Authorization: Bearer cq_…" http://127.0.0.1:8080/v1/quotes
exit codes: 0 done, 1 refused, 2 wrong usage
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    parser.add_argument("action", choices=("add", "list", "remove"), help="what to do")
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="whose token")
    parser.add_argument(
        "--scope",
        type=_scopes,
        default=(Scope.READ,),
        metavar="SCOPES",
        help="read, or read,trade to change anything as well (default: read)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_config_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run the verb; returns 0, 1 when it was refused, 2 for wrong usage."""
    if (args.action == "list") == bool(args.name):
        print(f"crossquote token {args.action}: takes {_NAMES[args.action]}", file=sys.stderr)
        return 2
    try:
        loaded = load(args.config, os.environ)
    except SettingsError as error:
        return report_refusal(error, as_json=args.json)
    try:
        _ACTIONS[args.action](Path(loaded.settings.api.tokens_file), args)
    except TokenError as error:
        print(f"crossquote token: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"crossquote token: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _scopes(given: str) -> tuple[Scope, ...]:
    try:
        return tuple(dict.fromkeys(Scope(name.strip()) for name in given.split(",")))
    except ValueError:
        known = ", ".join(Scope)
        raise argparse.ArgumentTypeError(f"{given!r}: expected some of {known}") from None


def _add(path: Path, args: argparse.Namespace) -> None:
    secret = add(path, args.name, args.scope)
    told = {"name": args.name, "scopes": list(args.scope), "token": secret}
    print(orjson.dumps(told).decode() if args.json else secret)


def _list(path: Path, args: argparse.Namespace) -> None:
    held = read(path)
    if args.json:
        rows = [
            {"name": one.name, "scopes": list(one.scopes), "made_ns": one.made_ns} for one in held
        ]
        print(orjson.dumps(rows).decode())
        return
    for one in held:
        print(f"{one.name:<32}  {','.join(one.scopes)}")
    if not held:
        there = "nobody is let in" if path.exists() else "this machine's requests need none"
        print(f"no tokens in {path}: {there}")


def _remove(path: Path, args: argparse.Namespace) -> None:
    remove(path, args.name)
    print(orjson.dumps({"removed": args.name}).decode() if args.json else f"removed {args.name}")


_ACTIONS: dict[str, Callable[[Path, argparse.Namespace], None]] = {
    "add": _add,
    "list": _list,
    "remove": _remove,
}
_NAMES = {"add": "one name", "list": "no name", "remove": "one name"}
