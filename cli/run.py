"""`crossquote run`: the daemon, against simulated venues or real public feeds."""

import argparse
import asyncio
import contextlib
import os
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import msgspec
import orjson
import structlog
import uvloop

from api.errors import DoorError
from api.health import Health
from api.metrics import Metrics
from arb.strategy.spec import SpecError
from cli import testnet
from cli.api_host import ApiHost
from cli.config import add_config_argument
from cli.glance import glance
from cli.live import LiveView
from cli.logs import Log, start_logging
from cli.node_config import node_config
from cli.order_doors import KeyMissingError, sim_doors
from cli.output import report_refusal
from cli.pnl import lines as pnl_lines
from cli.report import human, report
from cli.restore import Restored, restored
from cli.serve_api import open_api
from cli.settings import Loaded, Settings, SettingsError, load
from cli.settings.model import Mode, Scenario
from cli.settings.testnet_rules import missing_keys
from cli.settings.trading import StrategySettings
from cli.simulated import running_venues, simulated
from cli.unrecorded import explained
from connectors.transport.orders import MakeDoors
from connectors.transport.venue_feed import FeedAddress
from daemon import Daemon, Options, handle_signals
from market.naming import NamingError
from replay.segment_errors import SegmentError

_EXAMPLES = """examples:
  crossquote run                      two simulated venues: no keys, no network
  crossquote run --for 30 --json      the same for half a minute, then a summary
  crossquote run --strategy xemm      trade over the wire at the simulated venues
  crossquote run --mode paper         the real venues' public feeds
  crossquote run --mode testnet       the venues' test networks, with keys of theirs

exit codes: 0 stopped as asked, 1 it failed, 2 the configuration or the folder is refused
"""
_LOG_TICK_S = 2.0
_GLANCE_TICKS = 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    add_config_argument(parser)
    parser.add_argument("--mode", choices=get_args(Mode), help="overrides the configuration")
    parser.add_argument(
        "--scenario", choices=get_args(Scenario), help="of the simulated venues (mode sim)"
    )
    parser.add_argument(
        "--for", dest="seconds", type=float, metavar="SECONDS", help="stop by itself after this"
    )
    parser.add_argument(
        "--strategy",
        action="append",
        metavar="NAME",
        help="trade by this strategy with its usual keys, besides those of the configuration; again"
        " for more",
    )
    parser.add_argument("--record", metavar="DIR", help="folder of the recording")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Run the daemon; returns 0, 1 when it failed, 2 for a bad configuration or folder."""
    flags = {
        "mode": args.mode,
        "recording.dir": args.record,
        "sim.scenario": args.scenario,
    }
    try:
        loaded = load(
            args.config, os.environ, {name: value for name, value in flags.items() if value}
        )
    except SettingsError as error:
        return report_refusal(error, as_json=args.json)
    loaded = _with_strategies(loaded, args.strategy or [])
    missing = list(missing_keys(loaded.settings, loaded.secrets))
    if missing:
        return report_refusal(SettingsError(missing), as_json=args.json)
    log = start_logging(loaded.settings.log, loaded.secrets)
    try:
        return uvloop.run(_serve(args, loaded, log))
    except _RecordRefusedError as error:
        print(f"crossquote run: --record: {error}", file=sys.stderr)
        return 2
    except DoorError as error:
        print(f"crossquote run: {error}; control.socket sets the path", file=sys.stderr)
        return 1
    except (NamingError, SpecError, KeyMissingError, OSError) as error:
        print(f"crossquote run: {error}", file=sys.stderr)
        return 1
    finally:
        log.close()


def _with_strategies(loaded: Loaded, names: list[str]) -> Loaded:
    """Return the settings with strategies that they do not name yet, the usual keys for each."""
    trading = loaded.settings.trading
    known = [one.name for one in trading.strategies]
    added = [StrategySettings(name=name) for name in dict.fromkeys(names) if name not in known]
    more = msgspec.structs.replace(trading, strategies=(*trading.strategies, *added))
    return replace(loaded, settings=msgspec.structs.replace(loaded.settings, trading=more))


async def _serve(args: argparse.Namespace, loaded: Loaded, log: Log) -> int:
    settings = loaded.settings
    say = structlog.get_logger()
    async with contextlib.AsyncExitStack() as stack:
        addresses: dict[str, FeedAddress] = {}
        sim_socket = _sim_socket(Path(settings.control.socket))
        if settings.mode == "sim" and not settings.sim.start:
            addresses = running_venues(settings.sim.ports)
        elif settings.mode == "sim":
            addresses = await stack.enter_async_context(
                simulated(settings.sim, loaded.file, sim_socket)
            )
        elif settings.mode == "testnet":
            addresses = testnet.feed_addresses(settings)
        options = Options(
            addresses,
            args.seconds,
            seed=os.getpid(),
            sim_socket=str(sim_socket.absolute()) if settings.sim.start else "",
            doors=_doors(loaded, addresses),
        )
        before = _before(settings)
        daemon = Daemon(settings, options, before.node)
        # Whatever fails from here on, no open recording and no table of quotes stays behind.
        stack.callback(daemon.close)
        daemon.build()
        _open_recording(daemon, asked=args.record is not None)
        _go_on(daemon, before)
        daemon.open_l2()
        view = LiveView(daemon)
        mounts = Metrics(daemon).mount, Health(daemon).mount
        host = ApiHost(daemon, view, loaded)
        daemon.api_address = await open_api(stack, host, settings, mounts)
        handle_signals(daemon)
        ticking = asyncio.ensure_future(_tick(log, None if args.json else view))
        say.info(
            "running",
            mode=settings.mode,
            books=len(daemon.node.books),
            door=settings.control.socket,
            api=daemon.api_address,
        )
        started = time.perf_counter()
        first_ns = daemon.clock.now_ns()
        result: dict[str, Any] = {}

        def summarise() -> None:
            feed_ns = daemon.clock.now_ns() - first_ns
            result.update(report(daemon.node, feed_ns, time.perf_counter() - started))
            result["status"] = view.status()
            if daemon.node.desk is not None:
                result["trading"] = {"pnl": view.pnl(), "positions": view.positions()}

        try:
            await daemon.run(summarise)
        finally:
            ticking.cancel()
        if args.json:
            sys.stdout.write(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode() + "\n")
        else:
            print(human(result))
            if "trading" in result:
                print("\n".join(["", *pnl_lines(result["trading"]["pnl"])]))
    return 0


def _doors(loaded: Loaded, addresses: dict[str, FeedAddress]) -> MakeDoors | None:
    """Return what makes the doors by which orders leave, None in mode paper: there are none."""
    settings = loaded.settings
    if settings.mode == "sim":
        return partial(sim_doors, addresses, settings.sim.accounts, loaded.secrets)
    if settings.mode == "testnet":
        return partial(testnet.order_doors, settings, loaded.secrets)
    return None


class _RecordRefusedError(Exception):
    """The folder that the user asked for cannot be recorded into; the message says what to do."""


def _before(settings: Settings) -> Restored:
    """Return what a daemon that trades goes on from.

    Venues that are started with it have new accounts, in which nothing of before is left.
    """
    recording = settings.recording
    config = node_config(settings)
    if settings.mode == "sim" and settings.sim.start:
        return Restored(why="the simulated venues begin anew" if config.trading is not None else "")
    if config.trading is None or not (settings.trading.restore and recording.enabled):
        return Restored()
    return restored(Path(recording.dir), config)


def _go_on(daemon: Daemon, before: Restored) -> None:
    """Tell what trading goes on from; where it should and cannot, a person has to look."""
    say = structlog.get_logger()
    if before.node is not None:
        daemon.go_on()
        say.info("trading goes on", inputs=before.inputs)
    elif before.lost:
        say.error("trading cannot go on from its recording", reason=before.why)
        daemon.command("not-restored", before.why)
    elif before.why:
        say.info("trading begins anew", reason=before.why)


def _open_recording(daemon: Daemon, *, asked: bool) -> None:
    """Begin to record: a daemon runs without, but not when a user asked for the recording."""
    if not asked:
        daemon.open_recording()
        return
    try:
        daemon.record()
    except (SegmentError, OSError) as error:
        raise _RecordRefusedError(explained(error, daemon.settings.recording.dir)) from error


def _sim_socket(door: Path) -> Path:
    """Return where the simulated venues have their door: beside the daemon's."""
    return door.with_name(f"{door.stem}-sim{door.suffix}")


async def _tick(log: Log, view: LiveView | None) -> None:
    """Keep the log's summaries in time, and show people how the daemon stands."""
    turn = 0
    while True:
        await asyncio.sleep(_LOG_TICK_S)
        log.tick()
        turn += 1
        if view is not None and turn % _GLANCE_TICKS == 0:
            print(glance(view.status(), view.books(0), view.edges()), flush=True)
