"""Quotes, books and trades as JSON text, written at once: what the stream sends many times a second.

The plain twin is api.plain_market_text.
"""

from books.book cimport WALK_MORE, Book
from cache.l1 cimport L1, Quote
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memcpy
from market.frame cimport level_t
from api.spell cimport TEXT_MAX, spelled

import orjson

from books.grade import UNUSABLE, Grade

cdef int _UNUSABLE = UNUSABLE

cdef enum:
    # More than any text here has: a book of LEVELS_MAX levels a side has 200 kB at most.
    SIZE_MAX = 1 << 20
    LEVELS_MAX = 1000
    ROOM_FIRST = 1 << 12


cdef class _Name:
    """What is said of an instrument each time, as it stands: its name and its grids."""

    cdef object instrument
    cdef bytes text
    cdef int64_t price_step
    cdef int64_t size_step
    cdef int price_decimals
    cdef int size_decimals
    # What `quote_moved` and `depth_moved` saw last.
    cdef int64_t quote_seen[6]
    cdef int64_t depth_seen[3]

    def __cinit__(self, instrument):
        self.instrument = instrument
        self.text = orjson.dumps(instrument.id)
        self.price_step, self.price_decimals = instrument.price.step, instrument.price.decimals
        self.size_step, self.size_decimals = instrument.size.step, instrument.size.decimals
        # No version is negative.
        self.quote_seen[0] = self.depth_seen[0] = -1


cdef class MarketText:
    """Spells what a node holds; see the `.pyi`."""

    cdef object _node
    cdef dict _names    # by slot
    cdef dict _grades   # by bits
    cdef dict _states   # by reason
    cdef char *_text
    cdef Py_ssize_t _size
    cdef Py_ssize_t _room

    def __cinit__(self, node):
        self._node = node
        self._names, self._grades, self._states = {}, {}, {}
        self._text = <char *>malloc(ROOM_FIRST)
        if self._text == NULL:
            raise MemoryError
        self._room = ROOM_FIRST

    def __dealloc__(self):
        free(self._text)

    def quote(self, int slot, int64_t now):
        """Return the quote of a slot as it stands."""
        cdef _Name name = self._name(slot)
        cdef L1 l1 = self._node.l1
        cdef Quote read = l1.read(slot, now)
        cdef Book book = self._book(slot)
        self._begin(name, book, read.grade)
        self._put(b',"bid":')
        self._side(name, read.bid_price, read.bid_lots, b',"bid_size":')
        self._put(b',"ask":')
        self._side(name, read.ask_price, read.ask_lots, b',"ask_size":')
        self._put(b',"source":"quote"' if read.from_quote else b',"source":"depth"')
        self._stamps(read.version, read.ts_event, read.ts_recv)
        self._put(b',"silence_ns":')
        if read.silence_ns >= 0:
            self._whole(read.silence_ns)
        else:
            self._put(b"null")
        self._put(b',"lag_ns":')
        lag = l1.lag(slot)
        if lag is None:
            self._put(b"null")
        else:
            self._whole(lag)
        return self._end(now)

    def quote_moved(self, int slot, int64_t now):
        """Tell whether the quote of a slot is another than at the last such question."""
        cdef _Name name = self._name(slot)
        cdef L1 l1 = self._node.l1
        cdef Quote read = l1.read(slot, now)
        cdef int64_t[6] found
        found[0], found[1] = read.version, read.grade
        found[2], found[3] = read.bid_price, read.bid_lots
        found[4], found[5] = read.ask_price, read.ask_lots
        return _moved(name.quote_seen, found, 6)

    def depth_moved(self, int slot, int64_t now):
        """Tell whether the book of a slot is another than at the last such question."""
        cdef _Name name = self._name(slot)
        cdef L1 l1 = self._node.l1
        cdef Book book = self._book(slot)
        cdef int64_t[3] found
        found[0], found[1], found[2] = book.version, book.state, l1.grade(slot, now)
        return _moved(name.depth_seen, found, 3)

    def depth(self, int slot, int levels, int64_t now):
        """Return the best levels of a slot's book."""
        cdef _Name name = self._name(slot)
        cdef L1 l1 = self._node.l1
        cdef Book book = self._book(slot)
        if not 0 <= levels <= LEVELS_MAX:
            raise ValueError(f"levels are 0 to {LEVELS_MAX}, not {levels}")
        self._begin(name, book, l1.grade(slot, now))
        self._stamps(book.version, book.ts_event, book.ts_recv)
        self._put(b',"bids":[')
        self._levels(name, book, levels, False)
        self._put(b'],"asks":[')
        self._levels(name, book, levels, True)
        self._put(b'],"bid_levels":')
        self._whole(book.count(False))
        self._put(b',"ask_levels":')
        self._whole(book.count(True))
        return self._end(now)

    def trades(self, list prints not None, int64_t left_out):
        """Return public trades, and how many are not among them."""
        cdef _Name name
        cdef int64_t number, price, lots, event_ns, recv_ns
        cdef int slot
        cdef bint first = True, buyer
        self._size = 0
        self._put(b'{"trades":[')
        for one in prints:
            number, slot, price, lots, event_ns, recv_ns, buyer = one
            name = self._name(slot)
            self._put(b'{"id":' if first else b',{"id":')
            first = False
            self._whole(number)
            self._put(b',"instrument":')
            self._put(name.text)
            self._put(b',"side":"buy","price":' if buyer else b',"side":"sell","price":')
            self._decimal(price, name.price_step, name.price_decimals)
            self._put(b',"size":')
            self._decimal(lots, name.size_step, name.size_decimals)
            self._put(b',"ts_event_ns":')
            self._whole(event_ns)
            self._put(b',"ts_recv_ns":')
            self._whole(recv_ns)
            self._put(b"}")
        self._put(b'],"left_out":')
        self._whole(left_out)
        self._put(b"}")
        return PyBytes_FromStringAndSize(self._text, self._size)

    cdef _Name _name(self, int slot):
        """Return what is said of a slot; an instrument's grids may have become finer."""
        cdef list instruments = self._node.instruments
        if not 0 <= slot < len(instruments):
            raise IndexError(f"slot {slot} of {len(instruments)}")
        instrument = instruments[slot]
        cdef _Name name = self._names.get(slot)
        if name is None or name.instrument is not instrument:
            name = self._names[slot] = _Name(instrument)
        return name

    cdef Book _book(self, int slot):
        cdef list books = self._node.books
        if not 0 <= slot < len(books):
            raise IndexError(f"slot {slot} of {len(books)}")
        return books[slot]

    cdef int _begin(self, _Name name, Book book, int grade) except -1:
        """Write what quote and book begin with."""
        state = self._states.get(book.reason)
        if state is None:
            state = self._states[book.reason] = orjson.dumps(book.reason_label)
        labels = self._grades.get(grade)
        if labels is None:
            labels = self._grades[grade] = orjson.dumps(Grade(grade).labels)
        self._size = 0
        self._put(b'{"instrument":')
        self._put(name.text)
        self._put(b',"state":')
        self._put(state)
        self._put(b',"usable":false,"grade":' if grade & _UNUSABLE else b',"usable":true,"grade":')
        self._put(labels)
        return 0

    cdef int _stamps(self, int64_t version, int64_t event_ns, int64_t recv_ns) except -1:
        self._put(b',"version":')
        self._whole(version)
        self._put(b',"ts_event_ns":')
        self._whole(event_ns)
        self._put(b',"ts_recv_ns":')
        self._whole(recv_ns)
        return 0

    cdef bytes _end(self, int64_t now):
        self._put(b',"ts_ns":')
        self._whole(now)
        self._put(b"}")
        return PyBytes_FromStringAndSize(self._text, self._size)

    cdef int _side(self, _Name name, int64_t price, int64_t lots, bytes between) except -1:
        """Write price and size of one side, null where there is none."""
        if lots <= 0:
            self._put(b"null")
            self._put(between)
            self._put(b"null")
            return 0
        self._decimal(price, name.price_step, name.price_decimals)
        self._put(between)
        self._decimal(lots, name.size_step, name.size_decimals)
        return 0

    cdef int _levels(self, _Name name, Book book, int levels, bint ask) except -1:
        """Write the best levels of one side; none of a book that is not live."""
        cdef level_t rows[LEVELS_MAX + WALK_MORE]
        cdef int i, found
        if not book.live:
            return 0
        found = book.walk_into(ask, rows, levels)
        for i in range(found):
            self._put(b",[" if i else b"[")
            self._decimal(rows[i].ticks, name.price_step, name.price_decimals)
            self._put(b",")
            self._decimal(rows[i].lots, name.size_step, name.size_decimals)
            self._put(b"]")
        return 0

    cdef int _put(self, bytes what) except -1:
        return self._add(PyBytes_AS_STRING(what), PyBytes_GET_SIZE(what))

    cdef int _decimal(self, int64_t units, int64_t step, int decimals) except -1:
        """Write a decimal as JSON text."""
        cdef char text[TEXT_MAX + 2]
        cdef char *end = &text[TEXT_MAX + 1]
        cdef char *begin = end - spelled(end, units, step, decimals) - 1
        begin[0] = end[0] = 34
        return self._add(begin, end - begin + 1)

    cdef int _whole(self, int64_t value) except -1:
        """Write an integer."""
        cdef char text[20]
        cdef int at = 20
        cdef uint64_t left = <uint64_t>value
        if value < 0:
            left = 0 - left
        while True:
            at -= 1
            text[at] = <char>(48 + <int>(left % 10))
            left //= 10
            if left == 0:
                break
        if value < 0:
            at -= 1
            text[at] = 45
        return self._add(&text[at], 20 - at)

    cdef int _add(self, const char *what, Py_ssize_t size) except -1:
        cdef char *grown
        cdef Py_ssize_t room = self._room
        while self._size + size > room:
            room *= 2
        if room > SIZE_MAX:
            raise OverflowError("the text would be longer than any that is sent")
        if room > self._room:
            grown = <char *>realloc(self._text, room)
            if grown == NULL:
                raise MemoryError
            self._text, self._room = grown, room
        memcpy(&self._text[self._size], what, size)
        self._size += size
        return 0


cdef bint _moved(int64_t *seen, const int64_t *found, int count) noexcept nogil:
    cdef bint moved = memcmp(seen, found, count * sizeof(int64_t)) != 0
    memcpy(seen, found, count * sizeof(int64_t))
    return moved
