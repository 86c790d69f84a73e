"""A recorded book as it stands at a moment, in the venue's own spelling."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

#: (price, size), as the venue spelled them.
Level = tuple[str, str]


class ServedBook:
    """Both sides by price. What is no number is left out, as no client could read it."""

    def __init__(self) -> None:
        self._sides: tuple[dict[Decimal, Level], dict[Decimal, Level]] = ({}, {})
        self.last_id = 0
        #: Whether the book stands on a snapshot and every change since.
        self.whole = False

    def clear(self) -> None:
        """Forget every level."""
        for side in self._sides:
            side.clear()

    def set(self, ask: bool, price: str, size: str) -> None:
        """Give a level a new absolute size; zero in any spelling removes it."""
        try:
            key, held = Decimal(price), Decimal(size)
        except InvalidOperation:
            return
        if held:
            self._sides[ask][key] = (price, size)
        else:
            self._sides[ask].pop(key, None)

    def fill(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Set many levels."""
        for price, size, *_ in bids:
            self.set(False, price, size)
        for price, size, *_ in asks:
            self.set(True, price, size)

    def levels(self, ask: bool, limit: int | None = None) -> list[Level]:
        """Return levels, best first."""
        side = self._sides[ask]
        return [side[key] for key in sorted(side, reverse=not ask)[:limit]]
