"""L1: the latest quote of each instrument in this process, overwritten in place, without a lock.

One thread owns it: the node's. `now` is always the node's clock.
"""

from libc.stdint cimport int64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset
from books.book cimport Book

from books.grade import UNUSABLE, Grade

cdef int _NOT_LIVE = Grade.NOT_LIVE
cdef int _SILENT = Grade.SILENT
cdef int _LAGGING = Grade.LAGGING
cdef int _UNUSABLE = UNUSABLE

cdef enum:
    SLOTS_MAX = 1 << 16
    LINKS_MAX = 1 << 12

cdef int64_t UNKNOWN = -(1 << 62)


cdef class Quote:
    """A best bid and ask as they stood when it was read: ticks, lots, ids, times (ns), grade bits."""

    def __cinit__(self):
        self.grade = _NOT_LIVE

    @property
    def usable(self):
        """Whether a price may be made from it."""
        return not self.grade & _UNUSABLE

    def __repr__(self):
        return (
            f"Quote(slot={self.slot}, bid=({self.bid_price}, {self.bid_lots}), "
            f"ask=({self.ask_price}, {self.ask_lots}), grade={Grade(self.grade)!r})"
        )


cdef class L1:
    """Quotes by slot. `silence_max_ns` and `lag_max_ns` are the bounds that lower a grade.

    They hold for every link that `set_bounds` gave none of its own.
    """

    def __cinit__(self, int64_t silence_max_ns=5_000_000_000, int64_t lag_max_ns=2_000_000_000):
        self.silence_max_ns = silence_max_ns
        self.lag_max_ns = lag_max_ns

    def __dealloc__(self):
        free(self.rows)
        free(self.sources)

    def open_slot(self, int slot, int link):
        """Make room for an instrument whose depth channel is that of `link`."""
        cdef row_t *rows
        cdef int capacity
        if not 0 <= slot < SLOTS_MAX:
            raise ValueError(f"slots are 0 to {SLOTS_MAX - 1}, not {slot}")
        if slot >= self.capacity:
            capacity = max(64, 2 * self.capacity, slot + 1)
            rows = <row_t *>realloc(self.rows, capacity * sizeof(row_t))
            if rows == NULL:
                raise MemoryError
            memset(&rows[self.capacity], 0, (capacity - self.capacity) * sizeof(row_t))
            self.rows = rows
            while self.capacity < capacity:
                self.rows[self.capacity].grade = _NOT_LIVE
                self.capacity += 1
        self.open_link(link)
        self.rows[slot].link = link

    def open_link(self, int link):
        """Make room for a connection's clocks."""
        cdef source_t *grown
        if not 0 <= link < LINKS_MAX:
            raise ValueError(f"links are 0 to {LINKS_MAX - 1}, not {link}")
        if link < self.links:
            return
        grown = <source_t *>realloc(self.sources, (link + 1) * sizeof(source_t))
        if grown == NULL:
            raise MemoryError
        self.sources = grown
        while self.links <= link:
            grown[self.links].seen = 0
            grown[self.links].offset = UNKNOWN
            grown[self.links].silence_max = self.silence_max_ns
            grown[self.links].lag_max = self.lag_max_ns
            self.links += 1

    def hear(self, int link, int64_t now):
        """The depth channel of a connection gave a frame."""
        self.note(link, now)

    cdef void note(self, int link, int64_t now) noexcept nogil:
        """`hear` for compiled callers."""
        if 0 <= link < self.links:
            self.sources[link].seen = now

    def set_offset(self, int link, offset_ns):
        """Set the venue's clock minus ours, as measured by round trips; None: not known."""
        self.open_link(link)
        self.sources[link].offset = UNKNOWN if offset_ns is None else offset_ns

    def set_bounds(self, int link, int64_t silence_max_ns, int64_t lag_max_ns):
        """Set how long a link may be silent and how late its data may come; ns."""
        self.open_link(link)
        self.sources[link].silence_max = silence_max_ns
        self.sources[link].lag_max = lag_max_ns

    def put(self, Book book not None):
        """Take the touch and grade of a book; returns its grade bits."""
        return self.take(book)

    cdef int take(self, Book book) except -1:
        """`put` for compiled callers."""
        cdef row_t *row
        if not 0 <= book.slot < self.capacity:
            raise IndexError(book.slot)
        row = &self.rows[book.slot]
        row.touch = book.touch
        row.version = book.version
        row.from_quote = book.from_quote
        if book.from_quote:
            row.ts_event, row.ts_recv = book.quote_event, book.quote_recv
        else:
            row.ts_event, row.ts_recv = book.ts_event, book.ts_recv
        row.grade = book.bits()
        return row.grade

    cdef int grade_at(self, int slot, int64_t now) noexcept nogil:
        cdef row_t *row = &self.rows[slot]
        cdef source_t *source = &self.sources[row.link]
        cdef int bits = row.grade
        if now - source.seen > source.silence_max:
            bits |= _SILENT
        if row.ts_event and source.offset != UNKNOWN:
            if row.ts_recv + source.offset - row.ts_event > source.lag_max:
                bits |= _LAGGING
        return bits

    def grade(self, int slot, int64_t now):
        """Return the grade bits of a slot at `now`; NOT_LIVE where nothing was put."""
        if not 0 <= slot < self.capacity or self.links == 0:
            return _NOT_LIVE
        return self.grade_at(slot, now)

    def read(self, int slot, int64_t now):
        """Return the Quote of a slot with its grade at `now`; look at the grade before the price."""
        cdef Quote quote = Quote.__new__(Quote)
        cdef row_t *row
        cdef int64_t seen
        quote.slot = slot
        if not 0 <= slot < self.capacity or self.links == 0:
            return quote
        row = &self.rows[slot]
        quote.grade = self.grade_at(slot, now)
        quote.version = row.version
        quote.ts_event, quote.ts_recv = row.ts_event, row.ts_recv
        quote.from_quote = row.from_quote
        seen = self.sources[row.link].seen
        quote.silence_ns = now - seen if seen else -1
        if row.grade & _NOT_LIVE:
            # A book that is not live has no numbers to be read by mistake.
            return quote
        quote.bid_price, quote.bid_lots = row.touch.bid_price, row.touch.bid_lots
        quote.ask_price, quote.ask_lots = row.touch.ask_price, row.touch.ask_lots
        return quote

    def lag(self, int slot):
        """Return receive time minus event time minus the venue's clock offset in ns, or None."""
        cdef row_t *row
        if not 0 <= slot < self.capacity:
            return None
        row = &self.rows[slot]
        if row.ts_event == 0 or self.sources[row.link].offset == UNKNOWN:
            return None
        return row.ts_recv + self.sources[row.link].offset - row.ts_event

    def dump(self):
        """Return the rows and the clocks of the connections as plain values."""
        cdef row_t *row
        cdef int i
        rows = []
        for i in range(self.capacity):
            row = &self.rows[i]
            rows.append([
                row.touch.bid_price, row.touch.bid_lots, row.touch.ask_price, row.touch.ask_lots,
                row.version, row.ts_event, row.ts_recv, row.grade, row.link, bool(row.from_quote),
            ])
        return {
            "rows": rows,
            "links": [
                [one.seen, one.offset, one.silence_max, one.lag_max]
                for one in self.sources[:self.links]
            ],
        }

    def load(self, dict state not None):
        """Take what `dump` returned; raises KeyError, TypeError, ValueError, OverflowError."""
        cdef row_t *row
        cdef int slot, link
        for link, (seen, offset, silence_max, lag_max) in enumerate(state["links"]):
            self.set_bounds(link, silence_max, lag_max)
            self.sources[link].seen, self.sources[link].offset = seen, offset
        for slot, values in enumerate(state["rows"]):
            if not 0 <= values[8] < max(self.links, 1):
                raise ValueError(f"slot {slot} names link {values[8]}, there are {self.links}")
            self.open_slot(slot, values[8])
            row = &self.rows[slot]
            row.touch.bid_price, row.touch.bid_lots = values[0], values[1]
            row.touch.ask_price, row.touch.ask_lots = values[2], values[3]
            row.version, row.ts_event, row.ts_recv = values[4], values[5], values[6]
            row.grade, row.from_quote = values[7], values[9]
