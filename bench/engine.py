"""Benchmark of the matching engine: one call an order, batches, scaling, memory, and peers."""

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from bench.engine_flow import Flow, funded_engine, make_flow
from bench.engine_journal import SECONDS, run_journal
from bench.engine_peers import run_peers
from engine.code import Op
from engine.core import Engine, checksum
from engine.record import Command

DRAIN_EVERY = 1024
CHUNK_COMMANDS = 512
CHUNK = CHUNK_COMMANDS * 72

Call = tuple[Callable[..., int], tuple[int, ...]]


def bound_calls(engine: Engine, commands: Sequence[Command]) -> list[Call]:
    """Return each command as a bound method and its arguments."""
    methods: dict[int, Callable[..., int]] = {
        Op.NEW: engine.new,
        Op.CANCEL: engine.cancel,
        Op.REPLACE: engine.replace,
    }
    return [(methods[command.op], _arguments(command)) for command in commands]


def _arguments(command: Command) -> tuple[int, ...]:
    if command.op == Op.CANCEL:
        return (command.id,)
    if command.op == Op.REPLACE:
        return command.id, command.price, command.qty
    order = (0, command.id, command.account, command.side, command.price, command.qty)
    return (*order, 0, command.tif) if command.tif else order


def filled_engine(flow: Flow, engine: Engine | None = None) -> Engine:
    """Return an engine, a given one perhaps, whose book the flow's first part has filled."""
    engine = engine or funded_engine()
    fill(engine, flow.fill_records)
    return engine


def fill(engine: Engine, records: bytes) -> None:
    """Run commands of which the events are of no interest, however many."""
    view = memoryview(records)
    while view:
        view = view[72 * engine.batch(view) :]
        engine.clear()


def time_calls(flow: Flow) -> float:
    """Return orders a second, one call each; events are drained and checksummed within."""
    engine = filled_engine(flow)
    calls = bound_calls(engine, flow.timed)
    slices = [calls[at : at + DRAIN_EVERY] for at in range(0, len(calls), DRAIN_EVERY)]
    gc.disable()
    begin = time.perf_counter()
    for part in slices:
        for method, arguments in part:
            method(*arguments)
        checksum(engine)
        engine.clear()
    seconds = time.perf_counter() - begin
    gc.enable()
    return len(calls) / seconds


def time_each_call(flow: Flow, engine: Engine | None = None) -> tuple[list[int], list[int]]:
    """Return the ns of each call, and of as many empty pairs of timer readings."""
    engine = filled_engine(flow, engine)
    calls = bound_calls(engine, flow.timed)
    timer = time.perf_counter_ns
    spent: list[int] = [0] * len(calls)
    idle: list[int] = [0] * len(calls)
    gc.disable()
    for place, (method, arguments) in enumerate(calls):
        begin = timer()
        method(*arguments)
        spent[place] = timer() - begin
        if not place % DRAIN_EVERY:
            engine.clear()
        begin = timer()
        idle[place] = timer() - begin
    gc.enable()
    return sorted(spent), sorted(idle)


def time_batch(flow: Flow) -> float:
    """Return orders a second in batches of 512; events are drained and checksummed within."""
    engine = filled_engine(flow)
    view = memoryview(flow.timed_records)
    chunks = [view[at : at + CHUNK] for at in range(0, len(view), CHUNK)]
    begin = time.perf_counter()
    for chunk in chunks:
        engine.batch(chunk)
        checksum(engine)
        engine.clear()
    return len(view) / 72 / (time.perf_counter() - begin)


def _at(ordered: Sequence[int], part: float) -> int:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def measure_calls(flow: Flow, rounds: int) -> dict[str, object]:
    """Return the latencies of single calls, net of the timer: medians over rounds."""
    percentiles: dict[str, list[int]] = {name: [] for name in ("p50", "p99", "p999", "idle")}
    timers: list[int] = []
    for _ in range(rounds):
        spent, idle = time_each_call(flow)
        timer = _at(idle, 0.5)
        timers.append(timer)
        for name, part in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999)):
            percentiles[name].append(_at(spent, part) - timer)
        percentiles["idle"].append(_at(idle, 0.999) - timer)
    middle = {name: statistics.median(values) for name, values in percentiles.items()}
    return {
        "p50_ns": middle["p50"],
        "p99_ns": middle["p99"],
        "p999_ns": middle["p999"],
        "timer_ns": statistics.median(timers),
        "idle_p999_ns": middle["idle"],
    }


def measure_scaling(count: int, rounds: int, *, quick: bool) -> list[dict[str, object]]:
    """Return ns an order over growing books, in interleaved rounds: by orders, by levels, by both.

    All are compared with the first, so that the last one is a thousand times the orders and five
    hundred times the levels at once.
    """
    shapes = [(1_000, 200), (10_000, 200), (100_000, 200), (1_000_000, 200)]
    shapes += [(1_000_000, 10), (1_000_000, 1_000), (1_000_000, 10_000), (1_000_000, 100_000)]
    if quick:
        shapes = [(1_000, 200), (10_000, 10), (20_000, 2_000)]
    flows = {shape: make_flow(7, count, *shape) for shape in shapes}
    calls: dict[tuple[int, int], list[float]] = {shape: [] for shape in shapes}
    batches: dict[tuple[int, int], list[float]] = {shape: [] for shape in shapes}
    for _ in range(rounds):
        for shape, flow in flows.items():
            calls[shape].append(1e9 / time_calls(flow))
            batches[shape].append(1e9 / time_batch(flow))
    return [
        {
            "resting": shape[0],
            **measure_book(flow),
            "ns_per_call": round(statistics.median(calls[shape]), 1),
            "ns_batch": round(statistics.median(batches[shape]), 1),
            "times_first_per_call": _times(calls[shape], calls[shapes[0]]),
            "times_first_batch": _times(batches[shape], batches[shapes[0]]),
        }
        for shape, flow in flows.items()
    ]


def _times(values: Sequence[float], first: Sequence[float]) -> float:
    """Return the median over rounds of how many times the first book's time was needed."""
    return round(statistics.median(a / b for a, b in zip(values, first, strict=True)), 2)


def measure_book(flow: Flow) -> dict[str, object]:
    """Return a filled book's levels and memory, and the nodes that an order visits."""
    engine = filled_engine(flow)
    visited, filled = engine.visited_nodes, engine.memory_bytes / engine.open_count
    count = engine.batch(flow.timed_records)
    return {
        "levels": sum(len(engine.depth(0, side, engine.open_count)) for side in (0, 1)),
        "nodes_per_order": round((engine.visited_nodes - visited) / count, 2),
        "bytes_per_resting_order": round(filled, 1),
    }


def run_engine(
    *, seed: int = 1, count: int = 200_000, rounds: int = 7, peers: bool = True, quick: bool = False
) -> dict[str, object]:
    """Measure everything; `quick` is a small run that only shows that it works."""
    if quick:
        count, rounds = min(count, 5_000), min(rounds, 2)
    flow = make_flow(seed, count, 10_000, 200)
    calls, batches = [], []
    for _ in range(rounds):
        calls.append(time_calls(flow))
        batches.append(time_batch(flow))
    engine = filled_engine(flow)
    per_call = {"orders_per_second": round(statistics.median(calls)), **measure_calls(flow, rounds)}
    return {
        "commands": count,
        "rounds": rounds,
        "per_call": per_call,
        "per_call_spread": [round(min(calls)), round(max(calls))],
        "batch": {"orders_per_second": round(statistics.median(batches))},
        "batch_spread": [round(min(batches)), round(max(batches))],
        "journal": run_journal(flow, rounds, time_each_call, seconds=1.0 if quick else SECONDS),
        "bytes_per_resting_order": round(engine.memory_bytes / engine.open_count, 1),
        "scaling": measure_scaling(count, max(1, rounds // 2), quick=quick),
        "peers": (
            run_peers(flow, rounds, statistics.median(calls), statistics.median(batches))
            if peers
            else {}
        ),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args(argv)
    figures = run_engine(
        seed=args.seed,
        count=args.count,
        rounds=args.rounds,
        peers=not args.no_peers,
        quick=args.quick,
    )
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
