"""Turns the engine's events into the public tape and the news of tracked orders, compiled.

A command of an agent costs no Python object here: public events become objects when they are taken.
`plain_tape` does the same in plain Python.
"""

from libc.stdlib cimport calloc, free, realloc

from engine.core cimport Engine
from engine.venue cimport (
    BOOK, SIDE_BUY, STATE_CHANGED, TRADE, Book, Event, Level, Venue, event_code, event_flags,
    event_instrument, event_kind, event_side, level_at,
)

from sim.market.event import LevelChange, Print, Side, Touch

from .news import LINES_MAX, News

cdef size_t WAITING_MAX = LINES_MAX
cdef object new = tuple.__new__
cdef tuple SIDES = (Side.BID, Side.ASK)


cdef inline bint differs(const Best* a, const Best* b) noexcept nogil:
    return (
        a.bid != b.bid or a.bid_lots != b.bid_lots or a.ask != b.ask or a.ask_lots != b.ask_lots
    )


cdef class Tape:
    """The public tape of an engine's books.

    `names` are the listings in the order of the engine's instruments; `update_ids` and `trade_ids`
    are those before the first. The tape hands out the engine's order ids, ascending: orders with an
    odd id are tracked, and their events are kept as news.
    """

    def __cinit__(self, Engine engine not None, names, update_ids, trade_ids):
        cdef size_t at
        cdef size_t count = len(names)
        self.engine = engine
        self.names = list(names)
        self.own = []
        self.listed_len = count
        if not len(names) == len(update_ids) == len(trade_ids):
            raise ValueError("one update id and one trade id a listing")
        if engine.v.books_len != self.listed_len:
            raise ValueError("one name an instrument of the engine")
        self.listed = <Listed*>calloc(self.listed_len + 1, sizeof(Listed))
        if self.listed == NULL:
            raise MemoryError
        for at in range(self.listed_len):
            self.listed[at].update_id = update_ids[at]
            self.listed[at].trade_id = trade_ids[at]

    def __dealloc__(self):
        free(self.listed)
        free(self.lines)

    @property
    def pending(self) -> int:
        """Public events that wait to be taken."""
        return self.lines_len

    @property
    def dropped(self) -> int:
        """Public events lost because nobody took them."""
        return self.dropped_lines

    def tracked_id(self) -> int:
        """Return the id of the next tracked order."""
        self.last_id = (self.last_id + 1) | 1
        return self.last_id

    cpdef uint64_t untracked_id(self) noexcept:
        """Return the id of the next order that nobody asks about."""
        self.last_id += 2 - (self.last_id & 1)
        return self.last_id

    def update_id(self, size_t listing) -> int:
        """Return the id of the last change; IndexError if there is no such listing."""
        self._check(listing)
        return self.listed[listing].update_id

    def trade_id(self, size_t listing) -> int:
        """Return the id of the last trade; IndexError if there is no such listing."""
        self._check(listing)
        return self.listed[listing].trade_id

    def _check(self, size_t listing):
        if listing >= self.listed_len:
            raise IndexError("no such listing")

    cpdef int read(self) except -1:
        """Take in what the engine has to tell since the last read.

        To be called after each command: the touch is known as of the read, so that only the last
        change of a listing in one read can name it.
        """
        cdef Venue* v = &self.engine.v
        cdef size_t first = self.lines_len
        cdef size_t at
        cdef const Event* e
        if self.engine.exports:
            raise BufferError("release the view of the events first")
        self.engine._leave()
        for at in range(v.events_len):
            e = v.events + at
            if event_kind(e) == BOOK or event_kind(e) == TRADE:
                self._line(e)
            if event_kind(e) != BOOK and event_kind(e) != STATE_CHANGED:
                if e.id & 1 or (event_kind(e) == TRADE and e.other & 1):
                    self._own(e)
        v.events_len = 0
        if self.lines_len > first:
            self._touches(first)
        if self.lines_len >= WAITING_MAX:
            self.dropped_lines += self.lines_len
            self.lines_len = 0
        return 0

    cdef int _line(self, const Event* e) except -1:
        """Append a public event."""
        cdef size_t cap
        cdef Line* grown
        cdef Line* line
        cdef Listed* listed
        if event_instrument(e) >= self.listed_len:
            raise IndexError("an instrument was added behind the tape's back")
        if self.lines_len == self.lines_cap:
            cap = self.lines_cap * 2 if self.lines_cap else 1024
            grown = <Line*>realloc(self.lines, cap * sizeof(Line))
            if grown == NULL:
                raise MemoryError
            self.lines = grown
            self.lines_cap = cap
        listed = self.listed + event_instrument(e)
        line = self.lines + self.lines_len
        self.lines_len += 1
        line.ts_ns = e.time
        line.price = e.price
        line.listing = event_instrument(e)
        line.side = event_side(e)
        line.moved = False
        line.is_print = event_kind(e) == TRADE
        if line.is_print:
            listed.trade_id += 1
            line.id = listed.trade_id
            line.lots = e.qty
            line.maker = e.id
            line.taker = e.other
        else:
            listed.update_id += 1
            line.id = listed.update_id
            line.lots = e.remaining
        return 0

    cdef void _own(self, const Event* e):
        """Keep an event of a tracked order."""
        cdef uint64_t trade = 0
        if event_kind(e) == TRADE:
            trade = self.listed[event_instrument(e)].trade_id
        self.own.append(new(News, (
            event_kind(e), e.time, e.id, e.other, e.price, e.qty, e.remaining, e.other_remaining,
            event_instrument(e), event_side(e), event_code(e), event_flags(e), trade,
        )))

    cdef void _touches(self, size_t first) noexcept:
        """Give the last change of each listing since `first` the touch, where that moved."""
        cdef Venue* v = &self.engine.v
        cdef size_t at = self.lines_len
        cdef Line* line
        cdef Listed* listed
        cdef Book* book
        cdef Level* level
        cdef Best best
        self.reads += 1
        while at > first:
            at -= 1
            line = self.lines + at
            listed = self.listed + line.listing
            if line.is_print or listed.seen == self.reads:
                continue
            listed.seen = self.reads
            book = v.books[line.listing]
            if not book.best[0] or not book.best[1]:
                best.bid = best.bid_lots = best.ask = best.ask_lots = 0
                listed.best = best
                continue
            level = level_at(v, book.best[0])
            best.bid = level.price
            best.bid_lots = level.displayed
            level = level_at(v, book.best[1])
            best.ask = level.price
            best.ask_lots = level.displayed
            if differs(&best, &listed.best):
                listed.best = best
                line.best = best
                line.moved = True

    def take(self) -> list:
        """Return the public events since the last call, in order."""
        cdef size_t at
        cdef Line* line
        cdef list events = []
        for at in range(self.lines_len):
            line = self.lines + at
            name = self.names[line.listing]
            if line.is_print:
                events.append(new(Print, (
                    line.ts_ns, name, line.id, line.price, line.lots, line.side == SIDE_BUY,
                    line.maker, line.taker,
                )))
                continue
            touch = None
            if line.moved:
                touch = new(Touch, (
                    line.best.bid, line.best.bid_lots, line.best.ask, line.best.ask_lots,
                ))
            events.append(new(LevelChange, (
                line.ts_ns, name, line.id, SIDES[line.side & 1], line.price, line.lots, touch,
            )))
        self.lines_len = 0
        return events

    def take_news(self) -> list:
        """Return what happened to tracked orders since the last call, in order."""
        own, self.own = self.own, []
        return own
