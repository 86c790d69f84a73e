"""The book of one listing: price levels in ticks and lots, and the update id of the last change."""

from bisect import bisect_left, insort

from .event import LevelChange, Side, Touch


class Ladder:
    """One side of a book, best price first."""

    __slots__ = ("_keys", "_lots", "_sign")

    def __init__(self, side: Side) -> None:
        self._sign = -1 if side is Side.BID else 1
        self._keys: list[int] = []  # price times sign, ascending: the best level comes first
        self._lots: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def set(self, price: int, lots: int) -> None:
        """Give a level a new absolute size; zero removes it, also where there is none."""
        key = price * self._sign
        if lots:
            if price not in self._lots:
                insort(self._keys, key)
            self._lots[price] = lots
        elif self._lots.pop(price, 0):
            del self._keys[bisect_left(self._keys, key)]

    def price_at(self, index: int) -> int:
        """Return the price of the level at an index, best first; IndexError beyond the last."""
        return self._keys[index] * self._sign

    def lots_at(self, price: int) -> int:
        """Return the size at a price, zero where there is no level."""
        return self._lots.get(price, 0)

    def levels(self, limit: int | None = None) -> list[tuple[int, int]]:
        """Return (price, lots) of the best `limit` levels, or of all, best first."""
        prices = [key * self._sign for key in self._keys[:limit]]
        return [(price, self._lots[price]) for price in prices]


class Book:
    """Both sides of one listing. Never crossed, never locked, neither side ever empty."""

    __slots__ = ("_sides", "_touch", "listing", "update_id")

    def __init__(self, listing: str, update_id: int) -> None:
        self.listing = listing
        self.update_id = update_id
        self._sides = (Ladder(Side.BID), Ladder(Side.ASK))
        self._touch: Touch | None = None

    def side(self, side: Side) -> Ladder:
        """Return one side, for reading."""
        return self._sides[side]

    @property
    def touch(self) -> Touch:
        """Return best bid and ask; IndexError before both sides were filled."""
        bids, asks = self._sides
        bid, ask = bids.price_at(0), asks.price_at(0)
        return Touch(bid, bids.lots_at(bid), ask, asks.lots_at(ask))

    def fill(self, side: Side, levels: list[tuple[int, int]]) -> None:
        """Set opening levels, which are not changes and take no update id."""
        ladder = self._sides[side]
        for price, lots in levels:
            ladder.set(price, lots)

    def change(self, ts_ns: int, side: Side, price: int, lots: int) -> LevelChange:
        """Set one level, take the next update id, and return what changed.

        The caller keeps the book uncrossed and filled: anything else is a bug of the model.
        """
        self._sides[side].set(price, lots)
        self.update_id += 1
        touch = self.touch
        assert touch.bid < touch.ask, "the model crossed its own book"
        moved = touch if touch != self._touch else None
        self._touch = touch
        return LevelChange(ts_ns, self.listing, self.update_id, side, price, lots, moved)
