"""A frame's way through the daemon in one compiled call: recorded, handled, published.

The plain twin is replay.plain_frame_path.
"""

from cache.intake cimport Intake
from cache.l1 cimport L1
from cache.publisher cimport Publisher
from libc.stdint cimport int64_t
from market.digest cimport Digest
from market.probe cimport STAGE_CACHE, STAGE_EFFECTS, STAGE_RECORD, Probe
from replay.input_log cimport InputLog

from market.inputs import InputKind
from market.probe import UNKNOWN
from market.timers import NEVER

cdef int _FRAME = InputKind.FRAME


cdef class FramePath:
    """Takes the inputs of one node and sees to what follows from them; see the `.pyi`."""

    def __init__(self, node, carry_out, arm):
        self.node = node
        self.timers = node.timers
        self.carry_out = carry_out
        self.arm = arm
        self.intake = Intake(node)
        self.intake.direct = True
        self.digest = node.digest
        self.l1 = node.l1
        self.books = node.books
        self.instruments = node.instruments
        self.touched = node.touched
        self.wake_ns = NEVER

    def record_with(self, recorder):
        """Record every input from now on."""
        self.inputs = recorder.inputs
        self.recorder = recorder

    def publish_with(self, Publisher publisher not None):
        """Publish every touch from now on."""
        self.publisher = publisher

    def probe_with(self, Probe probe not None):
        """Measure the stages of frames from now on."""
        self.probe = self.intake.probe = probe

    def frame(self, str source not None, bytes data not None, ts_recv):
        """Take a frame."""
        cdef int slot
        if self.probe is not None:
            self.probe.begin(ts_recv)
            self.intake.measured = self.probe.on
        if self.recorder is not None and not self.inputs.add(
            _FRAME, ts_recv, source, data, self.digest.value
        ):
            self.recorder.record(ts_recv, _FRAME, source, data, "", 0, self.digest.value)
        if self.intake.measured:
            self.probe.lap(STAGE_RECORD)
        self.intake.handle(ts_recv, source, data)
        slot = self.intake.slot
        if not self.intake.quiet:
            self._settle(self.node._effects)
        elif self.intake.slot >= 0:
            self._publish(self.intake.now)
        if self.intake.measured:
            self.probe.lap(STAGE_CACHE)
            self.intake.measured = False
            self.probe.finish(source, self._lag(slot))

    cdef int64_t _lag(self, int slot) except? -1:
        """Return how late a frame's data came, UNKNOWN where that cannot be told."""
        if not 0 <= slot < self.l1.capacity or self.l1.rows[slot].ts_recv != self.intake.now:
            return UNKNOWN
        lag = self.l1.lag(slot)
        return UNKNOWN if lag is None else lag

    def feed(self, item):
        """Take any input."""
        if self.recorder is not None:
            self.recorder.record(*item, self.digest.value)
        self._settle(self.node.handle(*item))

    cdef int _settle(self, object effects) except -1:
        """Carry out effects, publish, and see that the node's next timer is not missed."""
        if effects:
            self.carry_out(effects)
            if self.intake.measured:
                self.probe.lap(STAGE_EFFECTS)
        if self.touched or self.intake.slot >= 0:
            self._publish(self.node.now)
        if <int64_t>self.timers.next_ns < self.wake_ns:
            self.arm()
        return 0

    cdef int _publish(self, int64_t now) except -1:
        """Publish what was touched, in the order in which it was."""
        cdef int first = self.intake.slot
        self.intake.slot = -1
        if self.publisher is not None:
            if first >= 0:
                self._put(first, now)
            for slot in self.touched:
                if slot != first:
                    self._put(slot, now)
        if self.touched:
            self.touched.clear()
        return 0

    cdef int _put(self, int slot, int64_t now) except -1:
        if not 0 <= slot < min(len(self.books), len(self.instruments)):
            raise IndexError(f"slot {slot} of {len(self.books)}")
        return self.publisher.put(slot, self.books[slot], self.instruments[slot], self.l1, now)
