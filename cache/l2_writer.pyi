from collections.abc import Sequence
from pathlib import Path
from typing import final

from typing_extensions import Buffer

@final
class L2Writer:
    """Owns and writes the quote table at `path`: room for `slots` instruments, `depth` levels.

    Quotes whose grade has a bit of `grade_forbids` are misses to readers. `now_ns` is the first
    heartbeat, ns since the epoch; `mode` the file's rights. One writer only; the table of a dead
    writer is replaced. Raises ValueError (a count or mask out of range), L2WriterExistsError,
    L2SpaceError, L2AccessError or L2FormatError (the path holds something else).

    All values are int64. Every call raises IndexError for a slot that add() did not give,
    ValueError for a negative grade, TypeError for what is not an int, OverflowError beyond int64,
    L2ClosedError after close().
    """

    def __init__(
        self,
        path: str | Path,
        slots: int,
        depth: int,
        now_ns: int,
        *,
        grade_forbids: int = ...,
        mode: int = ...,
    ) -> None: ...
    def add(
        self,
        instrument: str,
        price_decimals: int,
        price_step: int,
        size_decimals: int,
        size_step: int,
    ) -> int:
        """Return the instrument's slot, taking one if it has none, and set its grid.

        Raises L2FullError when all slots are taken, ValueError for a name over 120 bytes.
        """
    def set_grid(
        self,
        slot: int,
        price_decimals: int,
        price_step: int,
        size_decimals: int,
        size_step: int,
    ) -> None:
        """Set the grid of the values put from now on; what is published keeps its own.

        A tick is price_step / 10**price_decimals, a lot size_step / 10**size_decimals.
        Raises ValueError outside 0 to 36 decimals or for a step below 1.
        """
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
        """Publish a touch, vouched for at `ts_recv`; 0 lots say that a side is empty."""
    def put_depth(
        self,
        slot: int,
        version: int,
        ts_event: int,
        ts_recv: int,
        grade: int,
        bids: Sequence[tuple[int, int]] | Buffer,
        asks: Sequence[tuple[int, int]] | Buffer,
    ) -> None:
        """Publish levels, best first; those past the table's depth are left out.

        A side is a list or tuple of (ticks, lots), or a contiguous buffer of int64 with ticks and
        lots in turn (ValueError if odd). A side that is refused leaves the slot as it was.
        """
    def vouch(self, slot: int, grade: int, now_ns: int) -> None:
        """Say that what is published still stands at `now_ns`, under this grade.

        This is how a quiet pair does not expire, and how a book is condemned without a new quote.
        """
    def heartbeat(self, now_ns: int) -> None:
        """Say that the writer lives; ns since the epoch, not negative."""
    def close(self) -> None:
        """Mark the table closed, remove it and give the lock back; again does nothing."""
