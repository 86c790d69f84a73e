"""What a journal costs the engine: events a second, and the median latency of one call."""

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from bench.engine_flow import Flow, open_accounts
from engine.core import checksum
from replay.engine_journal import EngineJournal
from replay.engine_journaled import JournaledEngine

SECONDS = 10.0
CHUNK = 512 * 72
#: Batches of 512 commands between two flushes with sync "disk".
FLUSH_EVERY = 16
SEGMENT_BYTES = 256 << 20
RETAIN_BYTES = 2 * SEGMENT_BYTES


@contextmanager
def journaled_engine(
    directory: Path, sync: Literal["process", "disk"]
) -> Iterator[JournaledEngine]:
    """Give an engine with a journal in a directory of its own, deleted afterwards."""
    with (
        tempfile.TemporaryDirectory(dir=directory) as folder,
        EngineJournal(
            Path(folder), sync=sync, segment_bytes=SEGMENT_BYTES, retain_bytes=RETAIN_BYTES
        ) as journal,
    ):
        open_accounts(journal.engine)
        yield journal.engine


def sustained(
    flow: Flow, directory: Path, sync: Literal["process", "disk"], seconds: float
) -> dict[str, float]:
    """Return events and orders a second over a run in batches, all drained and checksummed.

    The flow is run over and over: between two passes all orders are cancelled and the book is
    filled again, journalled and timed like all else.
    """
    fill = flow.fill_records
    view = memoryview(flow.timed_records)
    chunks = [view[at : at + CHUNK] for at in range(0, len(view), CHUNK)]
    every = FLUSH_EVERY if sync == "disk" else 1
    commands = 0
    with journaled_engine(directory, sync) as engine:
        first, begin = engine.sequence, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            commands += engine.batch(fill)
            for place, chunk in enumerate(chunks, 1):
                commands += engine.batch(chunk)
                if place % every == 0:
                    checksum(engine)
                    engine.clear()
            checksum(engine)
            engine.clear()
            _empty(engine)
        spent = time.perf_counter() - begin
        events = engine.sequence - first
    return {"events_per_second": events / spent, "commands_per_second": commands / spent}


def _empty(engine: JournaledEngine) -> None:
    for account in range(1, 101):
        engine.cancel_all(0, account)
    checksum(engine)
    engine.clear()


def run_journal(
    flow: Flow,
    rounds: int,
    each_call: Callable[..., tuple[list[int], list[int]]],
    *,
    seconds: float = SECONDS,
) -> dict[str, object]:
    """Measure the journal on the temporary directory's file system; latencies are interleaved."""
    directory = Path(tempfile.gettempdir())
    with_log: list[int] = []
    without: list[int] = []
    for _ in range(rounds):
        spent, idle = each_call(flow, None)
        without.append(spent[len(spent) // 2] - idle[len(idle) // 2])
        with journaled_engine(directory, "process") as engine:
            spent, idle = each_call(flow, engine)
        with_log.append(spent[len(spent) // 2] - idle[len(idle) // 2])
    gc.collect()
    process = sustained(flow, directory, "process", seconds)
    disk = sustained(flow, directory, "disk", seconds)
    return {
        "events_per_second": round(process["events_per_second"]),
        "commands_per_second": round(process["commands_per_second"]),
        "p50_ns": statistics.median(with_log),
        "p50_ns_without": statistics.median(without),
        "times_slower": round(
            statistics.median(a / b for a, b in zip(with_log, without, strict=True)), 2
        ),
        "disk_events_per_second": round(disk["events_per_second"]),
        "disk_commands_a_flush": FLUSH_EVERY * CHUNK // 72,
        "seconds": seconds,
    }
