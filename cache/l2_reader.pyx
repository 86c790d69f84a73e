"""The compiled reader of the shared quote table."""

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc

from cache.l2_slot cimport (
    DEPTH_ASK_COUNT,
    DEPTH_BID_COUNT,
    DEPTH_GRADE,
    DEPTH_LEVELS,
    DEPTH_TS_VOUCHED,
    HEADER_HEARTBEAT_NS,
    HEADER_STATE,
    QUOTE_GRADE,
    QUOTE_PAYLOAD,
    QUOTE_STRIDE,
    QUOTE_TS_VOUCHED,
    READ_TRIES,
    STATE_OPEN,
    cq_load,
    cq_minus,
    cq_slot_read,
)

from pathlib import Path

from .l2_errors import L2FormatError
from .l2_layout import DEPTH_MAX
from .l2_quote import Depth, Quote, Reason
from .l2_session import HEARTBEAT_NS_DEFAULT, PROCESS_CHECK_NS_DEFAULT, Session

cdef object _new_tuple = tuple.__new__
cdef object _quote_type = Quote
cdef object _depth_type = Depth


cdef tuple _pairs(const int64_t *flat, int64_t count):
    return tuple([(flat[2 * i], flat[2 * i + 1]) for i in range(count)])


cdef class L2Reader:
    """Reads the quote table at `path`; see the `.pyi` for what it answers."""

    cdef object _session
    cdef object _table
    cdef dict _slots
    cdef const uint64_t[::1] _view
    cdef const uint64_t *_words
    cdef int64_t *_scratch
    cdef int64_t _quotes, _depths, _depth_stride, _levels
    cdef int64_t _heartbeat_ns, _process_check_ns, _checked_ns
    cdef uint64_t _forbids

    def __cinit__(self):
        self._words = NULL
        # Room for the deepest table, so that a reopened one never moves it.
        self._scratch = <int64_t *>malloc((DEPTH_LEVELS + 4 * <size_t>DEPTH_MAX) * sizeof(int64_t))
        if self._scratch == NULL:
            raise MemoryError

    def __init__(
        self,
        path,
        int64_t heartbeat_ns=HEARTBEAT_NS_DEFAULT,
        int64_t process_check_ns=PROCESS_CHECK_NS_DEFAULT,
    ):
        if self._session is not None:
            raise TypeError("a reader is made once")
        session = Session(Path(path), heartbeat_ns, process_check_ns)
        self._heartbeat_ns = heartbeat_ns
        self._process_check_ns = process_check_ns
        self._bind(session)
        self._session = session

    def __dealloc__(self):
        free(self._scratch)

    cdef int _bind(self, session) except -1:
        """Point at the session's table, which has checked its own header."""
        cdef object table = session.table
        cdef object layout = table.layout
        self._view = table.words
        self._words = &self._view[0]
        self._table = table
        self._slots = session.slots
        self._levels = layout.depth_levels
        self._quotes = layout.quotes_offset
        self._depths = layout.depths_offset
        self._depth_stride = layout.depth_stride
        self._forbids = table.grade_forbids
        self._checked_ns = session.checked_ns
        return 0

    @property
    def misses(self):
        return self._session.misses

    @property
    def reopened(self):
        return self._session.reopened

    @property
    def depth_levels(self):
        return self._levels

    def instruments(self):
        self._session.find("")
        return self._session.names

    cpdef object quote(
        self, str instrument, int64_t ttl_ns, int64_t now_ns, bint ungraded=False
    ):
        cdef int64_t *payload
        cdef int64_t slot = -1
        cdef object miss = self._admit(instrument, now_ns, &slot)
        if miss is not None:
            return miss
        payload = self._scratch
        miss = self._read(
            instrument, now_ns, self._words + self._quotes + slot * QUOTE_STRIDE, QUOTE_PAYLOAD
        )
        if miss is not None:
            return miss
        miss = self._judge(
            instrument, payload[QUOTE_TS_VOUCHED - 1], payload[QUOTE_GRADE - 1],
            ttl_ns, now_ns, ungraded,
        )
        if miss is not None:
            return miss
        return _new_tuple(_quote_type, (
            instrument, payload[0], payload[1], payload[2], payload[3], payload[4], payload[5],
            payload[6], payload[7], payload[8], payload[9], payload[10], payload[11],
            payload[12], payload[13],
        ))

    cpdef object depth(
        self, str instrument, int64_t ttl_ns, int64_t now_ns, bint ungraded=False
    ):
        cdef int64_t *payload
        cdef int64_t *levels
        cdef int64_t bid_count, ask_count
        cdef int64_t slot = -1
        cdef object miss = self._admit(instrument, now_ns, &slot)
        if miss is not None:
            return miss
        payload = self._scratch
        miss = self._read(
            instrument, now_ns, self._words + self._depths + slot * self._depth_stride,
            DEPTH_LEVELS - 1 + 4 * self._levels,
        )
        if miss is not None:
            return miss
        bid_count = payload[DEPTH_BID_COUNT - 1]
        ask_count = payload[DEPTH_ASK_COUNT - 1]
        if not (0 <= bid_count <= self._levels and 0 <= ask_count <= self._levels):
            raise L2FormatError(f"{self._session.path}: damaged depth slot {slot}")
        miss = self._judge(
            instrument, payload[DEPTH_TS_VOUCHED - 1], payload[DEPTH_GRADE - 1],
            ttl_ns, now_ns, ungraded,
        )
        if miss is not None:
            return miss
        levels = payload + DEPTH_LEVELS - 1
        return _new_tuple(_depth_type, (
            instrument, payload[0], payload[1], payload[2], payload[3], payload[4], payload[5],
            payload[6], payload[7], payload[8],
            _pairs(levels, bid_count), _pairs(levels + 2 * self._levels, ask_count),
        ))

    def close(self):
        self._session.close()
        self._process_check_ns = 0

    cdef object _admit(self, str instrument, int64_t now_ns, int64_t *slot):
        """Give the instrument's slot, or return the miss; the table may be another one after."""
        cdef int64_t since_ns = cq_minus(now_ns, self._checked_ns)
        cdef int64_t beat_ns
        cdef object death, found
        if self._words == NULL:
            raise TypeError("the reader was not made")
        beat_ns = <int64_t>cq_load(self._words + HEADER_HEARTBEAT_NS)
        if not (
            0 <= since_ns < self._process_check_ns
            and cq_load(self._words + HEADER_STATE) == STATE_OPEN
            and cq_minus(now_ns, beat_ns) <= self._heartbeat_ns
        ):
            death = self._death(now_ns)
            if death is not None:
                return self._session.miss(Reason.WRITER_DEAD, instrument, death)
        found = self._slots.get(instrument)
        if found is None:
            found = self._session.find(instrument)
            if found < 0:
                return self._session.miss(
                    Reason.UNKNOWN, instrument, "the table has no such instrument"
                )
        slot[0] = found
        return None

    cdef object _death(self, int64_t now_ns):
        cdef object death = self._session.death(now_ns)
        self._checked_ns = self._session.checked_ns
        if self._session.table is not self._table:
            self._bind(self._session)
        return death

    cdef object _read(
        self, str instrument, int64_t now_ns, const uint64_t *slot, int64_t count
    ):
        """Copy a slot's payload to the scratch words, or return the miss."""
        cdef object death
        cdef int result = cq_slot_read(slot, self._scratch, count, READ_TRIES)
        if result == 1:
            return None
        if result == 0:
            return self._session.miss(Reason.EMPTY, instrument, "nothing was written yet")
        # A writer that was killed while writing leaves its slot like this for ever.
        death = self._death(now_ns)
        if death is not None:
            return self._session.miss(Reason.WRITER_DEAD, instrument, death)
        return self._session.miss(
            Reason.BUSY, instrument, f"being written at each of {READ_TRIES} tries"
        )

    cdef object _judge(
        self, str instrument, int64_t ts_vouched, int64_t grade,
        int64_t ttl_ns, int64_t now_ns, bint ungraded,
    ):
        cdef int64_t age_ns = cq_minus(now_ns, ts_vouched)
        if age_ns > ttl_ns or age_ns < -self._heartbeat_ns:
            return self._session.stale(instrument, age_ns, ttl_ns)
        if not ungraded and <uint64_t>grade & self._forbids:
            return self._session.graded(instrument, grade)
        return None
