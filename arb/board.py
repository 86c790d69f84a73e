"""All edges, found by the slots whose books they compare."""

from arb.edge import Edge, EdgeLimits, Seen
from arb.ledger import Ledger
from arb.leg import Leg
from arb.pairs import Pair, listed_pairs, pairs_of
from books.book import Book
from cache.l1 import L1
from market.fees import FeeSchedule
from market.instrument import Instrument


class Board:
    """Makes an edge of each comparable pair of legs and passes on what their books tell.

    `pairs` are the only ones compared; None for everything that can be. `touch` holds, by slot,
    the edges that have the slot as a leg.
    """

    def __init__(
        self,
        l1: L1,
        ledger: Ledger,
        limits: EdgeLimits,
        fees: FeeSchedule,
        seen: Seen,
        pairs: tuple[Pair, ...] | None = None,
    ) -> None:
        self._l1 = l1
        self._ledger = ledger
        self._limits = limits
        self._fees = fees
        self._seen = seen
        self._pairs = pairs
        self._legs: dict[Instrument, Book] = {}
        self._conversions: list[list[Edge]] = []
        self.touch: list[list[Edge]] = []
        self.edges: list[Edge] = []

    def add(self, instrument: Instrument, book: Book, now: int) -> None:
        """Take in an instrument; its book's slot is the next one."""
        assert book.slot == len(self.touch)
        known = list(self._legs)
        self._legs[instrument] = book
        self.touch.append([])
        self._conversions.append([])
        found = (
            pairs_of(instrument, known)
            if self._pairs is None
            else listed_pairs(instrument, known, self._pairs)
        )
        for first, second, conversion in found:
            self._compare(first, second, conversion, now)

    def _leg(self, instrument: Instrument) -> Leg:
        fees = self._fees.rates(instrument.venue, instrument.native)
        return Leg(instrument, self._legs[instrument], fees)

    def _compare(
        self, first: Instrument, second: Instrument, conversion: Instrument | None, now: int
    ) -> None:
        edge = Edge(
            self._leg(first),
            self._leg(second),
            self._leg(conversion) if conversion else None,
            self._l1,
            self._ledger,
            self._limits,
            self._seen,
        )
        self.edges.append(edge)
        for leg in edge.legs:
            self.touch[leg.slot].append(edge)
        if edge.conversion:
            self._conversions[edge.conversion.slot].append(edge)
        edge.hear_all(now)

    def hear(self, slot: int, now: int, *, depth: bool, touch: bool) -> None:
        """A book's depth or its newest touch changed."""
        edges = self.touch[slot]
        if depth:
            for edge in edges:
                edge.hear_depth(slot, now)
        if touch:
            for edge in edges:
                edge.hear_touch(slot, now)
            for edge in self._conversions[slot]:
                edge.hear_conversion(now)

    def regrid(self, old: Instrument, new: Instrument, now: int) -> None:
        """An instrument stands on finer grids now, and so does its book."""
        self._legs = {new if key == old else key: book for key, book in self._legs.items()}
        slot = self._legs[new].slot
        for edge in self.edges:
            if slot in edge.slots:
                edge.regrid(slot, new, now)

    def finish(self, now: int) -> None:
        """Close what is open, at the end of a run."""
        for edge in self.edges:
            edge.finish(now)
