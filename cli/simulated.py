"""The simulated venues in a process of their own, for the time of a run."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import orjson

from cli.settings.model import SimPorts, SimSettings
from connectors.transport.venue_feed import FeedAddress

_START_S_MAX = 30.0
_STOP_S_MAX = 5.0
_PR_SET_PDEATHSIG = 1


class SimulatedStartError(OSError):
    """The simulated venues did not start; the message says why."""


def running_venues(ports: SimPorts) -> dict[str, FeedAddress]:
    """Return the addresses of venues that `crossquote sim` serves on these ports of loopback."""
    binance, coinbase = f"127.0.0.1:{ports.binance}", f"127.0.0.1:{ports.coinbase}"
    found = {
        "binance": FeedAddress(ws=f"ws://{binance}/stream", rest=f"http://{binance}"),
        "coinbase": FeedAddress(ws=f"ws://{coinbase}", rest=f"http://{coinbase}"),
    }
    return {name: address for name, address in found.items() if getattr(ports, name)}


@contextlib.asynccontextmanager
async def simulated(
    settings: SimSettings, config: Path | None, socket: Path
) -> AsyncIterator[dict[str, FeedAddress]]:
    """Start the venues and give their addresses; they are gone when the block is left.

    `config` is the file that the settings come from, `socket` where the venues' control door is.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "cli.main",
        "sim",
        "--json",
        *(("--config", str(config)) if config else ()),
        *("--seed", str(settings.seed)),
        *("--scenario", settings.scenario),
        *("--speed", settings.speed),
        *("--binance-port", str(settings.ports.binance)),
        *("--coinbase-port", str(settings.ports.coinbase)),
        *("--socket", str(socket)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
        preexec_fn=partial(_end_with, os.getpid(), ctypes.CDLL(None)),
    )
    try:
        yield await _addresses(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_S_MAX):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _end_with(parent: int, libc: ctypes.CDLL) -> None:
    """Have this process, between fork and exec, end when its parent does, however that ends.

    A parent that is killed cannot end its child, which would keep its ports for ever.
    """
    if sys.platform == "linux":
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)


async def _addresses(process: asyncio.subprocess.Process) -> dict[str, FeedAddress]:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_S_MAX):
            line = await process.stdout.readline()
    except TimeoutError:
        raise SimulatedStartError(
            f"the simulated venues said nothing in {_START_S_MAX} s"
        ) from None
    if not line:
        raise SimulatedStartError(
            "the simulated venues ended at once, as the line above says; a port that is in use is"
            " changed by sim.ports.binance and sim.ports.coinbase, where 0 takes any free one"
        )
    told = orjson.loads(line)
    return {
        name: FeedAddress(ws=row["ws"], rest="/".join(row["rest"].split("/")[:3]))
        for name, row in told.items()
        if isinstance(row, dict)
    }
