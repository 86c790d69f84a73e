"""Days of feed in one process, and what they do to its memory."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from resource import getpagesize

from sim.market.seeded import seeded

from . import faults
from .course import Course, Result
from .faults import HOUR_NS
from .stage import Stage

VENUES = ("binance", "coinbase")
_ROLLOVER_S = 6 * 3600.0
#: Which makes about 20 frames a second a venue.
_ACTIONS_PER_S = 5.4
#: The first part of a soak fills what is bounded: histories, the ledger, the allocator's pools.
_WARM_UP = 4
LONG_HOURS = 12
#: Bytes and objects a virtual hour: more than this in a long soak is a leak.
SLOPE_MAX = 200_000
OBJECTS_SLOPE_MAX = 500


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process held after so many virtual hours."""

    hour: float
    inputs: int
    resident_bytes: int
    objects: int


@dataclass(frozen=True, slots=True)
class Soak:
    """What came of a soak. Slopes are a virtual hour's growth over the later three quarters."""

    result: Result
    samples: list[Sample]
    resident_slope: float
    objects_slope: float

    @property
    def ok(self) -> bool:
        """Whether every promise was kept and the memory stays where it is."""
        grows = self.resident_slope > SLOPE_MAX or self.objects_slope > OBJECTS_SLOPE_MAX
        return self.result.ok and not (self.long and grows)

    @property
    def long(self) -> bool:
        """Whether it took long enough for a slope to mean anything."""
        return bool(self.samples) and self.samples[-1].hour >= LONG_HOURS


def soak(seed: int, until_ns: int, progress: Callable[[Sample], None]) -> Soak:
    """Run two venues until a virtual time, with one fault an hour.

    `progress` is told of a sample every quarter of an hour, or of the whole where that is shorter.
    """
    plan = faults.one_an_hour(seeded(seed, "soak"), VENUES, until_ns)
    stage = Stage(seed, Course(VENUES, plan, [], _ROLLOVER_S, until_ns, _ACTIONS_PER_S))
    samples: list[Sample] = []
    every_ns = min(HOUR_NS, until_ns) // 4

    def take() -> None:
        gc.collect()
        sample = Sample(
            stage.loop.now_ns / HOUR_NS, stage.result.inputs, _resident(), len(gc.get_objects())
        )
        samples.append(sample)
        progress(sample)
        stage.loop.call_later(every_ns / 1e9, take)

    stage.loop.call_later(every_ns / 1e9, take)
    result = stage.play()
    late = samples[len(samples) // _WARM_UP :]
    return Soak(
        result,
        samples,
        slope([(one.hour, one.resident_bytes) for one in late]),
        slope([(one.hour, one.objects) for one in late]),
    )


def slope(points: list[tuple[float, int]]) -> float:
    """Return the least-squares slope of some points, 0 for less than two."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / max(1, count)
    mean_y = sum(y for _, y in points) / max(1, count)
    square = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / square if square else 0.0


def _resident() -> int:
    """Return the resident memory of this process in bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * getpagesize()
