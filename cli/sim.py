"""`crossquote sim`: the simulated venues, as a recording or as servers on loopback."""

import argparse
import asyncio
import json
import signal
import sys
from fractions import Fraction
from pathlib import Path

import uvloop

from sim.market.scenario import CALM, WARM_UP_NS
from sim.market.world import World
from sim.recording import SECONDS_MAX, FileSummary, write_recording
from sim.server.pump import wall_start_ns
from sim.server.world import SimulatedWorld

from .paced_market import PacedMarket

SPEED_MIN, SPEED_MAX = Fraction(1, 100), Fraction(1000)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", metavar="DIR", type=Path, help="write a recording of both venues")
    what.add_argument(
        "--serve", action="store_true", help="serve both venues on loopback until interrupted"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the market; same seed, same bytes")
    parser.add_argument(
        "--seconds", type=int, help="of market time (to write: 60; to serve: no end)"
    )
    parser.add_argument(
        "--speed",
        type=_speed,
        metavar="FACTOR",
        default=Fraction(1),
        help="to serve: market seconds in a second, 0.01 to 1000 (default 1)",
    )
    parser.add_argument(
        "--ports",
        type=_ports,
        metavar="BINANCE,COINBASE",
        default=(0, 0),
        help="to serve on; 0 takes a free one (default 0,0)",
    )
    parser.add_argument("--json", action="store_true", help="print what there is as JSON")


def run(args: argparse.Namespace) -> int:
    """Write or serve; returns 0 when that is done, 2 when it cannot be."""
    if args.seconds is not None and not 1 <= args.seconds <= SECONDS_MAX:
        return _refuse(f"--seconds: {args.seconds} is not within 1 and {SECONDS_MAX}")
    if args.serve:
        return uvloop.run(_serve(args))
    return _write(args)


def _ports(text: str) -> tuple[int, int]:
    """Parse two port numbers; argparse turns the ValueError into a message."""
    binance, coinbase = (int(part) for part in text.split(","))
    if not (0 <= binance <= 65_535 and 0 <= coinbase <= 65_535):
        raise ValueError(text)
    return binance, coinbase


def _speed(text: str) -> Fraction:
    """Parse a decimal factor; argparse turns the ValueError into a message."""
    if not set(text) <= set("0123456789."):
        raise ValueError(text)
    speed = Fraction(text)
    if not SPEED_MIN <= speed <= SPEED_MAX:
        raise ValueError(text)
    return speed


def _world(args: argparse.Namespace) -> SimulatedWorld:
    """Return the world to serve, at its own pace."""
    if args.speed == 1:
        return SimulatedWorld(args.seed, ports=args.ports)
    start_ns = wall_start_ns()
    market = World(CALM, args.seed, start_ns - WARM_UP_NS)
    market.advance(start_ns)
    return SimulatedWorld(args.seed, market=PacedMarket(market, args.speed), ports=args.ports)


def _write(args: argparse.Namespace) -> int:
    seconds = args.seconds or 60
    show = sys.stderr.isatty() and not args.json

    def progress(second: int) -> None:
        if show:
            end = "\n" if second == seconds else ""
            print(f"\r{second} of {seconds} s", end=end, file=sys.stderr, flush=True)

    try:
        files = write_recording(args.write, args.seed, seconds, progress=progress)
    except OSError as error:
        return _refuse(f"--write: {args.write}: {error.strerror}")
    if args.json:
        print(json.dumps(_summary(args.seed, seconds, files)))
    else:
        for file in files:
            counts = ", ".join(f"{count} {name}" for name, count in sorted(file.frames.items()))
            print(f"{file.path}: {file.lines} lines; frames: {counts}")
    return 0


async def _serve(args: argparse.Namespace) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    if args.seconds is not None:
        loop.call_later(args.seconds, stopped.set)
    world = _world(args)
    try:
        await world.start()
    except OSError as error:
        return _refuse(f"--ports: {error.strerror}")
    try:
        _tell(args.json, world)
        await stopped.wait()
    finally:
        await world.stop()
    return 0


def _tell(as_json: bool, world: SimulatedWorld) -> None:
    """Print where the venues are, as base addresses that clients take."""
    urls = {
        "binance": {
            "rest": f"{world.binance.http_url}/api/v3",
            "ws": f"{world.binance.ws_url}/stream",
        },
        "coinbase": {
            "rest": f"{world.coinbase.http_url}/api/v3/brokerage",
            "ws": world.coinbase.ws_url,
        },
    }
    if as_json:
        print(json.dumps(urls), flush=True)
    else:
        for venue, url in urls.items():
            print(f"{venue}: REST {url['rest']}, WebSocket {url['ws']}", flush=True)


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
