"""The daemon with its API as `bench api` measures it: one venue, a port, and who asks it."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import aiohttp

from api.api import Api
from api.audit_log import AuditLog
from api.gate import PublicGate
from api.limits import Rates
from api.port import Port
from api.tokens import Tokens
from bench.api import Load, Run, own_mb
from bench.live import RUN_S_MAX, Arrivals
from bench.node import rss_mb
from bench.recorded import BenchError
from cli.api_host import ApiHost
from cli.live import LiveView
from cli.live_bench import SHM, TimedDaemon, bench_settings
from cli.settings import load

_UNPACED = 1e9
_ASK_S = 0.01
_LOOK_S = 0.1


async def follow(
    ws: str, rest: str, folder: Path, arrivals: Arrivals, pipe: Pipe, load: Load
) -> Run:
    """Run a daemon until all frames arrived, under some load; see bench.api.Follow."""
    with tempfile.TemporaryDirectory(dir=SHM if SHM.is_dir() else None) as shared:
        settings = bench_settings("websockets", ws, rest, folder, Path(shared) / "table.l2")
        daemon = TimedDaemon(settings, arrivals)
        run = Run()
        #: The daemon, then what looks at it.
        tasks: list[asyncio.Future[None]] = []
        try:
            daemon.build()
            daemon.open_recording()
            daemon.open_l2()
            async with _port(daemon, folder) as (api, port):
                loop = asyncio.get_running_loop()
                if load.clients:
                    pipe.send((port.port, load.clients, load.deaf))
                    await loop.run_in_executor(None, pipe.recv)
                running = asyncio.ensure_future(daemon.run(lambda: None))
                tasks += running, asyncio.ensure_future(_look(run, arrivals))
                if load.asked:
                    tasks.append(asyncio.ensure_future(_ask(port.address, run)))
                async with asyncio.timeout(RUN_S_MAX):
                    await arrivals.done.wait()
                for task in tasks[1:]:
                    task.cancel()
                run.rss_mb, run.own_last_mb = rss_mb(), own_mb()
                run.dropped = api.stream.dropped
                if load.clients:
                    pipe.send("over")
                    received = await loop.run_in_executor(None, pipe.recv)
                    run.messages, run.bytes, run.lost = received
                daemon.stop()
                await running
        except TimeoutError:
            raise BenchError(f"the daemon did not follow within {RUN_S_MAX} s") from None
        finally:
            # Interrupted, it would go on with what is being closed.
            await _ended(tasks)
            daemon.close()
    run.answers.sort()
    return run


async def _ended(tasks: list[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _port(daemon: TimedDaemon, folder: Path) -> AsyncIterator[tuple[Api, Port]]:
    host = ApiHost(daemon, LiveView(daemon), load(None, {}))
    audit = AuditLog(folder / "audit.jsonl", 1 << 20, 1, host.now_ns)
    api = Api(host, audit)
    gate = PublicGate(Tokens(folder / "tokens"), Rates(_UNPACED, time.monotonic), audit)
    port = Port(api, gate, "127.0.0.1", 0)
    await port.start()
    api.start()
    try:
        yield api, port
    finally:
        await port.stop()
        await api.stop()


async def _ask(address: str, run: Run) -> None:
    """Ask for every quote again and again, on one connection, and note how long it took."""
    async with aiohttp.ClientSession() as session:
        while True:
            began = time.perf_counter_ns()
            async with session.get(f"{address}/v1/quotes") as reply:
                await reply.read()
            run.answers.append(time.perf_counter_ns() - began)
            await asyncio.sleep(_ASK_S)


async def _look(run: Run, arrivals: Arrivals) -> None:
    """Note how much memory there is once a third of the frames has arrived."""
    while len(arrivals.times) < arrivals.first:
        await asyncio.sleep(_LOOK_S)
    run.own_first_mb = own_mb()
