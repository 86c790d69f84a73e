"""`bench live`: a frame written by a venue to its quote readable in L1, beside a bare loop.

A venue process (bench.venue_writer) writes frames at a steady rate over loopback. In each round
every transport is measured twice, one after another: as a bare receive loop (the library behind
its Stream interface and a listener that notes the time), and as the whole daemon: transport, feed,
recorder, node, L1, L2 in shared memory, timers and tasks beside them. The time of arrival is taken
after an input was handled entirely, its L2 write included. The first third is not counted.

The daemon asks the scheduler for short turns (cli/slices.py), as it always does; the bare loop
does not. Measured twice: with frames evenly spaced, where every frame wakes a loop that slept, and
in bursts of ten, where a frame also waits for those before it.
"""

import asyncio
import ctypes
import gc
import logging
import multiprocessing
import statistics
import tempfile
import time
from array import array
from collections.abc import Callable, Coroutine, Iterator, MutableSequence, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import structlog
import uvloop

from bench.measure import percentile
from bench.node import rss_mb
from bench.recorded import BenchError
from bench.venue_writer import serve
from connectors.transport.clock import StampClock
from connectors.transport.stream import LIBRARIES, Stream, StreamClose, StreamParameters, opener
from sim.children import uninterrupted

BURST = 10
FRAMES_MIN = 100
RUN_S_MAX = 60.0


@dataclass(slots=True)
class Arrivals:
    """When frames arrived (monotonic ns), and what the processor did from frame `first` on."""

    total: int
    first: int
    times: MutableSequence[int] = field(default_factory=partial(array, "q"))
    cpu_ns: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self) -> None:
        """A frame arrived."""
        times = self.times
        times.append(time.monotonic_ns())
        if len(times) == self.first:
            self.cpu_ns = -time.process_time_ns()
        elif len(times) == self.total:
            self.cpu_ns += time.process_time_ns()
            self.done.set()

    def figures(self, stamps: list[int]) -> dict[str, float]:
        """Return the figures of one run, given when each frame was written."""
        delays = sorted(
            arrived - written
            for arrived, written in zip(self.times[self.first :], stamps[self.first :], strict=True)
        )
        span_ns = self.times[-1] - self.times[self.first]
        return {
            "frames_per_second": (len(delays) - 1) / span_ns * 1e9,
            "p50_us": percentile(delays, 0.5) / 1000,
            "p99_us": percentile(delays, 0.99) / 1000,
            "cpu_us_per_frame": self.cpu_ns / len(delays) / 1000,
        }


#: Runs a daemon until every frame has arrived: library, WebSocket and REST address, a folder that
#: may be written to, and where each frame is noted. Raises BenchError if it does not follow.
Follow = Callable[[str, str, str, Path, Arrivals], Coroutine[Any, Any, None]]


class _BareListener:
    """Notes that a frame came, and does nothing with it."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals

    def on_open(self, stream: Stream, recv_ns: int) -> None:
        """Nothing to do."""

    def on_frame(self, data: bytes, recv_ns: int) -> None:  # noqa: ARG002
        """Note the time."""
        self._arrivals.note()

    def on_ping(self, recv_ns: int) -> None:
        """The venue does not ping."""

    def on_close(self, close: StreamClose, recv_ns: int) -> None:
        """The run is over by then."""


async def _bare(library: str, ws: str, arrivals: Arrivals) -> None:
    clock = StampClock()
    listener = _BareListener(arrivals)
    stream = await opener(library)(ws, listener, clock.now_ns, StreamParameters(), None)
    async with asyncio.timeout(RUN_S_MAX):
        await arrivals.done.wait()
    await stream.close()


@contextmanager
def venue(rate: int, frames: int) -> Iterator[tuple[Pipe, Any, str, str]]:
    """Start the venue; gives its pipe, its time stamps and its two addresses."""
    # A forked child would share what this process holds open.
    context = multiprocessing.get_context("spawn")
    stamps = context.RawArray(ctypes.c_int64, frames)
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, stamps, rate, 1), daemon=True)
    with uninterrupted():
        process.start()
    try:
        ws_port, rest_port = ours.recv()
        yield ours, stamps, f"ws://127.0.0.1:{ws_port}", f"http://127.0.0.1:{rest_port}"
        ours.send(0)
        process.join(RUN_S_MAX)
    finally:
        process.kill()


def _installed() -> list[str]:
    found = []
    for library in LIBRARIES:
        try:
            opener(library)
        except ImportError:
            continue
        found.append(library)
    return found


def run_live(
    follow: Follow,
    rounds: int = 5,
    rate: int = 10_000,
    seconds: float = 3.0,
    libraries: Sequence[str] = (),
) -> dict[str, Any]:
    """Measure; returns what `crossquote bench live --json` prints. Raises BenchError.

    `follow` runs the daemon, which stands on the floor of the command line; without `libraries`
    each one that is installed is measured. Each run lasts
    `seconds`, the first third of which is not counted. Figures are medians over the rounds;
    `…_over_bare…` are medians of each round's difference, or ratio for the p99.
    """
    frames = round(rate * seconds)
    if frames < FRAMES_MIN:
        raise BenchError(f"{frames} frames a run say nothing; {FRAMES_MIN} are the least")
    first = frames // 3
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    libraries = libraries or _installed()
    runs: dict[tuple[int, str, str], list[dict[str, float]]] = {
        (burst, library, kind): []
        for burst in (1, BURST)
        for library in libraries
        for kind in ("bare", "daemon")
    }
    with venue(rate, frames) as (pipe, stamps, ws, rest):
        for _ in range(rounds):
            for (burst, library, kind), figures in runs.items():
                arrivals = Arrivals(frames, first)
                with tempfile.TemporaryDirectory(prefix="crossquote-bench-") as folder:
                    pipe.send(burst)
                    gc.collect()
                    uvloop.run(
                        _bare(library, f"{ws}/stream", arrivals)
                        if kind == "bare"
                        else follow(library, ws, rest, Path(folder), arrivals)
                    )
                figures.append(arrivals.figures(list(stamps)) | {"rss_mb": rss_mb()})
    structlog.reset_defaults()
    even, bursts = (
        {
            library: _summary(runs[burst, library, "bare"], runs[burst, library, "daemon"])
            for library in libraries
        }
        for burst in (1, BURST)
    )
    return {
        "rounds": rounds,
        "rate": rate,
        "frames": frames - first,
        "transports": even,
        "in_bursts_of_10": bursts,
    }


def _summary(
    bare: list[dict[str, float]], daemon: list[dict[str, float]]
) -> dict[str, float | list[float]]:
    """Return the medians over the rounds."""

    def middle(runs: list[dict[str, float]], key: str) -> float:
        return round(statistics.median(run[key] for run in runs), 2)

    def over(key: str) -> list[float]:
        return [ours[key] - theirs[key] for ours, theirs in zip(daemon, bare, strict=True)]

    ratios = [ours["p99_us"] / theirs["p99_us"] for ours, theirs in zip(daemon, bare, strict=True)]
    cpu = [run["cpu_us_per_frame"] for run in daemon]
    return {
        "frames_per_second": middle(daemon, "frames_per_second"),
        "latency_p50_us": middle(daemon, "p50_us"),
        "latency_p99_us": middle(daemon, "p99_us"),
        "bare_p50_us": middle(bare, "p50_us"),
        "bare_p99_us": middle(bare, "p99_us"),
        "cpu_us_per_frame": middle(daemon, "cpu_us_per_frame"),
        "bare_cpu_us_per_frame": middle(bare, "cpu_us_per_frame"),
        "rss_mb": middle(daemon, "rss_mb"),
        "p50_over_bare_us": round(statistics.median(over("p50_us")), 2),
        "p99_over_bare_ratio": round(statistics.median(ratios), 3),
        "cpu_over_bare_us": round(statistics.median(over("cpu_us_per_frame")), 2),
        "cpu_us_per_frame_low_high": [round(min(cpu), 2), round(max(cpu), 2)],
    }


def text(result: dict[str, Any]) -> str:
    """Return the result for people."""
    rate, rounds = result["rate"], result["rounds"]
    lines = [f"{result['frames']:,} frames a run, {rate:,} a second, medians of {rounds} rounds"]
    for title, part in (("evenly", "transports"), (f"in bursts of {BURST}", "in_bursts_of_10")):
        lines.append(title)
        for library, row in result[part].items():
            speed, rss = row["frames_per_second"], row["rss_mb"]
            lines.append(f"  {library}: {speed:,.0f} frames/s, {rss:.0f} MB")
            for name, key in (
                ("p50", "latency_p50_us"),
                ("p99", "latency_p99_us"),
                ("processor", "cpu_us_per_frame"),
            ):
                bare = row[f"bare_{key.removeprefix('latency_')}"]
                lines.append(f"    {name:<10}{row[key]:>10,.1f} us, bare {bare:,.1f}")
    return "\n".join(lines)
