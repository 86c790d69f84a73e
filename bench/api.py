"""`bench api`: what clients of the stream cost the node, from the socket to the readable quote.

A venue process writes frames at a steady rate over loopback, as for `bench live`; in each round the
whole daemon runs once without clients, once with them, and once more with them while a connection
of the daemon's own loop asks /v1/quotes a hundred times a second: how long its answers take is
measured as well. The clients live in a process of their own and subscribe to quotes, books and
trades of every instrument.
"""

import gc
import logging
import multiprocessing
import resource
import statistics
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import structlog
import uvloop

from bench.api_clients import serve
from bench.live import FRAMES_MIN, RUN_S_MAX, Arrivals, venue
from bench.measure import percentile
from bench.recorded import BenchError
from sim.children import uninterrupted

CLIENTS = 100


@dataclass(slots=True)
class Run:
    """What came of one run: what clients received, how long answers took (ns, sorted), memory.

    `lost` are clients whose connection ended, `dropped` those of them that the daemon cut off.
    Memory is in MB: all that is resident at the end, and what is the process's own, without files
    that it has mapped, after a third of the frames and at the end.
    """

    messages: int = 0
    bytes: int = 0
    lost: int = 0
    dropped: int = 0
    answers: list[int] = field(default_factory=list)
    rss_mb: float = 0.0
    own_first_mb: float = 0.0
    own_last_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class Load:
    """Who uses the API: how many clients, how many of them never read, and whether it is asked."""

    clients: int = 0
    deaf: int = 0
    asked: bool = False


#: Runs a daemon with its API until every frame has arrived: WebSocket and REST address, a folder,
#: where each frame is noted, the clients' pipe, and who uses the API.
Follow = Callable[[str, str, Path, Arrivals, Pipe, Load], Coroutine[Any, Any, Run]]


def own_mb() -> float:
    """Return the resident memory of this process in MB that is no file's; Linux only."""
    words = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return (int(words[1]) - int(words[2])) * resource.getpagesize() / 2**20


@contextmanager
def clients() -> Iterator[Pipe]:
    """Start the clients' process; gives its pipe."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    with uninterrupted():
        process.start()
    try:
        yield ours
        ours.send(None)
        process.join(RUN_S_MAX)
    finally:
        process.kill()


def run_api(
    follow: Follow, rounds: int = 5, rate: int = 10_000, seconds: float = 4.0, count: int = CLIENTS
) -> dict[str, Any]:
    """Measure; returns what `crossquote bench api --json` prints. Raises BenchError.

    Figures are medians over the rounds; the ratio is the median of each round's own.
    """
    frames = round(rate * seconds)
    if frames < FRAMES_MIN:
        raise BenchError(f"{frames} frames a run say nothing; {FRAMES_MIN} are the least")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    loads = {
        "without": Load(),
        "with": Load(count),
        "asked": Load(count, asked=True),
    }
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in loads}
    with venue(rate, frames) as (pipe, stamps, ws, rest), clients() as theirs:
        for _ in range(rounds):
            for name, load in loads.items():
                arrivals = Arrivals(frames, frames // 3)
                with tempfile.TemporaryDirectory(prefix="crossquote-bench-") as folder:
                    pipe.send(1)
                    gc.collect()
                    run = uvloop.run(follow(ws, rest, Path(folder), arrivals, theirs, load))
                runs[name].append(_figures(arrivals.figures(list(stamps)), run))
    structlog.reset_defaults()
    return {"rounds": rounds, "rate": rate, "frames": frames, "clients": count} | _summary(runs)


def _figures(found: dict[str, float], run: Run) -> dict[str, float]:
    """Return the figures of one run."""
    return found | {
        "messages": run.messages,
        "bytes": run.bytes,
        "lost": run.lost,
        "answer_p50_us": percentile(run.answers, 0.5) / 1000 if run.answers else 0.0,
        "answer_p99_us": percentile(run.answers, 0.99) / 1000 if run.answers else 0.0,
        "rss_mb": run.rss_mb,
    }


def _summary(runs: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Return medians of each kind of run, and of the ratios of those with clients to those without.

    What clients cost is told of the runs in which nobody asks.
    """
    without, served = runs["without"], runs["with"]
    keys = ("p50_us", "p99_us", "cpu_us_per_frame", "answer_p50_us", "answer_p99_us", "rss_mb")
    found: dict[str, Any] = {
        name: {key: _middle(figures, key) for key in keys} for name, figures in runs.items()
    }
    for key in ("p50", "p99"):
        found[f"{key}_ratios"] = [
            round(one[f"{key}_us"] / other[f"{key}_us"], 3)
            for one, other in zip(served, without, strict=True)
        ]
        found[f"{key}_ratio"] = round(statistics.median(found[f"{key}_ratios"]), 3)
    return found | {
        "messages": _middle(served, "messages"),
        "megabytes": round(_middle(served, "bytes") / 1e6, 1),
        "lost": sum(one["lost"] for one in served + runs["asked"]),
    }


def _middle(runs: list[dict[str, float]], key: str) -> float:
    return round(statistics.median(run[key] for run in runs), 2)


def text(result: dict[str, Any]) -> str:
    """Return the result for people."""
    lines = [
        (
            f"{result['frames']:,} frames a run, {result['rate']:,} a second, medians of"
            f" {result['rounds']} rounds; {result['clients']} clients got"
            f" {result['messages']:,.0f} messages, {result['lost']} were lost"
        ),
        f"  {'':<12}{'p50 us':>10}{'p99 us':>10}{'cpu us':>10}{'answer p99 us':>16}{'MB':>8}",
    ]
    for name in ("without", "with", "asked"):
        row = result[name]
        lines.append(
            f"  {name:<12}{row['p50_us']:>10,.1f}{row['p99_us']:>10,.1f}"
            f"{row['cpu_us_per_frame']:>10,.1f}{row['answer_p99_us']:>16,.1f}{row['rss_mb']:>8,.0f}"
        )
    for key in ("p50", "p99"):
        ratios = ", ".join(f"{one:.2f}" for one in result[f"{key}_ratios"])
        lines.append(f"  {key} with over without: {result[f'{key}_ratio']:.2f} ({ratios})")
    return "\n".join(lines)
