"""The generated market, seen as the recordings are: on the wire, by a client of both venues."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from replay.source import Recorded, merged
from sim.market.spec import WorldSpec
from sim.recording import write_recording

from .observer import Observer, Seen


def observe_generated(
    spec: WorldSpec, seed: int, seconds: int, progress: Callable[[int], None] | None = None
) -> dict[str, Seen]:
    """Return what so many virtual seconds of a world show. OSError without room for temp files."""
    with tempfile.TemporaryDirectory() as folder:
        files = write_recording(Path(folder), seed, seconds, progress=progress, spec=spec)
        sources = [
            Recorded(name, [file.path])
            for name, file in zip(("binance", "coinbase"), files, strict=True)
        ]
        return Observer().run(merged(sources))
