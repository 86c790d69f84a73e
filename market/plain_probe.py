"""The plain twin of market.probe."""

from .histogram import Histogram
from .probe import STAGES, UNKNOWN, Ticks

_SOCKET, _TOTAL = STAGES.index("socket"), STAGES.index("total")


class PlainProbe:
    """Twin of `Probe`."""

    def __init__(self, ticks: Ticks, every: int) -> None:
        if every < 1:
            raise ValueError(f"one of {every} frames cannot be measured")
        self.every = every
        self.on = False
        self.anchor_ns = UNKNOWN
        self.venues: dict[str, list[Histogram]] = {}
        self._ticks = ticks
        self._frames = 0
        self._received = self._last = 0
        self._spent: dict[int, int] = {}

    def start(self, ts_recv: int) -> bool:
        """A frame begins its way; returns whether it is measured."""
        self._frames += 1
        self.on = self._frames % self.every == 0
        if self.on:
            self._spent = {}
            self._last = self._received = self._ticks.now_ns()
            if self.anchor_ns != UNKNOWN:
                self._received = ts_recv - self.anchor_ns
                self._spent[_SOCKET] = self._last - self._received
        return self.on

    def mark(self, which: int) -> None:
        """The time since the last mark was this stage's."""
        if not 0 <= which < len(STAGES):
            raise IndexError(f"stage {which} of {len(STAGES)}")
        if self.on:
            now = self._ticks.now_ns()
            self._spent[which] = self._spent.get(which, 0) + now - self._last
            self._last = now

    def end(self, source: str, lag_ns: int = UNKNOWN) -> None:
        """The frame of a source is through."""
        if not self.on:
            return
        self.on = False
        venue = source.partition(".")[0]
        rows = self.venues.setdefault(venue, [Histogram() for _ in STAGES])
        self._spent[_TOTAL] = self._last - self._received
        if lag_ns != UNKNOWN:
            rows[0].observe(lag_ns)
        for which, spent in self._spent.items():
            if which and spent > 0:
                rows[which].observe(spent)
