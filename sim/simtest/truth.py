"""What each simulated book truly held at each of its update ids, as hashes of its sides."""

from collections import deque
from collections.abc import Iterable

from sim.market.base import Market
from sim.market.event import Event, LevelChange, Side, Touch

#: Update ids of one listing that are remembered; older than this nothing is asked for.
IDS_MAX = 20_000

_MASK = (1 << 64) - 1


def mixed(ticks: int, lots: int) -> int:
    """Return the 64 bits that one level adds to the hash of its side; 0 lots add nothing."""
    if not lots:
        return 0
    x = (ticks * 0x9E3779B97F4A7C15 + lots * 0xC2B2AE3D27D4EB4F) & _MASK
    x ^= x >> 29
    x = x * 0xBF58476D1CE4E5B9 & _MASK
    return x ^ (x >> 32)


class BookTruth:
    """One listing: levels, and (bid hash, ask hash, touch) by update id."""

    def __init__(self, market: Market, listing: str) -> None:
        book = market.book(listing)
        self.levels: tuple[dict[int, int], dict[int, int]] = (
            dict(book.side(Side.BID).levels()),
            dict(book.side(Side.ASK).levels()),
        )
        self._sums = [
            sum(mixed(price, lots) for price, lots in side.items()) & _MASK for side in self.levels
        ]
        self._at: dict[int, tuple[int, int, Touch]] = {}
        self._order: deque[int] = deque()
        self._touch = book.touch or self._one_sided()
        self.last_id = book.update_id
        self._keep()

    def take(self, change: LevelChange) -> None:
        """Take in one change of a level."""
        side = self.levels[change.side]
        before = side.pop(change.price, 0)
        if change.lots:
            side[change.price] = change.lots
        total = self._sums[change.side]
        total += mixed(change.price, change.lots) - mixed(change.price, before)
        self._sums[change.side] = total & _MASK
        if change.touch is not None:
            self._touch = change.touch
        elif not (self.levels[0] and self.levels[1]):
            self._touch = self._one_sided()
        self.last_id = change.update_id
        self._keep()

    def _one_sided(self) -> Touch:
        """Return the touch of a book with an empty side, zeros there."""
        bids, asks = self.levels
        bid, ask = max(bids, default=0), min(asks, default=0)
        return Touch(bid, bids.get(bid, 0), ask, asks.get(ask, 0))

    def at(self, update_id: int) -> tuple[int, int, Touch] | None:
        """Return (bid hash, ask hash, touch) as of an update id, None for one never had."""
        return self._at.get(update_id)

    def _keep(self) -> None:
        self._at[self.last_id] = (*self._sums, self._touch)  # type: ignore[assignment]
        self._order.append(self.last_id)
        if len(self._order) > IDS_MAX:
            del self._at[self._order.popleft()]


class Truth:
    """Every listing of a market, kept from the events alone."""

    def __init__(self, market: Market) -> None:
        self.books = {one.id: BookTruth(market, one.id) for one in market.listings}

    def take(self, events: Iterable[Event]) -> None:
        """Take in what happened."""
        for event in events:
            if isinstance(event, LevelChange):
                self.books[event.listing].take(event)
