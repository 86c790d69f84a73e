"""`crossquote bench`: measurements with a fixed interface."""

import argparse
import importlib
import sys
from collections.abc import Callable
from typing import Any

import orjson

from bench.recorded import BenchError

Figures = dict[str, Any]


def _books(args: argparse.Namespace) -> Figures:
    module = importlib.import_module("bench.books")
    figures: Figures = module.run_books(args.source, **_rounds(args))
    return figures


def _node(args: argparse.Namespace) -> Figures:
    module = importlib.import_module("bench.node")
    figures: Figures = module.run_node(args.source, **_rounds(args))
    return figures


def _quotes(args: argparse.Namespace) -> Figures:
    module = importlib.import_module("bench.quotes")
    l1 = importlib.import_module("bench.l1")
    reads = {"reads": args.reads} if args.reads else {}
    figures: Figures = module.run_quotes(l1.reader(), **reads)
    return figures


def _engine(args: argparse.Namespace) -> Figures:
    module = importlib.import_module("bench.engine")
    figures: Figures = module.run_engine(**_rounds(args))
    return figures


def _live(args: argparse.Namespace) -> Figures:
    module = importlib.import_module("bench.live")
    follow = importlib.import_module("cli.live_bench").follow
    figures: Figures = module.run_live(follow, **_rounds(args))
    return figures


def _api(args: argparse.Namespace) -> Figures:
    module = importlib.import_module("bench.api")
    follow = importlib.import_module("cli.api_bench").follow
    figures: Figures = module.run_api(follow, **_rounds(args))
    return figures


def _sim(args: argparse.Namespace) -> Figures:
    module = importlib.import_module("bench.sim")
    figures: Figures = module.run_sim(**_rounds(args))
    return figures


def _trading(args: argparse.Namespace) -> Figures:
    module = importlib.import_module("bench.trading")
    figures: Figures = module.run_trading(args.source, **_rounds(args))
    return figures


def _metrics(args: argparse.Namespace) -> Figures:
    module = importlib.import_module("bench.metrics")
    figures: Figures = module.run_metrics(args.source, **_rounds(args))
    return figures


def _rounds(args: argparse.Namespace) -> dict[str, int]:
    return {"rounds": args.rounds} if args.rounds > 0 else {}


BENCHES: dict[str, Callable[[argparse.Namespace], Figures]] = {
    "books": _books,
    "node": _node,
    "quotes": _quotes,
    "engine": _engine,
    "live": _live,
    "api": _api,
    "sim": _sim,
    "trading": _trading,
    "metrics": _metrics,
}

_EXAMPLES = """examples:
  crossquote bench books --json
  crossquote bench books --source binance=btcusdt_20240808.gz,btcusdt_20240809.gz
  crossquote bench node --source binance=spot.gz --source binance-usdm=perp.gz
  crossquote bench quotes --reads 1000000
  crossquote bench engine --json
  crossquote bench live --rounds 7
  crossquote bench api --rounds 9
  crossquote bench sim --json
  crossquote bench metrics
  crossquote bench trading --source binance=spot.gz --source binance-usdm=perp.gz

The name of a figure says its unit; medians are over interleaved rounds.
exit codes: 0 measured, 2 wrong usage or a recording that cannot serve
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    parser.add_argument("name", choices=BENCHES, help="what to measure")
    parser.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="VENUE=PATH[,PATH…]",
        help="the recording to use (default: a generated one)",
    )
    parser.add_argument("--reads", type=int, default=0, help="reads of `quotes` (default: 10 M)")
    parser.add_argument("--rounds", type=int, default=0, help="counted rounds (default: its own)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure and print; returns 0, or 2 when the recording cannot serve."""
    try:
        result = BENCHES[args.name](args)
    except BenchError as error:
        print(f"crossquote bench: {error}", file=sys.stderr)
        return 2
    if args.json:
        sys.stdout.write(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode() + "\n")
        return 0
    module = importlib.import_module(f"bench.{args.name}")
    print(module.text(result) if hasattr(module, "text") else _plain(result))
    return 0


def _plain(figures: Figures, indent: str = "") -> str:
    """Return figures as lines of name and value."""
    lines = []
    for name, value in figures.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", _plain(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name:<28} {value}")
    return "\n".join(lines)
