"""A book kept from events: what a reader of the converted data would see."""

from collections.abc import Iterator
from hashlib import sha256

from sortedcontainers import SortedDict

from .event import Event, EventKind, Level, scaled


class EventBook:
    """The levels of one instrument. `live` is False before a snapshot and after a loss."""

    def __init__(self) -> None:
        self.live = False
        # By price times 10**40, negative for bids: both sides are in order best first.
        self._bids: SortedDict = SortedDict()
        self._asks: SortedDict = SortedDict()
        self._before_loss = ""

    def take(self, event: Event) -> None:
        """Apply a snapshot, an update or a loss; updates before the first snapshot are void."""
        if event.kind in (EventKind.SNAPSHOT, EventKind.LOST):
            if event.kind is EventKind.LOST and self.live:
                self._before_loss = self.hash
            self._bids.clear()
            self._asks.clear()
            self.live = event.kind is EventKind.SNAPSHOT
        elif event.kind is not EventKind.UPDATE or not self.live:
            return
        _apply(self._bids, event.bids, -1)
        _apply(self._asks, event.asks, 1)

    @property
    def empty(self) -> bool:
        """Whether there is no level at all."""
        return not self._bids and not self._asks

    def best(self, count: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Return the best `count` bids and asks."""
        return tuple(self._bids.values()[:count]), tuple(self._asks.values()[:count])

    def levels(self) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Return all bids and asks, best first."""
        return tuple(self._bids.values()), tuple(self._asks.values())

    def vanished(self, event: Event) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Return the levels held that a snapshot no longer has, with size 0."""
        gone = []
        for held, given in ((self._bids, event.bids), (self._asks, event.asks)):
            prices = {price for price, _ in given}
            gone.append(tuple((price, "0") for price, _ in held.values() if price not in prices))
        return gone[0], gone[1]

    @property
    def hash(self) -> str:
        """The hash of state and levels: equal for equal books, whatever format they came from."""
        return book_hash(self.live, *self.levels())

    @property
    def last_hash(self) -> str:
        """The hash of the book as it last was while it lived; not every format tells of a loss."""
        return self.hash if self.live else self._before_loss or self.hash


def book_hash(live: bool, bids: tuple[Level, ...], asks: tuple[Level, ...]) -> str:
    """Return 16 hexadecimal digits of SHA-256 over state and levels, best first."""
    told = sha256(b"live\n" if live else b"lost\n")
    for name, levels in (("bid", bids), ("ask", asks)):
        for price, size in levels:
            told.update(f"{name} {price} {size}\n".encode())
    return told.hexdigest()[:16]


def _apply(side: SortedDict, levels: tuple[Level, ...], sign: int) -> None:
    for level in levels:
        key = sign * scaled(level[0])
        if level[1] == "0":
            side.pop(key, None)
        else:
            side[key] = level


class EventBooks:
    """The books of all instruments that events tell of, by (venue, symbol)."""

    def __init__(self) -> None:
        self.by_key: dict[tuple[str, str], EventBook] = {}

    def take(self, event: Event) -> EventBook:
        """Apply an event; returns the book of its instrument."""
        key = (event.venue, event.symbol)
        book = self.by_key.get(key)
        if book is None:
            book = self.by_key[key] = EventBook()
        book.take(event)
        return book

    def __iter__(self) -> Iterator[tuple[tuple[str, str], EventBook]]:
        return iter(self.by_key.items())
