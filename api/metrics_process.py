"""What is measured of the process: inputs, queues, the event loop, recording, shared quotes."""

import os
from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from checkpoint import build
from market.probe import STAGES

from .metrics_sheet import Sheet
from .metrics_source import Process
from .order_stages import ORDER_STAGES


def process_families(process: Process, sheet: Sheet) -> Iterator[Metric]:
    """Yield the families of the process as a whole."""
    yield sheet.gauge(
        "build_info",
        "the version that runs; always 1",
        ("version",),
        [((build().version,), 1.0)],
    )
    yield from _node(process, sheet)
    yield from _recording(process, sheet)
    yield sheet.number(
        "shared_quotes_open",
        "whether the shared quote table is open, 1 also where none is wanted",
        float(process.publisher is not None or not process.wants_quotes),
    )
    yield sheet.number(
        "shared_quotes_left_out",
        "instruments that found no room in the shared quote table",
        process.publisher.left_out if process.publisher is not None else 0,
    )


def _node(process: Process, sheet: Sheet) -> Iterator[Metric]:
    node, clock = process.node, process.clock
    yield sheet.total("inputs", "inputs handled", node.inputs)
    yield sheet.total("market_events", "level changes, best quotes and trades", node.events)
    yield sheet.total("commands", "commands of users handled", node.commands)
    yield sheet.total("clock_steps", "steps of the wall clock", node.clock_steps)
    yield sheet.total(
        "traces_dropped",
        "notes about orders, and orders, that found no room to be traced",
        process.traces_dropped,
    )
    yield sheet.number(
        "clock_ahead_seconds",
        "how far our stamps are ahead of a wall clock that stepped back",
        clock.ahead_ns / 1e9,
    )
    queues = {"timers": len(node.timers), "unanswered_orders": process.stages.waiting}
    for name, feed in process.feeds.items():
        queues[f"{name}.rest"] = feed.rest.waiting
        queues[f"{name}.sends"] = sum(one.waiting for one in feed.connections.values())
    yield sheet.gauge(
        "queue_entries",
        "entries that wait in a queue",
        ("queue",),
        (((name,), size) for name, size in queues.items()),
    )


def _recording(process: Process, sheet: Sheet) -> Iterator[Metric]:
    recorder = process.recorder
    recording = recorder is not None and recorder.recording
    yield sheet.number(
        "recording_active",
        "whether every input is recorded, 1 also where no recording is wanted",
        float(recording or not process.wants_recording),
    )
    missed = recorder.counts.missed if recorder is not None else 0
    if recorder is None and process.wants_recording:
        missed = process.node.inputs
    yield sheet.total("recording_missed_inputs", "inputs that could not be recorded", missed)
    yield sheet.total(
        "recording_stops",
        "times recording stopped",
        recorder.counts.stops if recorder is not None else 0,
    )
    if recorder is not None:
        yield sheet.number(
            "recording_segment", "number of the segment being written", recorder.segment
        )
    free = _free_bytes(process.recording_folder) if process.wants_recording else None
    if free is not None:
        yield sheet.number("recording_disk_free_bytes", "room on the disk of the recording", free)


def _free_bytes(folder: str) -> int | None:
    """Return the room that is left where a folder is, None where it is not."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def latency_families(process: Process, sheet: Sheet) -> Iterator[Metric]:
    """Yield the histograms of latency."""
    frames = process.probe.venues if process.probe is not None else {}
    yield sheet.histogram(
        "stage_seconds",
        "time that a frame or an order spent in a stage; of frames one in so many is measured",
        ("venue", "stage"),
        (
            ((venue, stage), held)
            for names, by_venue in ((STAGES, frames), (ORDER_STAGES, process.stages.venues))
            for venue, rows in by_venue.items()
            for stage, held in zip(names, rows, strict=True)
        ),
    )
    yield sheet.number(
        "stage_sampling_frames",
        "of so many frames one is measured stage by stage, 0 where none is",
        process.probe.every if process.probe is not None else 0,
    )
    yield sheet.histogram(
        "event_loop_lag_seconds",
        "how late the event loop woke from short sleeps",
        (),
        [((), process.lag.histogram)],
    )
    yield sheet.number(
        "event_loop_lag_max_seconds",
        "the latest that the event loop woke since the start",
        process.lag.histogram.max / 1e9,
    )
