"""The plain twin of books.ladder.Ladder: two sorted dictionaries, written to be read."""

from sortedcontainers import SortedDict

Level = tuple[int, int]


class PlainLadder:
    """Levels of both sides; sizes are absolute, 0 removes."""

    def __init__(self) -> None:
        self._sides: tuple[SortedDict, SortedDict] = (SortedDict(), SortedDict())

    def set(self, ask: bool, ticks: int, lots: int) -> int:
        """Set one level; returns the size before."""
        side = self._sides[ask]
        before: int = side.get(ticks, 0)
        if lots:
            side[ticks] = lots
        elif before:
            del side[ticks]
        return before

    def load(self, bids: list[Level], asks: list[Level]) -> None:
        """Replace everything by lists of (ticks, lots) in any order; the last of equals holds."""
        self.clear()
        self.update(bids, asks)

    def update(self, bids: list[Level], asks: list[Level]) -> int:
        """Apply lists of (ticks, lots); returns how many removals named a level not held."""
        absent = 0
        for ask, levels in ((False, bids), (True, asks)):
            for ticks, lots in levels:
                absent += self.set(ask, ticks, lots) == 0 and lots == 0
        return absent

    def get(self, ask: bool, ticks: int) -> int:
        """Return the size at a price, 0 where there is none."""
        lots: int = self._sides[ask].get(ticks, 0)
        return lots

    def best(self, ask: bool) -> Level | None:
        """Return (ticks, lots) of the best level, or None."""
        side = self._sides[ask]
        return side.peekitem(0 if ask else -1) if side else None

    def count(self, ask: bool) -> int:
        """Return how many levels the side holds."""
        return len(self._sides[ask])

    def levels(self, ask: bool, limit: int = 1 << 20) -> list[Level]:
        """Return up to `limit` levels as (ticks, lots), best first."""
        items = self._sides[ask].items()
        return list(items if ask else reversed(items))[: max(limit, 0)]

    def clear(self) -> None:
        """Forget every level."""
        for side in self._sides:
            side.clear()

    def rescale(self, price_factor: int, size_factor: int) -> None:
        """Multiply all prices and sizes after a grid became finer."""
        for side in self._sides:
            scaled = [(t * price_factor, lots * size_factor) for t, lots in side.items()]
            side.clear()
            side.update(scaled)
