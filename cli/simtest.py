"""`crossquote simtest`: the whole node under seeded faults, in virtual time."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli.output import emit, emit_json
from cli.progress import Progress, Reading
from sim.market.scenarios import SCENARIOS
from sim.simtest.campaign import ResumeError, Row, campaign
from sim.simtest.faults import HOUR_NS
from sim.simtest.hours import hours_row, trade
from sim.simtest.soak import Sample, soak
from sim.simtest.summary import soak_summary, summary

_EXAMPLES = """examples:
  crossquote simtest --seeds 1..200
  crossquote simtest --seeds 17..17 --json
  crossquote simtest --seeds 1..20000 --jobs 2 --resume simtest.jsonl
  crossquote simtest --soak --hours 72
  crossquote simtest --scenario all --hours 1     an hour of trading in each market

exit codes: 0 every promise was kept, 1 one was broken, 2 wrong usage or a file that is not ours
"""
JOBS_MAX = 64
SEEDS_MAX = 10_000_000
HOURS_MAX = 24 * 365
SOAK_HOURS = 72


def _seeds(text: str) -> range:
    first, dots, last = text.partition("..")
    if not dots:
        last = first
    if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r}: expected A..B, two whole numbers")
    seeds = range(int(first), int(last) + 1)
    if not 0 < len(seeds) <= SEEDS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r}: expected 1 to {SEEDS_MAX} seeds")
    return seeds


def _whole(most: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"{text!r}: expected 1 to {most}")
        return int(text)

    return whole


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "--seeds", type=_seeds, default=range(1, 201), metavar="A..B", help="default: 1..200"
    )
    parser.add_argument(
        "--jobs", type=_whole(JOBS_MAX), default=1, metavar="N", help="processes (default 1)"
    )
    parser.add_argument(
        "--resume", type=Path, metavar="FILE", help="keep results here, and skip those it has"
    )
    parser.add_argument(
        "--soak", action="store_true", help="days of feed in one process; the first seed is used"
    )
    parser.add_argument(
        "--scenario",
        choices=("all", *SCENARIOS),
        help="trade in this market without faults; the first seed is used",
    )
    parser.add_argument(
        "--hours",
        type=_whole(HOURS_MAX),
        metavar="N",
        help="virtual hours of a soak (default 72), or of trading in a scenario (default 1)",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Run the seeds; returns 0, 1 where a promise was broken, 2 for a file that is not ours."""
    if args.soak:
        return _soak(args.seeds[0], args.hours or SOAK_HOURS, as_json=args.json)
    if args.scenario:
        return _trade(args)
    counts = _Counts(len(args.seeds))
    try:
        with Progress(counts.reading):
            rows = campaign(args.seeds, args.jobs, args.resume, counts.take)
    except (ResumeError, OSError) as error:
        sys.stderr.write(f"simtest: {error}\n")
        return 2
    total = summary(rows)
    if args.json:
        emit_json(total)
    else:
        emit(_report(total))
    return 0 if total["ok"] else 1


def _trade(args: argparse.Namespace) -> int:
    names = list(SCENARIOS) if args.scenario == "all" else [args.scenario]
    rows: list[dict[str, Any]] = []
    with Progress(lambda: Reading(len(rows), len(names), f"{len(rows)} of {len(names)}")):
        for name in names:
            rows.append(hours_row(trade(name, args.seeds[0], args.hours or 1)))
            if not args.json:
                emit(_trade_report(rows[-1]))
    ok = all(row["ok"] for row in rows)
    if args.json:
        emit_json({"ok": ok, "scenarios": rows})
    return 0 if ok else 1


def _trade_report(row: dict[str, Any]) -> str:
    most = ", ".join(f"{amount} {base}" for base, amount in row["open_most"].items())
    end = "balances are the venues' to the last unit" if row["ok"] else "FAILED"
    done = f"{row['virtual_hours']} h, {row['orders']} orders, {row['fills']} fills"
    lines = [f"{row['scenario']}: {done}, at most {most} open; {end}"]
    lines += [f"  {one['rule']}: {one['text']}" for one in row["violations"]]
    return "\n".join(lines)


def _soak(seed: int, hours: int, *, as_json: bool) -> int:
    latest = Reading(0.0, hours, "0 inputs")

    def take(sample: Sample) -> None:
        nonlocal latest
        text = f"{sample.hour:.2f} of {hours} h, {sample.inputs:,} inputs"
        latest = Reading(sample.hour, hours, text)

    with Progress(lambda: latest):
        done = soak(seed, hours * HOUR_NS, take)
    total = soak_summary(done)
    if as_json:
        emit_json(total)
    else:
        emit(_soak_report(total))
    return 0 if done.ok else 1


def _soak_report(total: dict[str, Any]) -> str:
    lines = [
        f"{total['virtual_hours']:.2f} virtual hours, {total['inputs']} inputs",
        f"memory {total['resident_bytes']} bytes, slope {total['resident_slope']} an hour",
        f"objects {total['objects']}, slope {total['objects_slope']} an hour",
        "largest: " + ", ".join(f"{size} {name}" for name, size in total["peaks"].items()),
    ]
    lines += [f"{one['rule']}: {one['text']}" for one in total["violations"]]
    if not total["long"]:
        lines.append("too short for a slope to be judged")
    lines.append("nothing grows" if total["ok"] else "failed")
    return "\n".join(lines)


class _Counts:
    """How many seeds are done; those that a file had already are not among them."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._done = 0
        self._failed = 0

    def take(self, row: Row) -> None:
        """One more seed is done."""
        self._done += 1
        self._failed += bool(row["violations"])

    def reading(self) -> Reading:
        """Return how far the campaign is."""
        text = f"{self._done}/{self._count} seeds, {self._failed} failed"
        return Reading(self._done, self._count, text)


def _report(total: dict[str, Any]) -> str:
    lines = [
        f"{total['seeds']} seeds in {total['virtual_hours']} virtual hours",
        f"{total['inputs']} inputs, at least {total['inputs_least']} a seed",
        f"{total['crashes']} crashes with {total['replayed_inputs']} inputs replayed",
        f"{total['requests']} requests, {total['fills']} fills, {total['halts']} halts of trading",
        "faults: " + ", ".join(f"{name} {count}" for name, count in total["faults"].items()),
        "recovery after the last fault: " + _spread(total["recovery_ms"]),
        "time until a lost book was usable again: " + _spread(total["outage_ms"]),
        "wrong where no venue message could tell: " + _spread(total["silent_damage_ms"]),
        "largest: " + ", ".join(f"{size} {name}" for name, size in total["peaks"].items()),
    ]
    for failure in total["failures"]:
        lines += [
            f"seed {failure['seed']}: {failure['rule']}: {failure['text']}",
            f"  after input {failure['number']}, at {failure['at_ns'] / 1e9:.3f} s",
            f"  again: {failure['reproduce']}",
        ]
    lines.append("every promise was kept" if total["ok"] else f"{len(total['failures'])} failed")
    return "\n".join(lines)


def _spread(values: dict[str, int]) -> str:
    if not values["count"]:
        return "never"
    parts = (f"{name} {values[name] / 1000:.1f} s" for name in ("p50", "p90", "p99", "max"))
    return f"{', '.join(parts)} ({values['count']})"
