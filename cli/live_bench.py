"""The daemon as `bench live` measures it: all of it, with one venue and without a door."""

import asyncio
import tempfile
from pathlib import Path

from msgspec.structs import replace

from bench.live import RUN_S_MAX, Arrivals
from bench.recorded import BenchError
from cli.settings.model import Settings, Urls
from daemon import Daemon, Options

SHM = Path("/dev/shm")  # noqa: S108 - the place for shared memory on Linux
_LOOK_S = 0.01


class TimedDaemon(Daemon):
    """Notes when a frame was handled entirely."""

    def __init__(self, settings: Settings, arrivals: Arrivals) -> None:
        super().__init__(settings, Options({}))
        handle, note = self.frame, arrivals.note

        def timed(source: str, data: bytes, recv_ns: int) -> None:
            handle(source, data, recv_ns)
            note()

        self.frame = timed


async def follow(library: str, ws: str, rest: str, folder: Path, arrivals: Arrivals) -> None:
    """Run a daemon against a venue until all frames arrived; see bench.live.Follow."""
    # The table's lock stays behind, as it should; here it goes with its folder.
    with tempfile.TemporaryDirectory(dir=SHM if SHM.is_dir() else None) as shared:
        settings = bench_settings(library, ws, rest, folder, Path(shared) / "table.l2")
        await _follow(settings, arrivals)


async def _follow(settings: Settings, arrivals: Arrivals) -> None:
    daemon = TimedDaemon(settings, arrivals)
    books = daemon.node.books
    condemned: list[int] = []
    try:
        daemon.build()
        daemon.open_recording()
        daemon.open_l2()
        task = asyncio.ensure_future(
            daemon.run(lambda: condemned.extend(one.condemned for one in books))
        )
        async with asyncio.timeout(RUN_S_MAX):
            await arrivals.done.wait()
            while not all(book.live for book in books):
                await asyncio.sleep(_LOOK_S)
        daemon.stop()
        await task
    except TimeoutError:
        raise BenchError(f"the daemon did not follow within {RUN_S_MAX} s") from None
    finally:
        daemon.close()
    if any(condemned):
        raise BenchError("the daemon lost a book")
    if daemon.recorder is None or daemon.recorder.counts.missed or daemon.l2_state != "open":
        raise BenchError("the daemon did not record everything, or had no shared quotes")


def bench_settings(library: str, ws: str, rest: str, folder: Path, table: Path) -> Settings:
    """Return the defaults with one venue at these addresses and files in `folder`."""
    given = Settings(version=1, mode="paper")
    venues = given.venues
    # The frames' own times are those of the market that was run beforehand.
    binance = replace(venues.binance, urls=Urls(ws=ws, rest=rest), lag_ms=600_000)
    return replace(
        given,
        venues=replace(venues, binance=binance, coinbase=replace(venues.coinbase, enabled=False)),
        recording=replace(given.recording, dir=str(folder / "recording")),
        l2=replace(given.l2, path=str(table)),
        transport=replace(given.transport, library=library),
    )
