"""The metrics of a daemon for Prometheus: a collector, and the route that serves it."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from .metrics_feed import feed_families
from .metrics_process import latency_families, process_families
from .metrics_sheet import Sheet
from .metrics_source import Process
from .metrics_trading import trading_families

#: Lets a request in, or raises what is answered instead.
Admit = Callable[[web.Request], object]

#: Samples that are written before the event loop gets its turn: less than a millisecond.
SAMPLES_A_TURN = 50

_GROUPS: tuple[Callable[[Process, Sheet], Iterator[Metric]], ...] = (
    process_families,
    feed_families,
    trading_families,
    latency_families,
)


class DaemonCollector(Collector):
    """Reads a daemon, family by family; nothing is kept between two collections."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._seconds = 0.0

    def collect(self) -> Iterator[Metric]:
        """Yield every family. The time in between is the caller's."""
        sheet = Sheet()
        spent = 0.0
        for group in _GROUPS:
            families = group(self._process, sheet)
            while True:
                began = time.perf_counter()
                family = next(families, None)
                spent += time.perf_counter() - began
                if family is None:
                    break
                yield family
        yield sheet.gauge(
            "metrics_dropped_series",
            "series left out of this answer because their family had too many",
            ("family",),
            (((name,), count) for name, count in sheet.dropped.items()),
        )
        yield sheet.number(
            "metrics_collection_seconds",
            "time that reading the metrics took, the last time before this one",
            self._seconds,
        )
        self._seconds = spent

    def describe(self) -> Iterable[Metric]:
        """Promise nothing beforehand: a family is described when it is collected."""
        return ()


class _Part(Collector):
    """Some samples of a family, to be written out."""

    def __init__(self, family: Metric, first: int) -> None:
        self._part = Metric(family.name, family.documentation, family.type)
        self._part.samples = family.samples[first : first + SAMPLES_A_TURN]

    def collect(self) -> Iterable[Metric]:
        return (self._part,)


def written(family: Metric) -> Iterator[bytes]:
    """Yield a family in Prometheus' text format, at most SAMPLES_A_TURN samples at a time."""
    yield generate_latest(_Part(family, 0))
    for first in range(SAMPLES_A_TURN, len(family.samples), SAMPLES_A_TURN):
        # The two lines that describe the family stand above its first samples only.
        yield generate_latest(_Part(family, first)).split(b"\n", 2)[2]


class Metrics:
    """Serves GET /metrics. One answer is made at a time; a further one waits for it."""

    def __init__(self, process: Process) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(DaemonCollector(process))
        ProcessCollector(registry=self.registry)
        self._turn = asyncio.Lock()

    def mount(self, app: web.Application, admit: Admit | None = None) -> None:
        """Add the route to an application; `admit` raises for whom it does not let in."""

        async def answer(request: web.Request) -> web.Response:
            if admit is not None:
                admit(request)
            body = await self.text()
            return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

        app.router.add_get("/metrics", answer, allow_head=False)

    async def text(self) -> bytes:
        """Return all metrics as text.

        The event loop gets its turn again and again: frames do not wait for the whole answer.
        """
        parts = []
        async with self._turn:
            for family in self.registry.collect():
                for part in written(family):
                    parts.append(part)
                    await asyncio.sleep(0)
        return b"".join(parts)
