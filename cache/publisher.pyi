from books.book import Book
from cache.l1 import L1
from cache.l2_writer import L2Writer
from market.instrument import Instrument

GRADE_FORBIDS: int
"""The grade bits with which a reader gets a miss instead of a number."""

class Publisher:
    """Keeps the table in step with the books; one instrument a slot, in the order of first use.

    Touches are written as they change, depth at the caller's pace, conflated. Instruments beyond
    the table's slots are counted in `left_out` and not published. `now` is node time, ns. Raises
    what the writer raises.

    Readers compare with the wall clock: `ahead_ns` is how far the node's clock is ahead of it, and
    is taken off each receive time and each time at which something was vouched for.
    """

    ahead_ns: int

    def __init__(self, writer: L2Writer, levels: int) -> None: ...
    @property
    def left_out(self) -> int: ...
    def touch(self, slot: int, book: Book, instrument: Instrument, l1: L1, now: int) -> None:
        """Write the touch of a book that changed, as L1 has it; IndexError beyond 65,536 slots."""
    def depth(self, books: list[Book]) -> None:
        """Write the levels of the books whose touch or depth changed since the last call."""
    def beat(self, l1: L1, now: int) -> None:
        """Say that the writer lives, and under which grades what is published still stands."""
    def close(self) -> None:
        """Remove the table."""
