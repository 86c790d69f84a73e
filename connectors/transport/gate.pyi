from collections.abc import Callable

class FrameGate:
    """Where the frames of one epoch pass: `sink(source, data, recv_ns)` gets each.

    `frames` were handed on, `heard` counts signs of life and is the caller's too. Once `over` is
    set nothing passes and `late` is called instead. After a frame of at most 256 bytes which
    contains `mark` (empty: none does) `announced` is called.
    """

    source: str
    frames: int
    heard: int
    over: bool
    def __init__(
        self,
        source: str,
        sink: Callable[[str, bytes, int], object],
        mark: bytes,
        late: Callable[[], object],
        announced: Callable[[], object],
    ) -> None: ...
    def on_frame(self, data: bytes, recv_ns: int) -> None:
        """Hand a frame on, unless the epoch is over. Raises what the sink raises."""
