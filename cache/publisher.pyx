"""Publishes the node's books to the shared quote table: outside the digest, off in replay.

The plain twin is cache.plain_publisher.
"""

from books.book cimport Book
from cache.l1 cimport L1, row_t
from cache.l2_writer cimport L2Writer
from libc.stdint cimport int64_t

from books.grade import UNUSABLE, Grade
from books.state import State

from .l2_errors import L2FullError

#: The grade bits with which a reader gets a miss instead of a number.
GRADE_FORBIDS = int(UNUSABLE)

cdef enum:
    SLOTS_MAX = 1 << 16

cdef int _LIVE = State.LIVE
cdef int _NOT_LIVE = Grade.NOT_LIVE


cdef class Publisher:
    """Keeps the table in step with the books; see the `.pyi` for each call."""

    def __cinit__(self, L2Writer writer not None, int levels):
        self.writer = writer
        self.levels = levels
        self.slots = {}
        self.grids = []
        self.places = []
        self.waiting = {}
        self.overflow = {}

    @property
    def left_out(self):
        """Instruments that found no room in the table."""
        return len(self.overflow)

    def touch(self, int slot, Book book not None, instrument, L1 l1 not None, int64_t now):
        """Write the touch of a book that changed."""
        if not 0 <= slot < SLOTS_MAX:
            raise IndexError(f"slots are 0 to {SLOTS_MAX - 1}, not {slot}")
        self.put(slot, book, instrument, l1, now)

    cdef int put(self, int slot, Book book, object instrument, L1 l1, int64_t now) except -1:
        """`touch` for compiled callers, whose slot is one of a node's."""
        cdef int64_t at = self._place(slot, instrument)
        cdef int grade
        cdef row_t *row
        if at < 0:
            return 0
        self.waiting[slot] = None
        grade = _NOT_LIVE
        if slot < l1.capacity and l1.links > 0:
            grade = l1.grade_at(slot, now)
        if book.state != _LIVE or grade & _NOT_LIVE:
            return self.writer.restate(at, grade, now - self.ahead_ns)
        row = &l1.rows[slot]
        return self.writer.store_quote(
            at, row.touch.bid_price, row.touch.bid_lots, row.touch.ask_price, row.touch.ask_lots,
            row.version, row.ts_event, row.ts_recv - self.ahead_ns, grade, row.from_quote,
        )

    def depth(self, list books not None):
        """Write the levels of the books whose touch or depth changed since the last call."""
        cdef Book book
        for slot in self.waiting:
            book = books[slot]
            if book.state == _LIVE:
                self.writer.put_depth(
                    self.slots[slot],
                    book.version,
                    book.ts_event,
                    book.ts_recv - self.ahead_ns,
                    book.bits(),
                    book.walk(False, self.levels),
                    book.walk(True, self.levels),
                )
        self.waiting.clear()

    def beat(self, L1 l1 not None, int64_t now):
        """Say that the writer lives, and under which grades what is published still stands."""
        for slot, at in self.slots.items():
            self.writer.vouch(at, l1.grade(slot, now), now - self.ahead_ns)
        self.writer.heartbeat(now - self.ahead_ns)

    def close(self):
        """Remove the table."""
        self.writer.close()

    cdef int64_t _place(self, int slot, object instrument) except? -2:
        """Return where in the table an instrument on its present grids is, -1 where it is not."""
        while len(self.grids) <= slot:
            self.grids.append(None)
            self.places.append(-1)
        held = self.grids[slot]
        if held is instrument:
            return self.places[slot]
        if slot in self.overflow:
            return -1
        grids = (
            instrument.price.decimals,
            instrument.price.step,
            instrument.size.decimals,
            instrument.size.step,
        )
        if held is not None:
            self.writer.set_grid(self.places[slot], *grids)
        else:
            try:
                self.places[slot] = self.writer.add(instrument.id, *grids)
            except L2FullError:
                self.overflow[slot] = None
                return -1
            self.slots[slot] = self.places[slot]
        self.grids[slot] = instrument
        return self.places[slot]
