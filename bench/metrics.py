"""`bench metrics`: what measuring costs a frame, and what an answer of /metrics costs the loop."""

import asyncio
import gc
import statistics
import time
from types import SimpleNamespace
from typing import Any, cast

from api.metrics import Metrics
from api.metrics_source import Process
from api.order_stages import OrderStages
from bench.recorded import load
from connectors.transport.clock import StampClock
from connectors.transport.counters import Counters
from connectors.transport.ticks import MonotonicTicks
from market.histogram import Histogram
from market.inputs import Input, InputKind
from market.probe import Probe
from node import Node, NodeConfig
from replay.frame_path import FramePath

SECONDS = 60
ROUNDS = 24

#: One frame of so many is measured, by contestant; 0 is no probe at all. The second `none` says
#: what a difference of nothing looks like.
CONTESTANTS = {"none": 0, "none again": 0, "every 17": 17, "every frame": 1}


def run_metrics(sources: list[str], rounds: int = ROUNDS) -> dict[str, Any]:
    """Measure; returns what `crossquote bench metrics --json` prints. Raises BenchError.

    Processor time of this thread, in rounds in which each contestant takes every frame once, on a
    node of its own; a first round warms up.
    """
    inputs = load(sources, seconds=SECONDS)
    frames = sum(item.kind is InputKind.FRAME for item in inputs)
    times: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    probe = Probe(MonotonicTicks(), 1)
    names = list(CONTESTANTS)
    for turn in range(rounds + 1):
        # Whoever comes first in a round finds other caches: they take turns at it.
        names.append(names.pop(0))
        for name in names:
            spent, used = _driven(inputs, CONTESTANTS[name])
            if turn:
                times[name].append(spent / frames)
            probe = used or probe
    return {
        "rounds": rounds,
        "frames": frames,
        "ns_per_frame": {name: _spread(found) for name, found in times.items()},
        "added_ns_per_frame": {
            name: _spread([a - b for a, b in zip(times[name], times["none"], strict=True)])
            for name in CONTESTANTS
            if name != "none"
        },
        "answer": asyncio.run(_answer(inputs, probe)),
    }


def _driven(inputs: list[Input], every: int) -> tuple[int, Probe | None]:
    """Return the ns that a fresh node took for all inputs, and the probe."""
    path = FramePath(Node(NodeConfig(discover=True)), _nothing, _nothing)
    probe = None
    if every:
        probe = Probe(MonotonicTicks(), every)
        path.probe_with(probe)
    gc.collect()
    started = time.thread_time_ns()
    _drive(path, inputs)
    return time.thread_time_ns() - started, probe


def _drive(path: FramePath, inputs: list[Input]) -> None:
    frame, feed = path.frame, path.feed
    for item in inputs:
        if item.kind is InputKind.FRAME:
            frame(item.source, item.data, item.ts_recv)
        else:
            feed(item)


def _nothing(*_: object) -> None:
    """Effects and timers lead nowhere here."""


async def _answer(inputs: list[Input], probe: Probe) -> dict[str, Any]:
    """Return what an answer of /metrics takes, and the longest that the loop waits for one part."""
    node = Node(NodeConfig(discover=True))
    _drive(FramePath(node, _nothing, _nothing), inputs)
    clock = StampClock()
    process = SimpleNamespace(
        node=node,
        feeds={},
        counters=Counters(),
        started_ns=0,
        clock=clock,
        lag=SimpleNamespace(histogram=Histogram(), turned_ns=0),
        recorder=None,
        publisher=None,
        probe=probe,
        stages=OrderStages(node.instruments, clock.now_ns),
        traces_dropped=0,
        wants_recording=False,
        recording_folder="",
        wants_quotes=False,
    )
    metrics = Metrics(cast("Process", process))
    longest, stopped = 0.0, asyncio.Event()

    async def turn() -> None:
        nonlocal longest
        while not stopped.is_set():
            began = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - began)

    await metrics.text()
    turning = asyncio.ensure_future(turn())
    began = time.thread_time()
    text = await metrics.text()
    whole = time.thread_time() - began
    stopped.set()
    await turning
    return {
        "bytes": len(text),
        "samples": sum(not line.startswith(b"#") for line in text.splitlines()),
        "whole_ms": round(whole * 1e3, 2),
        "longest_turn_ms": round(longest * 1e3, 2),
    }


def _spread(found: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(found), 1),
        "low": round(min(found), 1),
        "high": round(max(found), 1),
    }


def text(result: dict[str, Any]) -> str:
    """Return the result for people."""
    lines = [f"{result['frames']:,} frames, {result['rounds']} rounds, processor time of a frame"]
    for name, found in result["ns_per_frame"].items():
        lines.append(f"{name:<12} {found['median']:>9,.1f} ns")
        added = result["added_ns_per_frame"].get(name)
        if added:
            low, high = added["low"], added["high"]
            lines[-1] += f"   {added['median']:+8.1f} ns ({low:+.1f} to {high:+.1f})"
    said = result["answer"]
    lines.append(
        f"an answer of /metrics: {said['samples']:,} samples, {said['bytes']:,} bytes,"
        f" {said['whole_ms']} ms, the loop waits {said['longest_turn_ms']} ms at most"
    )
    return "\n".join(lines)
