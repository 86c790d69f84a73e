"""`crossquote replay`: feed recorded bytes to the node and report what it made of them.

`--source` reads the public formats here; a directory is a recording of our own (replay_native).
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson

from cli import replay_native
from cli.book_hashes import After, HashesError, add_hashes_argument, hashes
from cli.progress import FilesRead, Progress, Reading
from cli.report import human, report
from connectors.payloads import instruments_of_file
from connectors.registry import VENUE_NAMES
from market.catalog import Catalog, CatalogFullError
from market.fees import FeeSchedule, rate_ppb
from market.rows import RowError
from node import Node, NodeConfig
from replay.forms import TIME_MAX
from replay.source import Recorded, merged

_EXAMPLES = """examples:
  crossquote replay recording --verify
  crossquote replay recording --from 2026-01-01T12:00:00Z --to +90.5 --json
  crossquote replay --source binance=btcusdt_20240808.gz,btcusdt_20240809.gz
  crossquote replay --source binance=spot.gz --source binance-usdm=perp.gz --json
  crossquote replay --source coinbase=COINBASE.jsonl.zst --instruments rules.json
  crossquote replay --source binance=a.gz --source coinbase=b.zst --shift coinbase=-63147600

exit codes: 0 fine, 1 a recording was damaged or differs, 2 wrong usage or another version
"""


class UsageError(Exception):
    """The command line is wrong; the message says how."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "directory",
        nargs="?",
        type=Path,
        metavar="DIR",
        help="a recording of a node; or give --source",
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="compare the digest after every input; exit 1 names the first that differs",
    )
    parser.add_argument(
        "--from",
        dest="begin",
        metavar="TIME",
        help="start at the newest checkpoint up to TIME: UTC, or +SECONDS from the start",
    )
    parser.add_argument("--to", metavar="TIME", help="stop behind the last input up to TIME")
    parser.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="VENUE=PATH[,PATH…]",
        help=f"recorded files of one venue ({', '.join(VENUE_NAMES)}); may be repeated",
    )
    parser.add_argument(
        "--instruments",
        type=Path,
        metavar="FILE",
        help="rules: our JSON list or a payload",
    )
    parser.add_argument(
        "--shift",
        action="append",
        default=[],
        metavar="VENUE=SECONDS",
        help="move the clock of one source, e.g. to compare recordings of different days",
    )
    parser.add_argument(
        "--taker",
        action="append",
        default=[],
        metavar="VENUE=RATE",
        help="taker fee of a venue as decimal text, 0.0005 is 5 bps (default: its lowest tier)",
    )
    add_hashes_argument(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def sources_of(specs: list[str], shifts: list[str]) -> list[Recorded]:
    """Return the sources that the options name; raises UsageError."""
    moved = dict(_shift(spec) for spec in shifts)
    named: dict[str, list[Path]] = {}
    for spec in specs:
        name, _, paths = spec.partition("=")
        if name not in VENUE_NAMES:
            known = ", ".join(VENUE_NAMES)
            raise UsageError(f"--source {spec}: unknown venue {name!r}, expected {known}")
        listed = [Path(path) for path in paths.split(",") if path]
        if not listed:
            raise UsageError(f"--source {spec}: no path after {name}=")
        # A venue named twice is one source with the paths of both.
        named.setdefault(name, []).extend(listed)
    found = []
    for name, listed in named.items():
        try:
            found.append(Recorded(name, listed, moved.pop(name, 0)))
        except OSError as error:
            raise UsageError(f"--source {name}: {error.filename}: {error.strerror}") from None
    if moved:
        raise UsageError(f"--shift {next(iter(moved))}: no such source")
    return found


def reading(sources: list[Recorded], inputs: Callable[[], int]) -> Progress:
    """Return what shows how much of the sources' files was read, and the inputs so far."""
    files = FilesRead(path for one in sources for path in one.paths)
    return Progress(lambda: Reading(files.done(), files.total, f"{inputs():,} inputs"))


def _shift(spec: str) -> tuple[str, int]:
    """Return venue and ns of a --shift; raises UsageError."""
    name, _, seconds = spec.partition("=")
    try:
        moved = round(float(seconds) * 1_000_000_000)
    except (ValueError, OverflowError):
        raise UsageError(f"--shift {spec}: expected VENUE=SECONDS") from None
    if abs(moved) > TIME_MAX:
        raise UsageError(f"--shift {spec}: more than {TIME_MAX // 10**9} seconds")
    return name, moved


def fees_of(specs: list[str]) -> FeeSchedule:
    """Return the fees with the taker rates of the options; raises UsageError."""
    fees = FeeSchedule()
    for spec in specs:
        name, _, rate = spec.partition("=")
        try:
            fees = fees.with_venue(name, replace(fees.venues[name], taker_ppb=rate_ppb(rate)))
        except (KeyError, ValueError) as error:
            raise UsageError(f"--taker {spec}: expected VENUE=RATE: {error}") from None
    return fees


def catalog_of(path: Path | None) -> Catalog:
    """Return a catalog with the rules of an instruments file; raises UsageError."""
    catalog = Catalog()
    if path is None:
        return catalog
    try:
        listed, problems = instruments_of_file(path.read_bytes())
    except OSError as error:
        raise UsageError(f"--instruments {path}: {error.strerror}") from None
    except RowError as error:
        raise UsageError(f"--instruments {path}: {error}") from None
    if problems:
        raise UsageError(f"--instruments {path}: {problems[0]}")
    try:
        catalog.adopt_all(listed)
    except CatalogFullError as error:
        raise UsageError(f"--instruments {path}: {error}") from None
    return catalog


def _check_forms(args: argparse.Namespace) -> None:
    """Refuse options that do not belong together; raises UsageError."""
    if bool(args.source) == (args.directory is not None):
        raise UsageError("give either a recording's DIR or --source, and not both")
    others = {"--instruments": args.instruments, "--shift": args.shift, "--taker": args.taker}
    native = {"--verify": args.verify, "--from": args.begin, "--to": args.to}
    for name, given in (native if args.source else others).items():
        if given:
            raise UsageError(f"{name} does not go with {'--source' if args.source else 'DIR'}")


def run(args: argparse.Namespace) -> int:
    """Replay; returns 0, 1 when a recording was damaged or differs, 2 for wrong usage."""
    try:
        _check_forms(args)
        if args.directory is not None:
            return replay_native.run(args)
        sources = sources_of(args.source, args.shift)
        catalog = catalog_of(args.instruments)
        fees = fees_of(args.taker)
    except UsageError as error:
        print(f"crossquote replay: {error}", file=sys.stderr)
        return 2
    node = Node(NodeConfig(discover=True, fees=fees), catalog)
    started = time.perf_counter()
    try:
        with hashes(args.hashes) as after, reading(sources, lambda: node.inputs):
            first, last = _fed(node, sources, after)
    except HashesError as error:
        print(f"crossquote replay: {error}", file=sys.stderr)
        return 2
    node.finish()
    wall = time.perf_counter() - started
    problems = [
        f"{one.venue}: {file.path.name}: {line}"
        for one in sources
        for file in one.files
        for line in file.problems.lines()
    ]
    result = report(node, last - first, wall)
    result["problems"] = problems
    if args.json:
        sys.stdout.write(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        print(human(result))
    for line in problems:
        print(f"crossquote replay: {line}", file=sys.stderr)
    return 1 if problems else 0


def _fed(node: Node, sources: list[Recorded], after: After | None) -> tuple[int, int]:
    """Feed everything to the node; returns the first and the last receive time."""
    first = last = 0
    handle = node.handle
    for item in merged(sources):
        first = first or item.ts_recv
        last = item.ts_recv
        handle(*item)
        if after is not None:
            after(node)
    return first, last
