from .segment_core import RecordLog

class InputLog:
    """Adds inputs of declared sources to a log: what nearly every input of a recording is.

    `sources` are the numbers that the log's segment knows sources by, and `ts_ns` is the receive
    time of the newest input added.
    """

    sources: dict[str, int]
    ts_ns: int
    def __init__(self) -> None: ...
    def open(self, log: RecordLog) -> None:
        """Go on in `log`."""
    def close(self) -> None:
        """Add nothing any more, until it is opened again."""
    def append(self, kind: int, ts_ns: int, source: str, data: bytes, digest: int) -> bool:
        """Add one input without note and number; False when that takes more than a copy.

        It is False, and nothing was added, while closed, for a source that is not declared, for a
        reserved kind, and where the segment has no room. OverflowError for a number out of range.
        """
