"""`crossquote sim`: the simulated venues, served on loopback or written as a recording."""

import argparse
import json
import os
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import get_args

import uvloop

from cli import sim_describe
from cli.config import add_config_argument
from cli.output import report_refusal
from cli.settings import SettingsError, load
from cli.settings.model import Scenario
from cli.sim_recorded import serve_recordings
from cli.sim_serve import Serving, serve
from sim.recording import SECONDS_MAX, FileSummary, write_recording

SOCKET_DEFAULT = Path("crossquote-sim.sock")
_EXAMPLES = """examples:
  crossquote sim                              both venues on free ports, until Ctrl-C
  crossquote sim --tls certs --for 60         with https and wss, for a minute
  crossquote sim --serve binance=BTC.gz       a recording, in the venue's own format
  crossquote sim --write DIR --for 60         a recording of the simulated venues
  crossquote sim --describe                   the generated flow beside real recordings

exit codes: 0 done, or ended as asked; 1 it failed, 2 wrong usage
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    add_config_argument(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", metavar="DIR", type=Path, help="write a recording of both venues")
    what.add_argument(
        "--serve",
        action="append",
        metavar="VENUE=PATH",
        default=[],
        help="serve a recording instead of a market; again for more venues or files",
    )
    what.add_argument("--describe", action="store_true", help="statistics of the generated flow")
    sim_describe.configure(parser)
    for venue in ("binance", "coinbase"):
        parser.add_argument(
            f"--{venue}-port",
            type=_port,
            metavar="PORT",
            help="0 takes a free one (default: sim.ports of the configuration)",
        )
    parser.add_argument(
        "--tls", type=Path, metavar="CERTDIR", help="serve https and wss, certificate made there"
    )
    parser.add_argument("--scenario", choices=get_args(Scenario), help="how it behaves")
    parser.add_argument(
        "--symbols",
        type=int,
        default=0,
        metavar="N",
        help="for load: so many made-up symbols a venue instead of a scenario",
    )
    parser.add_argument("--seed", type=int, help="of the market; same seed, same market")
    parser.add_argument(
        "--speed", metavar="X", help="market seconds in a second; a recording also takes `max`"
    )
    parser.add_argument(
        "--for",
        "--seconds",
        dest="seconds",
        type=float,
        metavar="SECONDS",
        help="end by itself after this (to write: 60)",
    )
    parser.add_argument(
        "--socket",
        type=Path,
        metavar="PATH",
        help=f"control socket, through which faults come (default: {SOCKET_DEFAULT}, here)",
    )
    parser.add_argument("--json", action="store_true", help="print what there is as JSON")


def run(args: argparse.Namespace) -> int:
    """Write, describe or serve; returns 0 when done, 1 when it failed, 2 for wrong usage."""
    if args.seconds is not None and not 0.0 < args.seconds <= SECONDS_MAX:
        return _refuse(f"--for, --seconds: {args.seconds:g} is not within 0 and {SECONDS_MAX}")
    if args.describe:
        return sim_describe.run(args)
    try:
        loaded = load(args.config, os.environ)
    except SettingsError as error:
        return report_refusal(error, as_json=args.json)
    settings = loaded.settings.sim
    seed = settings.seed if args.seed is None else args.seed
    if args.write is not None:
        return _write(args, seed)
    speed = settings.speed if args.speed is None else args.speed
    if not _is_speed(speed, recorded=bool(args.serve)):
        return _refuse(f"--speed: {speed!r} is not a number within 0.01 and 1000")
    ports = settings.ports
    serving = Serving(
        seed=seed,
        scenario=args.scenario or settings.scenario,
        speed=speed,
        ports={
            "binance": ports.binance if args.binance_port is None else args.binance_port,
            "coinbase": ports.coinbase if args.coinbase_port is None else args.coinbase_port,
        },
        accounts=settings.accounts,
        tls=args.tls,
        socket=args.socket or SOCKET_DEFAULT,
        socket_needed=args.socket is not None,
        seconds=args.seconds,
        recordings=tuple(args.serve),
        symbols=args.symbols,
        as_json=args.json,
    )
    return uvloop.run(serve_recordings(serving) if args.serve else serve(serving))


def _port(text: str) -> int:
    """Parse a port number; argparse turns the ValueError into a message."""
    port = int(text)
    if not 0 <= port <= 65_535:
        raise ValueError(text)
    return port


def _is_speed(text: str, *, recorded: bool) -> bool:
    if text == "max":
        return recorded
    try:
        return Decimal("0.01") <= Decimal(text) <= 1000
    except InvalidOperation:
        return False


def _write(args: argparse.Namespace, seed: int) -> int:
    seconds = int(args.seconds or 60)
    if seconds < 1 or (args.seconds or seconds) != seconds:
        return _refuse(f"--seconds: {args.seconds:g} is not a whole number from 1 on")
    show = sys.stderr.isatty() and not args.json

    def progress(second: int) -> None:
        if show:
            end = "\n" if second == seconds else ""
            print(f"\r{second} of {seconds} s", end=end, file=sys.stderr, flush=True)

    try:
        files = write_recording(args.write, seed, seconds, progress=progress)
    except OSError as error:
        return _refuse(f"--write: {args.write}: {error.strerror}")
    except KeyboardInterrupt:
        if show:  # what is said of it gets a line of its own
            print(file=sys.stderr)
        raise
    if args.json:
        print(json.dumps(_summary(seed, seconds, files)))
    else:
        for file in files:
            counts = ", ".join(f"{count} {name}" for name, count in sorted(file.frames.items()))
            print(f"{file.path}: {file.lines} lines; frames: {counts}")
    return 0


def _summary(seed: int, seconds: int, files: list[FileSummary]) -> dict[str, object]:
    return {
        "seed": seed,
        "seconds": seconds,
        "files": [
            {
                "path": str(file.path),
                "lines": file.lines,
                "bytes": file.path.stat().st_size,
                "frames": dict(sorted(file.frames.items())),
                "sha256": file.sha256,
            }
            for file in files
        ],
    }


def _refuse(message: str) -> int:
    print(f"crossquote sim: {message}", file=sys.stderr)
    return 2
