"""`crossquote sim --describe`: the generated market in numbers, beside real recordings."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import orjson

from sim.describe.comparison import Finding, compare, table
from sim.describe.feeds import observe_feeds
from sim.describe.generated import observe_generated
from sim.describe.observer import Seen
from sim.market.scenarios import SCENARIOS

SECONDS = 120
SECONDS_MAX = 3600
FEEDS = Path("../shared/feeds")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that only the description has."""
    parser.add_argument(
        "--feeds",
        type=Path,
        metavar="DIR",
        default=FEEDS,
        help=f"real recordings to compare with (default: {FEEDS})",
    )


def run(args: argparse.Namespace) -> int:
    """Describe the flow of `--scenario`; returns 0, or 2 where that cannot be done.

    A statistic outside the range of the recordings is told and is no failure: scenarios are meant
    to differ.
    """
    seconds = SECONDS if args.seconds is None else int(args.seconds)
    if not 1 <= seconds <= SECONDS_MAX:
        return _refuse(f"--seconds: {seconds} is not within 1 and {SECONDS_MAX} to describe")
    scenario = args.scenario or "calm"
    if scenario not in SCENARIOS:
        return _refuse(f"--scenario: {scenario!r} is none of {', '.join(SCENARIOS)}")
    seed = 1 if args.seed is None else args.seed
    try:
        generated = observe_generated(SCENARIOS[scenario], seed, seconds, _progress(args, seconds))
        real, missing = observe_feeds(args.feeds) if args.feeds.is_dir() else ({}, [])
    except OSError as error:
        return _refuse(str(error))
    notes = [f"{args.feeds}: no such folder, so nothing to compare with"]
    if args.feeds.is_dir():
        notes = [f"{args.feeds / name}: missing, left out" for name in missing]
    findings = compare(generated, real)
    if args.json:
        head = {"scenario": scenario, "seed": seed, "seconds": seconds, "notes": notes}
        print(orjson.dumps(head | _tables(generated, real, findings)).decode())
        return 0
    print(f"scenario {scenario}, seed {seed}, {seconds} s of market time")
    for line in [*table(generated, real, findings), *notes]:
        print(line)
    return 0


def _tables(
    generated: dict[str, Seen], real: dict[str, Seen], findings: list[Finding]
) -> dict[str, object]:
    judged = [one.inside for one in findings if one.inside is not None]
    rows: dict[str, dict[str, object]] = {name: {} for name in generated}
    for one in findings:
        bounds = None if one.least is None else [one.least, one.most]
        rows[one.instrument][one.statistic] = {
            "value": one.value,
            "range": bounds,
            "inside": one.inside,
        }
    depth = {name: {str(b): v for b, v in seen.depth().items()} for name, seen in generated.items()}
    return {
        "generated": rows,
        "depth": depth,
        "recordings": {name: seen.summary() for name, seen in real.items()},
        "inside": sum(judged),
        "compared": len(judged),
    }


def _progress(args: argparse.Namespace, seconds: int) -> Callable[[int], None] | None:
    """Return what shows the virtual seconds done, None where nobody looks."""
    if args.json or not sys.stderr.isatty():
        return None

    def show(second: int) -> None:
        end = "\n" if second == seconds else ""
        print(f"\r{second} of {seconds} s", end=end, file=sys.stderr, flush=True)

    return show


def _refuse(message: str) -> int:
    print(f"crossquote sim: {message}", file=sys.stderr)
    return 2
