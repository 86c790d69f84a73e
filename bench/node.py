"""`bench node`: recorded bytes through the whole node, bytes in to decision out."""

import gc
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.measure import percentile
from bench.recorded import load
from market.inputs import Input
from node import Node, NodeConfig


def rss_mb() -> float:
    """Return the resident memory of this process in MB, the peak where /proc is missing."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 2**20


def streamed_rss_mb(sources: list[str]) -> float:
    """Return the resident memory in MB of a process that streams the sources through a node."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "bench.memory", *sources],
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
        start_new_session=True,  # of Ctrl-C only its parent hears, which then ends it
    )
    return float(done.stdout)


def run_node(sources: list[str], rounds: int = 5) -> dict[str, Any]:
    """Measure; returns what `crossquote bench node --json` prints. Raises BenchError.

    Throughput is measured without a clock in the loop, latency in rounds of their own.
    """
    inputs = load(sources, seconds=60)
    rates: list[float] = []
    times: list[int] = []
    events = 0
    for turn in range(rounds + 1):
        node, seconds = _throughput(inputs)
        events = node.events
        if turn:
            rates.append(len(inputs) / seconds)
    for _ in range(max(1, rounds // 2)):
        times += _latencies(inputs)
    times.sort()
    rates.sort()
    rate = rates[len(rates) // 2]
    return {
        "rounds": rounds,
        "inputs": len(inputs),
        "events": events,
        "p50_us": percentile(times, 0.5) / 1000,
        "p99_us": percentile(times, 0.99) / 1000,
        "p999_us": percentile(times, 0.999) / 1000,
        "inputs_per_second": round(rate),
        "events_per_second": round(rate * events / len(inputs)),
        "inputs_per_second_low_high": [round(rates[0]), round(rates[-1])],
        "rss_mb": streamed_rss_mb(sources),
        "rss_mb_with_inputs_in_memory": round(rss_mb(), 1),
    }


def _throughput(inputs: list[Input]) -> tuple[Node, float]:
    node = Node(NodeConfig(discover=True))
    handle = node.handle
    gc.collect()
    started = time.perf_counter()
    for item in inputs:
        handle(*item)
    return node, time.perf_counter() - started


def _latencies(inputs: list[Input]) -> list[int]:
    """Return ns from bytes in to decision out of each input, the timer's own cost included."""
    node = Node(NodeConfig(discover=True))
    handle = node.handle
    clock = time.perf_counter_ns
    out = []
    gc.collect()
    for item in inputs:
        started = clock()
        handle(*item)
        out.append(clock() - started)
    return out


def text(result: dict[str, Any]) -> str:
    """Return the result for people."""
    return (
        f"{result['inputs']:,} inputs, {result['events']:,} market events,"
        f" {result['rounds']} rounds\n"
        f"latency  p50 {result['p50_us']:.2f} us   p99 {result['p99_us']:.2f} us"
        f"   p99.9 {result['p999_us']:.2f} us\n"
        f"rate     {result['inputs_per_second']:,} inputs/s"
        f"   {result['events_per_second']:,} events/s\n"
        f"memory   {result['rss_mb']} MB for a process that streams the recording"
        f" ({result['rss_mb_with_inputs_in_memory']} MB for this one, which holds it)"
    )
