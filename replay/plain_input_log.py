"""The plain twin of replay.input_log."""

from .native_format import PREFIX
from .segment_plain import PlainLog


class PlainInputLog:
    """Twin of `InputLog`, over a PlainLog that nobody makes room in."""

    def __init__(self) -> None:
        self.sources: dict[str, int] = {}
        self.ts_ns = 0
        self._log: PlainLog | None = None

    def open(self, log: PlainLog) -> None:
        """Go on in `log`."""
        self._log = log

    def close(self) -> None:
        """Add nothing any more, until it is opened again."""
        self._log = None

    def append(self, kind: int, ts_ns: int, source: str, data: bytes, digest: int) -> bool:
        """Add one input without note and number; False when that takes more than a copy."""
        if self._log is None or source not in self.sources:
            return False
        try:
            self._log.append(kind, ts_ns, PREFIX.pack(digest, 0, self.sources[source], 0) + data)
        except ValueError:
            return False
        self.ts_ns = ts_ns
        return True
