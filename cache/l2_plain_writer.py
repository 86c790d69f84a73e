"""The writer without compiled code: the compiled writer's twin, byte for byte, for the tests."""

from array import array
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from .l2_layout import (
    ALL_GRADES,
    QUOTE_STRIDE,
    DepthWord,
    HeaderWord,
    Layout,
    QuoteWord,
)
from .l2_table import TableFile

if TYPE_CHECKING:
    from collections.abc import Sequence

Side: TypeAlias = "Sequence[tuple[int, int]] | array[int]"


class PlainL2Writer:
    """Writes a table as L2Writer does, slowly and in plain words."""

    def __init__(
        self,
        path: str | Path,
        slots: int,
        depth: int,
        now_ns: int,
        *,
        grade_forbids: int = ALL_GRADES,
        mode: int = 0o600,
    ) -> None:
        self._file = TableFile(Path(path), Layout(slots, depth), now_ns, grade_forbids, mode)
        self._words = self._file.words
        self._signed = self._words.cast("B").cast("q")
        self._slots: dict[str, int] = {}
        self._grids: list[tuple[int, int, int, int]] = []

    def add(
        self,
        instrument: str,
        price_decimals: int,
        price_step: int,
        size_decimals: int,
        size_step: int,
    ) -> int:
        """Return the instrument's slot, taking one if it has none, and set its grid."""
        grid = (price_decimals, price_step, size_decimals, size_step)
        slot = self._slots.get(instrument)
        if slot is None:
            slot = len(self._slots)
            self._file.write_name(slot, instrument)
            self._slots[instrument] = slot
            self._grids.append(grid)
            self._words[HeaderWord.NAME_COUNT] = slot + 1
        self._grids[slot] = grid
        return slot

    def put_quote(
        self,
        slot: int,
        bid_ticks: int,
        bid_lots: int,
        ask_ticks: int,
        ask_lots: int,
        version: int,
        ts_event: int,
        ts_recv: int,
        grade: int,
        source: int,
    ) -> None:
        """Publish a touch."""
        touch = (bid_ticks, bid_lots, ask_ticks, ask_lots)
        times = (ts_event, ts_recv, ts_recv)
        fields = (*touch, version, *times, grade, source, *self._grids[slot])
        self._put(self._quote(slot), {1 + i: field for i, field in enumerate(fields)})

    def put_depth(
        self,
        slot: int,
        version: int,
        ts_event: int,
        ts_recv: int,
        grade: int,
        bids: Side,
        asks: Side,
    ) -> None:
        """Publish levels."""
        levels = self._file.layout.depth_levels
        bid_words, ask_words = self._flat(bids), self._flat(asks)
        counts = (len(bid_words) // 2, len(ask_words) // 2)
        fields = (version, ts_event, ts_recv, ts_recv, grade, *self._grids[slot], *counts)
        payload = {1 + i: field for i, field in enumerate(fields)}
        for first, side in ((0, bid_words), (2 * levels, ask_words)):
            payload |= {DepthWord.LEVELS + first + i: word for i, word in enumerate(side)}
        self._put(self._depth(slot), payload)

    def vouch(self, slot: int, grade: int, now_ns: int) -> None:
        """Say that what is published still stands, under this grade."""
        quote, depth = self._quote(slot), self._depth(slot)
        if self._words[quote]:
            self._put(quote, {QuoteWord.GRADE: grade, QuoteWord.TS_VOUCHED: now_ns})
        if self._words[depth]:
            self._put(depth, {DepthWord.GRADE: grade, DepthWord.TS_VOUCHED: now_ns})

    def heartbeat(self, now_ns: int) -> None:
        """Say that the writer lives."""
        self._words[HeaderWord.HEARTBEAT_NS] = now_ns

    def close(self) -> None:
        """Mark the table closed, remove it and give the lock back."""
        self._file.close()

    def _quote(self, slot: int) -> int:
        return self._file.layout.quotes_offset + slot * QUOTE_STRIDE

    def _depth(self, slot: int) -> int:
        return self._file.layout.depths_offset + slot * self._file.layout.depth_stride

    def _flat(self, side: Side) -> list[int]:
        words = (
            list(side) if isinstance(side, array) else [word for level in side for word in level]
        )
        return words[: 2 * self._file.layout.depth_levels]

    def _put(self, first: int, payload: dict[int, int]) -> None:
        self._words[first] += 1
        for word, value in payload.items():
            self._signed[first + word] = value
        self._words[first] += 1
