"""The plain twin of connectors.transport.gate."""

from collections.abc import Callable

_ANNOUNCEMENT_BYTES_MAX = 256


class PlainGate:
    """Twin of `FrameGate`."""

    def __init__(
        self,
        source: str,
        sink: Callable[[str, bytes, int], object],
        mark: bytes,
        late: Callable[[], object],
        announced: Callable[[], object],
    ) -> None:
        self.source = source
        self.frames = 0
        self.heard = 0
        self.over = False
        self._sink = sink
        self._mark = mark
        self._late = late
        self._announced = announced

    def on_frame(self, data: bytes, recv_ns: int) -> None:
        """Hand a frame on, unless the epoch is over."""
        if self.over:
            self._late()
            return
        self.frames += 1
        self.heard += 1
        self._sink(self.source, data, recv_ns)
        if self._mark and len(data) <= _ANNOUNCEMENT_BYTES_MAX and self._mark in data:
            self._announced()
