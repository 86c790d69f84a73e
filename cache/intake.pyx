"""Frames into books, L1 and the digest: what a node does with a frame, in one compiled call.

Only what happens to nearly every frame stands here; everything else is the node's own method, and
looked up when it is needed. The plain twin is cache.plain_intake.
"""

from books.book cimport Book
from cache.l1 cimport L1
from libc.stdint cimport int64_t
from market.digest cimport Digest
from market.frame cimport KIND_DIFF, KIND_QUOTE, KIND_SNAPSHOT, KIND_TRADE, Frame

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
        self.digest = node.digest
        self.books = node.books
        self.owners = node.book_links
        self.touched = node.touched
        self.link = None

    def take(self, ts_recv, str source not None, bytes data not None):
        """Take a frame as an input; returns its effects, valid until the next call."""
        return self.handle(ts_recv, source, data)

    cdef object handle(self, object ts_recv, object source, bytes data):
        """`take` for compiled callers."""
        node = self.node
        if node._effects:
            node._effects = []
        if ts_recv > node.now:
            if ts_recv >= self.timers.next_ns:
                node._fire(ts_recv)
            node.now = ts_recv
        node.inputs += 1
        link = (<dict?>node.links).get(source)
        if link is None:
            link = node._link(source)
        self._frame(link, data)
        if self.desk is not None:
            self.desk.after(node.now)
        return node._effects

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
        if self.sequence is not None:
            number = self.frame.sequence
            if number == <int64_t>self.sequence.last + 1:
                self.sequence.last = number
            elif not self.node._counted(link, number, count):
                return 0
        if count < 0:
            count = self.node._refused(link, data, count)
        if not link.broken:
            self._apply(link, data, count)
        return 0

    cdef int _apply(self, object link, bytes data, int count) except -1:
        """Apply the events of the frame decoded last."""
        cdef Frame frame = self.frame
        cdef int i, kind, slot
        now = self.node.now
        logs = self.audits.logs
        if frame.channel == CHANNEL_DEPTH:
            self.l1.note(self.index, now)
        for i in range(count):
            # What is called below may have this frame's decoder read another one.
            if i >= frame.count:
                raise IndexError(f"event {i} of {frame.count}")
            kind = frame.events[i].kind
            slot = frame.events[i].slot
            if kind == KIND_DIFF or kind == KIND_QUOTE or kind == KIND_SNAPSHOT:
                self._book(link, i, kind, slot, now, logs)
            elif kind == KIND_TRADE:
                link.trades += 1
                self._at(slot).mix_in(self.digest)
                if self.desk is not None:
                    self.desk.on_trade(
                        slot,
                        frame.events[i].bid_price,
                        frame.events[i].bid_lots,
                        now,
                        buyer=frame.events[i].seller == 0,
                    )
            else:
                self.node._control(link, kind, data)
        return 0

    cdef int _book(
        self, object link, int i, int kind, int slot, object now, object logs
    ) except -1:
        """Apply a diff, a snapshot or a best quote."""
        cdef Book book = self._at(slot)
        cdef int changed
        # The node's lists by slot are as long as that of the books.
        if kind != KIND_QUOTE and self.owners[slot] is not link:
            if not self.node._take_over(link, slot, i, kind):
                return 0
        if i >= self.frame.count:
            raise IndexError(f"event {i} of {self.frame.count}")
        changed = book.on_event(self.frame, i, now)
        if kind == KIND_QUOTE:
            link.quotes += 1
            for edge in <list>self.edges[slot]:
                edge.hear_quotes(slot, now)
        if changed:
            self._changed(slot, changed, now)
        if kind == KIND_DIFF and logs and slot in logs:
            self.audits.diff(slot, self.frame, i, now)
        book.mix_in(self.digest)
        return 0

    cdef Book _at(self, int slot):
        """Return the book of a slot; IndexError where there is none."""
        if not 0 <= slot < len(self.books):
            raise IndexError(f"slot {slot} of {len(self.books)}")
        return <Book?>self.books[slot]

    cdef int _changed(self, int slot, int changed, object now) except -1:
        """Publish what changed in a book and tell the edges; the node takes what is rare."""
        cdef Book book
        if changed & (STATE | WANTS_SNAPSHOT):
            self.node._changed(slot, changed)
            return 0
        book = self._at(slot)
        grade = self.l1.take(book)
        self.touched[slot] = None
        if self.edges[slot] or self.conversions[slot]:
            self.board.hear(
                slot, now, depth=changed & DEPTH != 0, touch=changed & TOUCH != 0
            )
        if self.desk is not None:
            self.desk.on_book(slot, now, touch=changed & TOUCH != 0)
        if grade & _HORIZON and not book.refreshing:
            self.node._ask(slot, refresh=True)
        return 0
