"""One book under test, and what was found about it."""

from node import Node

from .course import Place
from .truth import BookTruth


class Watched:
    """A book: `slot` and `instrument` are the node's, `listing` and `truth` the market's.

    Times are node time in ns, 0 where nothing is wrong. `quote_id` is the newest best quote that
    arrived, `seen` what was checked last.
    """

    def __init__(self, slot: int, place: Place, truth: BookTruth) -> None:
        self.slot = slot
        self.truth = truth
        self.instrument = place.instrument.id
        self.venue = place.instrument.venue
        self.listing = place.listing.id
        self.with_ids = place.told == "ids"
        self.numbered = place.told == "numbered"
        self.bare = place.told == "bare"
        self.seen: tuple[object, ...] = ()
        self.quote_id = 0
        self.wrong_since_ns = 0
        self.lost_since_ns = 0
        self.outages_ns: list[int] = []
        self.wrong_ns: list[int] = []
        self._decimals = place.listing.price_decimals, place.listing.size_decimals

    def on_grid(self, node: Node) -> bool:
        """Return whether the node counts in the listing's own ticks and lots by now."""
        instrument = node.instruments[self.slot]
        return (instrument.price.decimals, instrument.size.decimals) == self._decimals

    def forget(self) -> None:
        """The node starts over with nothing."""
        self.seen, self.quote_id, self.wrong_since_ns = (), 0, 0

    def lost(self, now: int) -> None:
        """The book cannot be used."""
        self.lost_since_ns = self.lost_since_ns or now

    def usable(self, now: int) -> None:
        """The book can be used."""
        if self.lost_since_ns:
            self.outages_ns.append(now - self.lost_since_ns)
            self.lost_since_ns = 0

    def wrong(self, now: int) -> int:
        """The book can be read and is wrong; returns for how long."""
        self.wrong_since_ns = self.wrong_since_ns or now
        return now - self.wrong_since_ns

    def right(self, now: int) -> None:
        """The book is true, or cannot be read."""
        if self.wrong_since_ns:
            self.wrong_ns.append(now - self.wrong_since_ns)
            self.wrong_since_ns = 0
