"""`crossquote convert`: recordings and market data from one format into another."""

import argparse
import sys
from pathlib import Path

import orjson

from cli.convert_job import FORMATS, Job, Options
from cli.convert_progress import progress
from replay.convert.errors import ConvertError, DirectionError
from replay.convert.tardis import DEFAULT_TYPES

_EXAMPLES = """examples:
  crossquote convert binance=btcusdt_20240808.gz,btcusdt_20240809.gz --to native recording
  crossquote convert recording --to form-c BINANCE.jsonl.zst
  crossquote convert recording --to public originals
  crossquote convert recording --to tardis csv --types incremental_book_L2,book_snapshot_5
  crossquote convert csv --to parquet tables --numbers ticks
  crossquote convert tables --to npz btcusdt.npz --instrument BTC-USDT.BINANCE

exit codes: 0 fine, 1 a damaged source or a full disk, 2 wrong usage or what cannot be converted
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a recording, a directory of Parquet or CSV files, a CSV or npz file, or"
        " VENUE=PATH[,PATH…] of public files",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="what is written; it is not there")
    parser.add_argument("--to", required=True, choices=FORMATS, help="the format of OUT")
    parser.add_argument(
        "--instruments", type=Path, metavar="FILE", help="rules: our JSON list or a payload"
    )
    parser.add_argument(
        "--with",
        dest="others",
        action="append",
        default=[],
        metavar="VENUE=PATH[,PATH…]",
        help="public files of a further venue; may be repeated",
    )
    parser.add_argument("--venue", default="", help="convert what is of this venue only")
    parser.add_argument(
        "--instrument",
        default="",
        metavar="ID",
        help="convert this instrument only, or say which one an npz file is of",
    )
    parser.add_argument(
        "--types",
        type=lambda text: tuple(text.split(",")),
        default=DEFAULT_TYPES,
        metavar="TYPE[,TYPE…]",
        help=f"data types of Tardis to write (default {','.join(DEFAULT_TYPES)};"
        " also quotes, book_snapshot_5, book_snapshot_25, …)",
    )
    parser.add_argument(
        "--numbers",
        choices=("text", "ticks"),
        default="text",
        help="Parquet: prices and sizes as decimal text or as integer ticks and lots",
    )
    parser.add_argument(
        "--hash",
        action="store_true",
        help="tell the hash of each book as it last lived: equal books, equal hashes in any format",
    )
    parser.add_argument(
        "--keep-going",
        action="store_true",
        help="go on behind damage; it is told at the end, with exit code 1",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Convert; returns 0, 1 for a damaged source, 2 for what cannot be converted."""
    options = Options(
        args.to,
        args.out,
        args.instruments,
        args.venue,
        args.instrument,
        args.types,
        args.numbers,
        hashes=args.hash,
        keep_going=args.keep_going,
    )
    try:
        with progress(quiet=args.json or not sys.stderr.isatty()) as on_read:
            job = Job([args.source, *args.others], options, on_read)
            on_read.total(job.size)
            result = job.run()
    except DirectionError as error:
        return _fail(str(error), 2)
    except ConvertError as error:
        return _fail(str(error), 1)
    except OSError as error:
        return _fail(f"{error.filename or args.out}: {error.strerror or error}", 1)
    problems = job.tolerance.problems.lines()
    result["problems"] = problems
    if args.json:
        sys.stdout.write(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        for name, value in result.items():
            if value not in ([], {}):
                print(f"{name.replace('_', ' ')}: {_shown(value)}")
    for line in problems:
        print(f"crossquote convert: {line}", file=sys.stderr)
    return 1 if problems else 0


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {one}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _fail(message: str, code: int) -> int:
    print(f"crossquote convert: {message}", file=sys.stderr)
    return code
