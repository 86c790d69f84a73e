"""The whole state of a mirrored book as plain values, and a book filled from them again.

Levels are bytes: a book may hold tens of thousands, and a list of Python numbers would take a
hundred times as long. Each level is its ticks less those of the level before (of 0 for the first),
zigzag, then its lots, both as numbers of seven bits a byte, the least first, with the high bit set
in all but the last byte. The window of a ladder's side is not state: it decides how fast a level is
found, never which.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset
from books.book cimport PENDING_MAX, Book, pending_t, touch_t
from books.buffer cimport Diff
from books.ladder cimport Ladder
from books.side cimport side_copy, side_t
from books.trail cimport quote_t
from market.frame cimport KIND_DIFF, level_t
from market.scan cimport UNITS_MAX

from books.state import Reason, State

cdef enum:
    # Two full sides.
    LEVELS_MAX = 1 << 21
    # Of two numbers.
    LEVEL_BYTES_MAX = 20


def dump_book(Book book not None):
    """Return everything that the book's later answers depend on: plain values, levels as bytes."""
    return {
        "state": book.state,
        "reason": book.reason,
        "detail": book.detail,
        "acknowledged": bool(book.acknowledged),
        "loaded": bool(book.loaded),
        "fresh": bool(book.fresh),
        "refreshing": bool(book.refreshing),
        "last_sequence": book.last_sequence,
        "version": book.version,
        "ts_event": book.ts_event,
        "ts_recv": book.ts_recv,
        "depth": _touch(&book.depth),
        "quote": _touch(&book.quote),
        "touch": _touch(&book.touch),
        "from_quote": bool(book.from_quote),
        "quote_id": book.quote_id,
        "quote_event": book.quote_event,
        "quote_recv": book.quote_recv,
        "edges": [book.bid_edge, book.ask_edge],
        "rooms": [book.bid_room, book.ask_room],
        "pending": _pending(book),
        "doubted_since": book.doubted_since,
        "doubted_version": book.doubted_version,
        "audit_failed": bool(book.audit_failed),
        "counters": _counters(book),
        "bids": _side(&book.ladder.bid, 1),
        "asks": _side(&book.ladder.ask, -1),
        "buffer": [_diff(book.buffer.at(i)) for i in range(book.buffer.count())],
        "trail": _trail(book),
        "trail_dropped": book.trail.dropped,
    }


def load_book(Book book not None, dict state not None):
    """Fill a new book of the same slot and rule with what `dump_book` returned.

    Raises KeyError, TypeError, ValueError, OverflowError or MemoryError for anything else; the
    book must be thrown away then.
    """
    book.state = State(state["state"])
    book.reason = Reason(state["reason"])
    book.detail = state["detail"]
    book.acknowledged = state["acknowledged"]
    book.loaded = state["loaded"]
    book.fresh = state["fresh"]
    book.refreshing = state["refreshing"]
    book.last_sequence = state["last_sequence"]
    book.version = state["version"]
    book.ts_event = state["ts_event"]
    book.ts_recv = state["ts_recv"]
    _set_touch(&book.depth, state["depth"])
    _set_touch(&book.quote, state["quote"])
    _set_touch(&book.touch, state["touch"])
    book.from_quote = state["from_quote"]
    book.quote_id = state["quote_id"]
    book.quote_event = state["quote_event"]
    book.quote_recv = state["quote_recv"]
    book.bid_edge, book.ask_edge = state["edges"]
    book.bid_room, book.ask_room = state["rooms"]
    _set_pending(book, state["pending"])
    book.doubted_since = state["doubted_since"]
    book.doubted_version = state["doubted_version"]
    book.audit_failed = state["audit_failed"]
    _set_counters(book, state["counters"])
    _fill(book.ladder, state["bids"], state["asks"])
    book.buffer.clear()
    for row in state["buffer"]:
        _keep(book, row)
    _set_trail(book, state["trail"])
    book.trail.dropped = state["trail_dropped"]


cdef dict _counters(Book book):
    return {
        "diffs": book.diffs,
        "stale": book.stale,
        "applied": book.applied,
        "gaps": book.gaps,
        "crossed": book.crossed,
        "reference_checks": book.reference_checks,
        "reference_mismatches": book.reference_mismatches,
        "absent": book.absent,
        "changes": book.changes,
        "snapshots": book.snapshots,
        "snapshots_ignored": book.snapshots_ignored,
        "overflows": book.overflows,
        "refinements": book.refinements,
        "condemned": book.condemned,
    }


cdef int _set_counters(Book book, dict counters) except -1:
    book.diffs = counters["diffs"]
    book.stale = counters["stale"]
    book.applied = counters["applied"]
    book.gaps = counters["gaps"]
    book.crossed = counters["crossed"]
    book.reference_checks = counters["reference_checks"]
    book.reference_mismatches = counters["reference_mismatches"]
    book.absent = counters["absent"]
    book.changes = counters["changes"]
    book.snapshots = counters["snapshots"]
    book.snapshots_ignored = counters["snapshots_ignored"]
    book.overflows = counters["overflows"]
    book.refinements = counters["refinements"]
    book.condemned = counters["condemned"]
    return 0


cdef list _touch(const touch_t *touch):
    return [touch.bid_price, touch.bid_lots, touch.ask_price, touch.ask_lots]


cdef int _set_touch(touch_t *touch, object row) except -1:
    touch.bid_price, touch.bid_lots, touch.ask_price, touch.ask_lots = row
    return 0


cdef list _pending(Book book):
    """The open comparisons, oldest first: [id, compared, agrees, touch]."""
    cdef pending_t *row
    cdef int i
    out = []
    for i in range(book.pending_count):
        row = &book.pending[(book.pending_first + i) % PENDING_MAX]
        out.append([row.id, bool(row.compared), bool(row.agrees), _touch(&row.touch)])
    return out


cdef int _set_pending(Book book, list rows) except -1:
    cdef int i = 0
    if len(rows) > PENDING_MAX:
        raise ValueError(f"{len(rows)} open comparisons, at most {PENDING_MAX}")
    memset(&book.pending[0], 0, PENDING_MAX * sizeof(pending_t))
    book.pending_first = 0
    for id, compared, agrees, touch in rows:
        book.pending[i].id = id
        book.pending[i].compared = compared
        book.pending[i].agrees = agrees
        _set_touch(&book.pending[i].touch, touch)
        i += 1
    book.pending_count = i
    return 0


cdef unsigned char *_put(unsigned char *at, uint64_t value) noexcept nogil:
    """Write a number: ten bytes at most."""
    while value > 127:
        at[0] = <unsigned char>(value & 127) | 128
        at += 1
        value >>= 7
    at[0] = <unsigned char>value
    return at + 1


cdef bytes _flat(const level_t *levels, int count, int sign):
    cdef Py_ssize_t room = count
    cdef unsigned char *data = <unsigned char *>malloc(room * LEVEL_BYTES_MAX + 1)
    cdef unsigned char *at = data
    cdef int64_t ticks = 0, step
    cdef int i
    if data == NULL:
        raise MemoryError
    for i in range(count):
        step = sign * levels[i].ticks - ticks
        ticks += step
        at = _put(at, (<uint64_t>step << 1) ^ <uint64_t>(step >> 63))
        at = _put(at, <uint64_t>levels[i].lots)
    try:
        return PyBytes_FromStringAndSize(<char *>data, at - data)
    finally:
        free(data)


cdef bytes _side(const side_t *side, int sign):
    """Every level of a side, best first."""
    cdef int n = side.count + side.far_count
    cdef level_t *rows = <level_t *>malloc((n + 1) * sizeof(level_t))
    if rows == NULL:
        raise MemoryError
    try:
        return _flat(rows, side_copy(side, rows, n), sign)
    finally:
        free(rows)


cdef const unsigned char *_take(
    const unsigned char *at, const unsigned char *end, uint64_t *value
) noexcept nogil:
    """Read a number below 2^63; NULL where there is none."""
    cdef uint64_t total = 0
    cdef int shift = 0
    while at < end and shift < 63:
        total |= <uint64_t>(at[0] & 127) << shift
        if at[0] < 128:
            value[0] = total
            return at + 1
        at += 1
        shift += 7
    return NULL


cdef int _parse(bytes data, level_t *out, Py_ssize_t room) except -1:
    """Read levels into an array of so much room; returns how many."""
    cdef const unsigned char *p = data
    cdef const unsigned char *end = p + len(data)
    cdef uint64_t step = 0, lots = 0
    cdef int64_t ticks = 0
    cdef int count = 0
    while p < end:
        p = _take(p, end, &step)
        if p != NULL:
            p = _take(p, end, &lots)
        if p == NULL or count >= room:
            raise ValueError("not levels: a number is cut or too large, or there are too many")
        # Both lie within 2^62, so that their sum cannot wrap.
        ticks += <int64_t>(step >> 1) ^ -<int64_t>(step & 1)
        if not 0 <= ticks <= UNITS_MAX or lots > <uint64_t>UNITS_MAX:
            raise ValueError(f"ticks and lots are 0 to {UNITS_MAX}")
        out[count].ticks, out[count].lots = ticks, <int64_t>lots
        count += 1
    return count


cdef level_t *_levels(bytes bids, bytes asks, int *bid_count, int *ask_count) except NULL:
    """Return both sides as one array, bids first; the caller frees it."""
    cdef Py_ssize_t room = min((len(bids) + len(asks)) // 2, <Py_ssize_t>LEVELS_MAX) + 1
    cdef level_t *rows = <level_t *>malloc(room * sizeof(level_t))
    if rows == NULL:
        raise MemoryError
    try:
        bid_count[0] = _parse(bids, rows, room)
        ask_count[0] = _parse(asks, rows + bid_count[0], room - bid_count[0])
    except BaseException:
        free(rows)
        raise
    return rows


cdef int _fill(Ladder ladder, bytes bids, bytes asks) except -1:
    cdef int bid_count = 0, ask_count = 0
    cdef level_t *rows = _levels(bids, asks, &bid_count, &ask_count)
    cdef int code = ladder.replace(rows, bid_count, rows + bid_count, ask_count)
    free(rows)
    if code < 0:
        raise MemoryError("the ladder is full or without memory")
    return 0


cdef list _diff(Diff diff):
    return [
        diff.event.first,
        diff.event.last,
        diff.event.prev,
        diff.event.ts_event,
        _flat(diff.bids, diff.bid_count, 1),
        _flat(diff.asks, diff.ask_count, 1),
    ]


cdef int _keep(Book book, list row) except -1:
    """Append one dumped diff to the buffer."""
    cdef Diff diff = Diff()
    first, last, prev, ts_event, bids, asks = row
    diff.bids = _levels(bids, asks, &diff.bid_count, &diff.ask_count)
    diff.asks = diff.bids + diff.bid_count
    memset(&diff.event, 0, sizeof(diff.event))
    diff.event.kind, diff.event.slot = KIND_DIFF, book.slot
    diff.event.first, diff.event.last, diff.event.prev = first, last, prev
    diff.event.ts_event = ts_event
    book.buffer._diffs.append(diff)
    book.buffer.levels += diff.bid_count + diff.ask_count
    return 0


cdef list _trail(Book book):
    cdef const quote_t *row
    cdef int i
    out = []
    for i in range(book.trail.count):
        row = &book.trail.rows[(book.trail.first + i) & (book.trail.capacity - 1)]
        out.append([row.id, row.bid_price, row.bid_lots, row.ask_price, row.ask_lots])
    return out


cdef int _set_trail(Book book, list rows) except -1:
    cdef quote_t quote
    book.trail.clear()
    for row in rows:
        quote.id, quote.bid_price, quote.bid_lots, quote.ask_price, quote.ask_lots = row
        if not book.trail.push(&quote):
            raise ValueError("the ids of a trail grow")
    return 0
