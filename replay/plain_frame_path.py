"""The plain twin of replay.frame_path."""

from collections.abc import Callable
from typing import Any, Protocol

from cache.plain_intake import FrameNode
from market.effects import Effect
from market.inputs import Input, InputKind
from market.instrument import Instrument
from market.timers import NEVER

CarryOut = Callable[[list[Effect]], None]


class DrivenNode(FrameNode, Protocol):
    """What whoever drives a node uses of it."""

    instruments: list[Instrument]

    def handle(
        self,
        ts_recv: int,
        kind: int,
        source: str,
        data: bytes = b"",
        note: str = "",
        number: int = 0,
    ) -> list[Effect]:
        """Take one input; returns its effects."""


class PlainFramePath:
    """Twin of `FramePath`."""

    def __init__(self, node: DrivenNode, carry_out: CarryOut, arm: Callable[[], None]) -> None:
        self.wake_ns = NEVER
        self._node = node
        self._carry_out = carry_out
        self._arm = arm
        self._recorder: Any = None
        self._publisher: Any = None

    def record_with(self, recorder: Any) -> None:
        """Record every input from now on."""
        self._recorder = recorder

    def publish_with(self, publisher: Any) -> None:
        """Publish every touch from now on."""
        self._publisher = publisher

    def frame(self, source: str, data: bytes, ts_recv: int) -> None:
        """Take a frame that arrived at `ts_recv`, ns since the epoch."""
        self.feed(Input(ts_recv, InputKind.FRAME, source, data))

    def feed(self, item: Input) -> None:
        """Take any input."""
        node = self._node
        if self._recorder is not None:
            self._recorder.record(*item, digest_before=int(node.digest))
        effects = node.handle(*item)
        if effects:
            self._carry_out(effects)
        for slot in node.touched:
            if self._publisher is not None:
                book, instrument = node.books[slot], node.instruments[slot]
                self._publisher.touch(slot, book, instrument, node.l1, node.now)
        node.touched.clear()
        if node.timers.next_ns < self.wake_ns:
            self._arm()
