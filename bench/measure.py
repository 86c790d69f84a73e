"""Timing in interleaved rounds: noise hits all contestants alike, medians and ratios survive it."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Microseconds an operation: median and extremes over the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        """Summarise the rounds."""
        return cls(statistics.median(values), min(values), max(values))


def interleaved(
    contestants: Mapping[str, Callable[[], None]], operations: int, rounds: int
) -> dict[str, list[float]]:
    """Run each contestant once a round, in turn; returns microseconds an operation by round.

    A first round warms up and is not counted.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        for name, run in contestants.items():
            started = time.perf_counter_ns()
            run()
            spent = time.perf_counter_ns() - started
            if turn:
                times[name].append(spent / 1000 / operations)
    return times


def ratio(times: dict[str, list[float]], over: str, under: str) -> float:
    """Return the median over the rounds of one contestant's time over another's."""
    return statistics.median(a / b for a, b in zip(times[over], times[under], strict=True))


def percentile(values: list[int], share: float) -> int:
    """Return the value below which `share` of the sorted values lie."""
    return values[min(len(values) - 1, int(share * len(values)))]
