"""Frames into books, L1 and the digest: what a node does with a frame, in one compiled call.

Only what happens to nearly every frame stands here; everything else is the node's own method,
looked up when it is needed, and the frame was not `quiet` then. The plain twin is cache.plain_intake.
"""

from books.book cimport Book
from cache.l1 cimport L1
from libc.stdint cimport int64_t
from market.digest cimport Digest
from market.frame cimport KIND_DIFF, KIND_QUOTE, KIND_SNAPSHOT, KIND_TRADE, Frame
from market.probe cimport STAGE_BOOK, STAGE_CACHE, STAGE_DECISION, STAGE_DECODE

from books.grade import Grade

cdef int _HORIZON = Grade.HORIZON

# Change bits of books.book.
cdef enum:
    TOUCH = 1
    STATE = 2
    WANTS_SNAPSHOT = 4
    DEPTH = 8

cdef enum:
    CHANNEL_DEPTH = 1


cdef class Intake:
    """Takes the frames of one node, whose parts and lists it holds; see the `.pyi`."""

    def __init__(self, node):
        self.node = node
        self.timers = node.timers
        self.audits = node.audits
        self.board = node.board
        self.desk = node.desk
        self.edges = node.board.touch
        self.conversions = node.board._conversions
        self.l1 = node.l1
        self.tape = node.tape
        self.digest = node.digest
        self.books = node.books
        self.owners = node.book_links
        self.touched = node.touched
        self.link = None
        self.direct = False
        self.slot = -1
        self.quiet = False
        self.probe = None
        self.measured = False

    def take(self, ts_recv, str source not None, bytes data not None):
        """Take a frame as an input; returns its effects, valid until the next call."""
        self.handle(ts_recv, source, data)
        return self.node._effects

    cdef int handle(self, object ts_recv, object source, bytes data) except -1:
        """`take` for compiled callers, who look at the node's effects unless it was quiet."""
        node = self.node
        self.quiet = True
        if node._effects:
            node._effects = []
        self.now = node.now
        if ts_recv > self.now:
            self.now = ts_recv
        if self.now >= self.timers.next_ns:
            self.quiet = False
            node._fire(self.now)
            if self.measured:
                self.probe.lap(STAGE_DECISION)
        node.now = self.now
        node.inputs += 1
        link = (<dict?>node.links).get(source)
        if link is None:
            link = node.connections.get(source)
        self._frame(link, data)
        if self.desk is not None:
            self.quiet = False
            self.desk.after(self.now)
        if self.measured:
            self.probe.lap(STAGE_DECISION)
        return 0

    cdef int _meet(self, object link) except -1:
        """Another link delivers than before."""
        self.link = None
        self.decode = link.decode
        self.frame = link.frame
        self.sequence = link.sequence
        self.index = link.index
        self.link = link
        return 0

    cdef int _frame(self, object link, bytes data) except -1:
        """Decode a frame and apply its events."""
        cdef int64_t number
        cdef int count
        link.frames += 1
        if not link.connected and (link.epoch or link.number):
            # Left over from an epoch that ended: its order against the next one is unknown.
            link.error("frame_after_close")
            return 0
        if link is not self.link:
            self._meet(link)
        count = self.decode(data)
        if self.measured:
            self.probe.lap(STAGE_DECODE)
        if self.sequence is not None:
            number = self.frame.sequence
            if number == <int64_t>self.sequence.last + 1:
                self.sequence.last = number
            else:
                self.quiet = False
                if not self.node._counted(link, data, count):
                    return 0
        if count < 0:
            self.quiet = False
            count = self.node._refused(link, data, count)
        if not link.broken:
            self._apply(link, data, count)
        return 0

    cdef int _apply(self, object link, bytes data, int count) except -1:
        """Apply the events of the frame decoded last."""
        cdef Frame frame = self.frame
        cdef int i, kind, slot
        logs = self.audits.logs
        if frame.channel == CHANNEL_DEPTH:
            self.l1.note(self.index, self.now)
        for i in range(count):
            # What is called below may have this frame's decoder read another one.
            if i >= frame.count:
                raise IndexError(f"event {i} of {frame.count}")
            kind = frame.events[i].kind
            slot = frame.events[i].slot
            if kind == KIND_DIFF or kind == KIND_QUOTE or kind == KIND_SNAPSHOT:
                self._book(link, i, kind, slot, logs)
            elif kind == KIND_TRADE:
                link.trades += 1
                self._at(slot).mix_in(self.digest)
                self.tape.note(
                    slot,
                    frame.events[i].bid_price,
                    frame.events[i].bid_lots,
                    frame.events[i].ts_event,
                    self.now,
                    frame.events[i].seller == 0,
                )
                if self.desk is not None:
                    self.desk.on_trade(
                        slot,
                        frame.events[i].bid_price,
                        frame.events[i].bid_lots,
                        self.now,
                        buyer=frame.events[i].seller == 0,
                    )
            else:
                self.quiet = False
                self.node._control(link, kind, data)
        return 0

    cdef int _book(self, object link, int i, int kind, int slot, object logs) except -1:
        """Apply a diff, a snapshot or a best quote."""
        cdef Book book = self._at(slot)
        cdef int changed
        if kind != KIND_QUOTE and self.owners[slot] is not link:
            self.quiet = False
            if not self.node.connections.take_over(link, slot, i, kind):
                return 0
        if i >= self.frame.count:
            raise IndexError(f"event {i} of {self.frame.count}")
        changed = book.on_event(self.frame, i, self.now)
        if self.measured:
            self.probe.lap(STAGE_BOOK)
        if kind == KIND_QUOTE:
            link.quotes += 1
            for edge in <list>self.edges[slot]:
                self.quiet = False
                edge.hear_quotes(slot, self.now)
            if self.measured:
                self.probe.lap(STAGE_DECISION)
        if changed:
            self._changed(slot, changed)
        if kind == KIND_DIFF and logs and slot in logs:
            self.quiet = False
            self.audits.diff(slot, self.frame, i, self.now)
        book.mix_in(self.digest)
        if self.measured:
            self.probe.lap(STAGE_BOOK)
        return 0

    cdef Book _at(self, int slot):
        """Return the book of a slot; IndexError where one of the node's lists does not reach it."""
        cdef Py_ssize_t known = min(
            min(len(self.books), len(self.owners)), min(len(self.edges), len(self.conversions))
        )
        if not 0 <= slot < known:
            raise IndexError(f"slot {slot} of {known}")
        return <Book?>self.books[slot]

    cdef int _changed(self, int slot, int changed) except -1:
        """Publish what changed in a book and tell the edges; the node takes what is rare."""
        cdef Book book
        if changed & (STATE | WANTS_SNAPSHOT):
            self.quiet = False
            self.node._changed(slot, changed)
            if self.measured:
                self.probe.lap(STAGE_DECISION)
            return 0
        book = self._at(slot)
        grade = self.l1.take(book)
        if self.direct and (self.slot < 0 or self.slot == slot):
            self.slot = slot
        else:
            self.quiet = False
            self.touched[slot] = None
        if self.measured:
            self.probe.lap(STAGE_CACHE)
        if self.edges[slot] or self.conversions[slot]:
            self.quiet = False
            self.board.hear(
                slot, self.now, depth=changed & DEPTH != 0, touch=changed & TOUCH != 0
            )
        if self.desk is not None:
            self.desk.on_book(slot, self.now, touch=changed & TOUCH != 0)
        if grade & _HORIZON and not book.refreshing:
            self.quiet = False
            self.node._ask(slot, refresh=True)
        if self.measured:
            self.probe.lap(STAGE_DECISION)
        return 0
