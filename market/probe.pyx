"""How long the stages of a frame take, measured on one frame of so many.

Nothing here reads a clock: the driver gives the probe one, and only the driver's frames are
measured. What is measured goes into histograms and never back to where decisions are made.
The plain twin is market.plain_probe.
"""

from libc.stdint cimport INT64_MIN
from libc.string cimport memset
from market.histogram cimport Histogram

#: What the stages are called, in their order.
STAGES = (
    "venue", "socket", "record", "decode", "book", "cache", "decision", "effects", "total",
)

#: The anchor while it is not known how stamps stand to ticks, and the lag where none is known.
UNKNOWN = INT64_MIN

cdef enum:
    # Connections have a new source with each opening: their rows are looked up again then.
    SOURCES_MAX = 256


cdef class Ticks:
    """Counts its readings in steps; a subclass at the edge reads a clock."""

    def __init__(self, int64_t step=1):
        self.value = 0
        self.step = step

    def now_ns(self):
        """Return the time."""
        return self.now()

    cdef int64_t now(self) noexcept nogil:
        """`now_ns` for compiled callers."""
        self.value += self.step
        return self.value


cdef class Probe:
    """Times the stages of every so many frames, by venue; see the `.pyi`."""

    def __init__(self, Ticks ticks not None, int every):
        if every < 1:
            raise ValueError(f"one of {every} frames cannot be measured")
        self.ticks = ticks
        self.every = self.left = every
        self.on = False
        self.anchor_ns = INT64_MIN
        self.venues = {}
        self.sources = {}

    def start(self, int64_t ts_recv):
        """A frame begins its way."""
        self.begin(ts_recv)
        return self.on

    def mark(self, int which):
        """A stage of the frame ends."""
        if not 0 <= which < STAGE_COUNT:
            raise IndexError(f"stage {which} of {STAGE_COUNT}")
        if self.on:
            self.lap(which)

    def end(self, str source not None, int64_t lag_ns=UNKNOWN):
        """The frame is through."""
        if self.on:
            self.finish(source, lag_ns)

    cdef void begin(self, int64_t ts_recv) noexcept nogil:
        """`start` for compiled callers, who look at `on` and call the others only then."""
        self.left -= 1
        self.on = self.left <= 0
        if not self.on:
            return
        self.left = self.every
        memset(self.spent, 0, sizeof(self.spent))
        self.last = self.ticks.now()
        self.received = self.last
        if self.anchor_ns != INT64_MIN:
            self.received = ts_recv - self.anchor_ns
            self.spent[STAGE_SOCKET] = self.last - self.received

    cdef void lap(self, int which) noexcept nogil:
        """`mark` for compiled callers: the time since the last mark was this stage's."""
        cdef int64_t now = self.ticks.now()
        self.spent[which] += now - self.last
        self.last = now

    cdef int finish(self, object source, int64_t lag) except -1:
        """`end` for compiled callers: a stage that took no time was not gone through."""
        cdef int which
        cdef list rows = self._rows(source)
        self.on = False
        self.spent[STAGE_TOTAL] = self.last - self.received
        if lag != INT64_MIN:
            (<Histogram>rows[STAGE_VENUE]).add(lag)
        for which in range(STAGE_SOCKET, STAGE_COUNT):
            if self.spent[which] > 0:
                (<Histogram>rows[which]).add(self.spent[which])
        return 0

    cdef list _rows(self, object source):
        """Return the histograms of a source's venue."""
        rows = self.sources.get(source)
        if rows is None:
            venue = source.partition(".")[0]
            rows = self.venues.get(venue)
            if rows is None:
                rows = self.venues[venue] = [Histogram() for _ in range(STAGE_COUNT)]
            if len(self.sources) >= SOURCES_MAX:
                self.sources.clear()
            self.sources[source] = rows
        return rows
