"""The public book of one listing, read from the engine as it stands."""

from collections.abc import Collection

from engine.core import Engine
from sim.market.event import Side, Touch

from .tape import Tape

RestingOrder = tuple[int, int, int]  # price, lots displayed, order id

_ALL = 1 << 62
# Places in a row of Engine.open_orders.
_ID, _INSTRUMENT, _SIDE, _WAITING, _PRICE, _OPEN, _PEAK, _VISIBLE = 0, 1, 3, 8, 9, 11, 12, 13


class Ladder:
    """One side of a book, best price first; sizes are what is displayed."""

    __slots__ = ("_engine", "_listing", "_side")

    def __init__(self, engine: Engine, listing: int, side: Side) -> None:
        self._engine = engine
        self._listing = listing
        self._side = side

    def __len__(self) -> int:
        return len(self._rows(_ALL))

    def levels(self, limit: int | None = None) -> list[tuple[int, int]]:
        """Return (price, lots) of the best `limit` levels, or of all, best first."""
        return [(price, lots) for price, lots, _ in self._rows(_ALL if limit is None else limit)]

    def counted(self, limit: int | None = None) -> list[tuple[int, int, int]]:
        """Return (price, lots, number of orders) of the best `limit` levels, or of all."""
        return self._rows(_ALL if limit is None else limit)

    def lots_at(self, price: int) -> int:
        """Return the size at a price, zero where there is no level."""
        return dict(self.levels()).get(price, 0)

    def _rows(self, limit: int) -> list[tuple[int, int, int]]:
        return self._engine.depth(self._listing, self._side, limit)


class Book:
    """Both sides of one listing: crossed only while it does not trade, and a side may be empty."""

    __slots__ = ("_engine", "_listing", "_sides", "_tape", "listing")

    def __init__(self, engine: Engine, tape: Tape, number: int, listing: str) -> None:
        self.listing = listing
        self._engine = engine
        self._tape = tape
        self._listing = number
        self._sides = tuple(Ladder(engine, number, side) for side in Side)

    @property
    def update_id(self) -> int:
        """Id of the last change."""
        return self._tape.update_id(self._listing)

    @property
    def touch(self) -> Touch | None:
        """Best bid and ask; None while a side is empty."""
        bids, asks = (self._engine.depth(self._listing, side, 1) for side in Side)
        if not bids or not asks:
            return None
        return Touch(bids[0][0], bids[0][1], asks[0][0], asks[0][1])

    def side(self, side: Side) -> Ladder:
        """Return one side, for reading."""
        return self._sides[side]

    def orders(self, side: Side) -> list[tuple[int, int, int]]:
        """Return (price, lots displayed, order id), best price first, in queue order.

        It looks at every open order of the venue: for snapshots, not for each frame.
        """
        return [
            (row[_PRICE], row[_VISIBLE] if row[_PEAK] else row[_OPEN], row[_ID])
            for row in self._engine.open_orders()
            if row[_INSTRUMENT] == self._listing and row[_SIDE] == side and not row[_WAITING]
        ]


def resting(engine: Engine, listings: Collection[int]) -> dict[int, list[list[RestingOrder]]]:
    """Return the resting orders of several listings by their numbers, then by side.

    As `Book.orders` has them, in one look at the open orders of the venue.
    """
    found: dict[int, list[list[RestingOrder]]] = {number: [[], []] for number in listings}
    for row in engine.open_orders():
        sides = found.get(row[_INSTRUMENT])
        if sides is not None and not row[_WAITING]:
            shown = row[_VISIBLE] if row[_PEAK] else row[_OPEN]
            sides[row[_SIDE]].append((row[_PRICE], shown, row[_ID]))
    return found
