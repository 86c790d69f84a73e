"""The whole state of a mirrored book as plain values, and a book filled from them again.

Levels are one text, "price size price size …": a book may hold tens of thousands, and a list of
Python numbers would take ten times as long. The window of a ladder's side is not state: it decides
how fast a level is found, never which.
"""

from libc.stdint cimport int64_t
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

# Two full sides.
cdef enum:
    LEVELS_MAX = 1 << 21


def dump_book(Book book not None):
    """Return everything that the book's later answers depend on: a dict of plain values."""
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


cdef char *_put(char *at, int64_t value) noexcept nogil:
    """Write a number that is not negative, and a space."""
    cdef char digits[20]
    cdef int n = 0
    while True:
        digits[n] = <char>(c'0' + value % 10)
        n += 1
        value //= 10
        if value == 0:
            break
    while n:
        n -= 1
        at[0] = digits[n]
        at += 1
    at[0] = c' '
    return at + 1


cdef str _flat(const level_t *levels, int count, int sign):
    cdef Py_ssize_t room = count
    cdef char *text = <char *>malloc(room * 42 + 1)
    cdef char *at = text
    cdef int i
    if text == NULL:
        raise MemoryError
    for i in range(count):
        at = _put(at, sign * levels[i].ticks)
        at = _put(at, levels[i].lots)
    try:
        return text[: at - text - 1].decode("ascii") if count else ""
    finally:
        free(text)


cdef str _side(const side_t *side, int sign):
    """Every level of a side, best first."""
    cdef int n = side.count + side.far_count
    cdef level_t *rows = <level_t *>malloc((n + 1) * sizeof(level_t))
    if rows == NULL:
        raise MemoryError
    try:
        return _flat(rows, side_copy(side, rows, n), sign)
    finally:
        free(rows)


cdef Py_ssize_t _parse(bytes text, level_t *out) except -1:
    """Read levels; returns how many. A level takes four bytes at least, but for the last's three."""
    cdef const char *p = text
    cdef const char *end = p + len(text)
    cdef Py_ssize_t numbers = 0
    cdef int64_t value
    cdef int digits
    if p == end:
        return 0
    while True:
        value = digits = 0
        while p < end and c'0' <= p[0] <= c'9' and digits < 18:
            value = 10 * value + (p[0] - c'0')
            digits += 1
            p += 1
        if digits == 0 or value > UNITS_MAX:
            raise ValueError(f"ticks and lots are 0 to {UNITS_MAX}: {text[:48]!r}")
        if numbers % 2:
            out[numbers // 2].lots = value
        else:
            out[numbers // 2].ticks = value
        numbers += 1
        if p == end:
            break
        if p[0] != c' ':
            raise ValueError(f"levels are numbers between spaces: {text[:48]!r}")
        p += 1
    if numbers % 2:
        raise ValueError("a level is a price and a size")
    return numbers // 2


cdef level_t *_levels(str bids, str asks, int *bid_count, int *ask_count) except NULL:
    """Return both texts as one array, bids first; the caller frees it."""
    cdef bytes bid_text = bids.encode("ascii")
    cdef bytes ask_text = asks.encode("ascii")
    cdef Py_ssize_t room = (len(bid_text) + len(ask_text)) // 4 + 4
    cdef level_t *rows
    if len(bid_text) + len(ask_text) > 42 * LEVELS_MAX:
        raise ValueError("more levels than a book may hold")
    rows = <level_t *>malloc(room * sizeof(level_t))
    if rows == NULL:
        raise MemoryError
    try:
        bid_count[0] = <int>_parse(bid_text, rows)
        ask_count[0] = <int>_parse(ask_text, rows + bid_count[0])
    except BaseException:
        free(rows)
        raise
    return rows


cdef int _fill(Ladder ladder, str bids, str asks) except -1:
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
