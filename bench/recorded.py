"""Inputs for the benchmarks: a given recording, or the generated one."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from market.inputs import Input, InputKind
from replay.source import Recorded, merged
from sim.recording import write_recording


class BenchError(Exception):
    """The benchmark cannot run as asked; the message says why."""


def load(specs: list[str], seconds: int) -> list[Input]:
    """Return the inputs of `VENUE=PATH[,PATH…]` sources, or of a generated recording.

    Raises BenchError for a source that is not there.
    """
    return list(stream(specs, seconds))


def stream(specs: list[str], seconds: int) -> Iterator[Input]:
    """Yield what `load` returns, a line at a time."""
    if specs:
        yield from merged([_recorded(spec) for spec in specs])
        return
    with tempfile.TemporaryDirectory() as folder:
        write_recording(Path(folder), seed=1, seconds=seconds)
        found = sorted(Path(folder).glob("*.jsonl.zst"))
        yield from merged([Recorded(path.name.split(".")[0].lower(), [path]) for path in found])


def _recorded(spec: str) -> Recorded:
    name, _, paths = spec.partition("=")
    try:
        return Recorded(name, [Path(path) for path in paths.split(",")])
    except (OSError, ValueError) as error:
        raise BenchError(f"--source {spec}: {error}") from error


def depth_frames(inputs: list[Input], symbol: bytes) -> tuple[list[bytes], bytes]:
    """Return the diffs of one Binance symbol and its first snapshot.

    Raises BenchError where the recording lacks either.
    """
    diffs = [
        one.data
        for one in inputs
        if one.kind is InputKind.FRAME
        and b'"depthUpdate"' in one.data[:160]
        and b'"s":"' + symbol + b'"' in one.data[:200]
    ]
    snapshots = [
        one.data
        for one in inputs
        if one.kind is InputKind.REPLY
        and "depth" in one.note
        and f"symbol={symbol.decode()}" in one.note
    ]
    if not diffs or not snapshots:
        raise BenchError(f"the recording holds no diffs or no snapshot of {symbol.decode()}")
    return diffs, snapshots[0]
