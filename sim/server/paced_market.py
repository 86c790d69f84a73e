"""A market that moves faster or slower than the clock that drives it."""

from collections.abc import Sequence
from fractions import Fraction

from sim.market.base import Market
from sim.market.book import Book
from sim.market.event import Event
from sim.market.listing import Listing


class PacedMarket:
    """A market of which `speed` seconds pass in one second, from where it stands now.

    Times outside are those of the clock: an event is stamped when the clock reaches it, rounded
    up to a whole ns. ValueError for a speed that is not positive.
    """

    def __init__(self, market: Market, speed: Fraction) -> None:
        if speed <= 0:
            raise ValueError(f"speed is {speed}, expected more than 0")
        self._market = market
        self._speed = speed
        self._start_ns = self._now_ns = market.now_ns

    @property
    def now_ns(self) -> int:
        """Time of the clock that the books stand at, in ns since the epoch."""
        return self._now_ns

    @property
    def listings(self) -> Sequence[Listing]:
        """Every listing, in a fixed order."""
        return self._market.listings

    def book(self, listing: str) -> Book:
        """Return the book of an instrument id as it is at `now_ns`; KeyError if unknown."""
        return self._market.book(listing)

    def last_trade_id(self, listing: str) -> int:
        """Return the id of the last trade, or of the one before the first."""
        return self._market.last_trade_id(listing)

    def advance(self, to_ns: int) -> list[Event]:
        """Move to a time of the clock, never backwards, and return what happened in order."""
        inner_ns = self._start_ns + int((to_ns - self._start_ns) * self._speed)
        events = [
            event._replace(ts_ns=self._outer_ns(event.ts_ns))
            for event in self._market.advance(inner_ns)
        ]
        self._now_ns = to_ns
        return events

    def _outer_ns(self, inner_ns: int) -> int:
        return self._start_ns - int(-(inner_ns - self._start_ns) // self._speed)
