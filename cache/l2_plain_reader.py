"""The reader without compiled code: the compiled reader's twin, and the fallback without it."""

import platform
from pathlib import Path

from .l2_errors import L2AccessError, L2FormatError
from .l2_layout import QUOTE_STRIDE, READ_TRIES, DepthWord, HeaderWord, QuoteWord, State
from .l2_quote import Depth, Miss, Quote, Reason
from .l2_session import HEARTBEAT_NS_DEFAULT, PROCESS_CHECK_NS_DEFAULT, Session

# Python has no fences. Processors of this family keep loads in program order; others may not.
_ORDERED_LOADS = ("x86_64", "AMD64")
_QUOTE_END = QuoteWord.SIZE_STEP + 1


class PlainL2Reader:
    """Reads the table at `path`; see L2Reader, whose interface and answers are the same.

    Raises L2AccessError on processors whose loads may change places: use L2Reader there.
    """

    def __init__(
        self,
        path: str | Path,
        heartbeat_ns: int = HEARTBEAT_NS_DEFAULT,
        process_check_ns: int = PROCESS_CHECK_NS_DEFAULT,
    ) -> None:
        machine = platform.machine()
        if machine not in _ORDERED_LOADS:
            raise L2AccessError(f"the plain reader is not safe on {machine}: use the compiled one")
        self._session = Session(Path(path), heartbeat_ns, process_check_ns)

    @property
    def misses(self) -> dict[Reason, int]:
        """Misses so far, by reason."""
        return self._session.misses

    @property
    def reopened(self) -> int:
        """How often a restarted writer's table took the place of its predecessor's."""
        return self._session.reopened

    @property
    def depth_levels(self) -> int:
        """Most levels a side that the table can hold."""
        return self._session.table.layout.depth_levels

    def instruments(self) -> tuple[str, ...]:
        """Return the names in the table, in order of slots."""
        self._session.find("")
        return self._session.names

    def quote(
        self, instrument: str, ttl_ns: int, now_ns: int, ungraded: bool = False
    ) -> Quote | Miss:
        """Return the touch, or why there is none that may be used."""
        session = self._session
        slot = self._admit(instrument, now_ns)
        if isinstance(slot, Miss):
            return slot
        first = session.table.layout.quotes_offset + slot * QUOTE_STRIDE
        payload = self._read(instrument, now_ns, first, _QUOTE_END)
        if isinstance(payload, Miss):
            return payload
        quote = Quote(instrument, *payload)
        return self._judge(quote, ttl_ns, now_ns, ungraded) or quote

    def depth(
        self, instrument: str, ttl_ns: int, now_ns: int, ungraded: bool = False
    ) -> Depth | Miss:
        """Return the best levels, or why there are none that may be used."""
        session = self._session
        slot = self._admit(instrument, now_ns)
        if isinstance(slot, Miss):
            return slot
        layout = session.table.layout
        levels = layout.depth_levels
        first = layout.depths_offset + slot * layout.depth_stride
        payload = self._read(instrument, now_ns, first, DepthWord.LEVELS + 4 * levels)
        if isinstance(payload, Miss):
            return payload
        bid_count, ask_count = payload[DepthWord.BID_COUNT - 1], payload[DepthWord.ASK_COUNT - 1]
        if not (0 <= bid_count <= levels and 0 <= ask_count <= levels):
            raise L2FormatError(f"{session.path}: damaged depth slot {slot}")
        first_bid = DepthWord.LEVELS - 1
        bids = _pairs(payload, first_bid, bid_count)
        asks = _pairs(payload, first_bid + 2 * levels, ask_count)
        depth = Depth._make((instrument, *payload[: DepthWord.SIZE_STEP], bids, asks))
        return self._judge(depth, ttl_ns, now_ns, ungraded) or depth

    def close(self) -> None:
        """Let the table go; a read after this raises L2ClosedError."""
        self._session.close()

    def _admit(self, instrument: str, now_ns: int) -> int | Miss:
        session = self._session
        words = session.table.words
        checked = 0 <= now_ns - session.checked_ns < session.process_check_ns
        silence_ns = now_ns - words[HeaderWord.HEARTBEAT_NS]
        alive = words[HeaderWord.STATE] == State.OPEN and silence_ns <= session.heartbeat_ns
        if not (checked and alive):
            death = session.death(now_ns)
            if death is not None:
                return session.miss(Reason.WRITER_DEAD, instrument, death)
        slot = session.find(instrument)
        if slot < 0:
            return session.miss(Reason.UNKNOWN, instrument, "the table has no such instrument")
        return slot

    def _read(self, instrument: str, now_ns: int, first: int, count: int) -> list[int] | Miss:
        session = self._session
        words = session.table.words
        payload = session.table.signed[first + 1 : first + count]
        for _ in range(READ_TRIES):
            before = words[first]
            if before == 0:
                return session.miss(Reason.EMPTY, instrument, "nothing was written yet")
            if before & 1:
                continue
            values: list[int] = payload.tolist()
            if words[first] == before:
                return values
        death = session.death(now_ns)
        if death is not None:
            return session.miss(Reason.WRITER_DEAD, instrument, death)
        return session.miss(Reason.BUSY, instrument, f"being written at each of {READ_TRIES} tries")

    def _judge(self, value: Quote | Depth, ttl_ns: int, now_ns: int, ungraded: bool) -> Miss | None:
        session = self._session
        age_ns = now_ns - value.ts_vouched
        if age_ns > ttl_ns or age_ns < -session.heartbeat_ns:
            return session.stale(value.instrument, age_ns, ttl_ns)
        if not ungraded and value.grade & session.table.grade_forbids:
            return session.graded(value.instrument, value.grade)
        return None


def _pairs(payload: list[int], first: int, count: int) -> tuple[tuple[int, int], ...]:
    flat = payload[first : first + 2 * count]
    return tuple(zip(flat[::2], flat[1::2], strict=True))
