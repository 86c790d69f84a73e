from market.histogram import Histogram

STAGES: tuple[str, ...]
UNKNOWN: int

class Ticks:
    """Counts its readings in steps: time for tests. Subclasses at the edge read a clock."""

    def __init__(self, step: int = 1) -> None: ...
    def now_ns(self) -> int:
        """Return the time, ns from any beginning; never less than before."""

class Probe:
    """Times the stages of one of `every` frames, into a histogram (ns) a venue and stage.

    `venues` holds them by the venue's name, in the order of STAGES. `venue` is how late the
    venue's data came by its own clock, `socket` from the receive stamp to the first mark, `total`
    from the receive stamp to the end; the others are what was marked. `anchor_ns` is the stamps'
    time minus the ticks', UNKNOWN where that is not to be had: then there is no `socket`, and
    `total` begins where the frame's way does. ValueError for `every` below 1.
    """

    every: int
    on: bool
    anchor_ns: int
    venues: dict[str, list[Histogram]]
    def __init__(self, ticks: Ticks, every: int) -> None: ...
    def start(self, ts_recv: int) -> bool:
        """A frame begins its way; returns whether it is measured."""
    def mark(self, which: int) -> None:
        """The time since the last mark was this stage's; IndexError for none of STAGES."""
    def end(self, source: str, lag_ns: int = ...) -> None:
        """The frame of a source is through; `lag_ns` is the venue's, UNKNOWN for none."""
