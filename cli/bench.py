"""`crossquote bench`: measurements with a fixed interface."""

import argparse
import importlib
import sys

import orjson

from bench.recorded import BenchError

#: Name -> (module, function).
BENCHES = {
    "books": ("bench.books", "run_books"),
    "node": ("bench.node", "run_node"),
}

_EXAMPLES = """examples:
  crossquote bench books --json
  crossquote bench books --source binance=btcusdt_20240808.gz,btcusdt_20240809.gz
  crossquote bench node --source binance=spot.gz --source binance-usdm=perp.gz
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
    parser.add_argument("--rounds", type=int, default=0, help="counted rounds (default: its own)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure and print; returns 0, or 2 when the recording cannot serve."""
    module_name, function = BENCHES[args.name]
    module = importlib.import_module(module_name)
    options = {"rounds": args.rounds} if args.rounds > 0 else {}
    try:
        result = getattr(module, function)(args.source, **options)
    except BenchError as error:
        print(f"crossquote bench: {error}", file=sys.stderr)
        return 2
    if args.json:
        sys.stdout.write(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        print(module.text(result))
    return 0
