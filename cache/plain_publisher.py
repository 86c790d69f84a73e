"""The plain twin of cache.publisher."""

from books.book import Book
from books.grade import Grade
from cache.l1 import L1
from cache.l2_errors import L2FullError
from cache.l2_plain_writer import PlainL2Writer
from market.instrument import Instrument


class PlainPublisher:
    """Twin of `Publisher`."""

    def __init__(self, writer: PlainL2Writer, levels: int) -> None:
        self._writer = writer
        self._levels = levels
        self._slots: dict[int, int] = {}
        self._grids: dict[int, Instrument] = {}
        self._depth: dict[int, None] = {}
        self._left_out: dict[int, None] = {}
        self.ahead_ns = 0

    @property
    def left_out(self) -> int:
        """Instruments that found no room in the table."""
        return len(self._left_out)

    def touch(self, slot: int, book: Book, instrument: Instrument, l1: L1, now: int) -> None:
        """Write the touch of a book that changed."""
        at = self._slot(slot, instrument)
        if at < 0:
            return
        self._depth[slot] = None
        quote = l1.read(slot, now)
        if not book.live or quote.grade & Grade.NOT_LIVE:
            self._writer.vouch(at, quote.grade, now - self.ahead_ns)
            return
        self._writer.put_quote(
            at,
            quote.bid_price,
            quote.bid_lots,
            quote.ask_price,
            quote.ask_lots,
            quote.version,
            quote.ts_event,
            quote.ts_recv - self.ahead_ns,
            quote.grade,
            int(quote.from_quote),
        )

    def depth(self, books: list[Book]) -> None:
        """Write the levels of the books whose touch or depth changed since the last call."""
        for slot in self._depth:
            at, book = self._slots[slot], books[slot]
            if book.live:
                self._writer.put_depth(
                    at,
                    book.version,
                    book.ts_event,
                    book.ts_recv - self.ahead_ns,
                    book.grade,
                    book.walk(False, self._levels),
                    book.walk(True, self._levels),
                )
        self._depth.clear()

    def beat(self, l1: L1, now: int) -> None:
        """Say that the writer lives, and under which grades what is published still stands."""
        for slot, at in self._slots.items():
            self._writer.vouch(at, l1.grade(slot, now), now - self.ahead_ns)
        self._writer.heartbeat(now - self.ahead_ns)

    def close(self) -> None:
        """Remove the table."""
        self._writer.close()

    def _slot(self, slot: int, instrument: Instrument) -> int:
        held = self._grids.get(slot)
        if held is instrument:
            return self._slots[slot]
        if slot in self._left_out:
            return -1
        grids = (
            instrument.price.decimals,
            instrument.price.step,
            instrument.size.decimals,
            instrument.size.step,
        )
        if held is not None:
            self._grids[slot] = instrument
            self._writer.add(instrument.id, *grids)
            return self._slots[slot]
        try:
            self._slots[slot] = self._writer.add(instrument.id, *grids)
        except L2FullError:
            self._left_out[slot] = None
            return -1
        self._grids[slot] = instrument
        return self._slots[slot]
