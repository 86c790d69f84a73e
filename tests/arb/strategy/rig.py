"""Strategies over books that the test sets level by level, and a venue whose messages it moves."""

from arb.trader import Market
from cache.l1 import L1
from market.fees import Fees, FeeSchedule
from tests.arb.rig import Rig

FREE = Fees(0, 0)


class FakeBook:
    """A live book of (ticks, lots), best first."""

    def __init__(self) -> None:
        self.live = False
        self.version = 0
        self.sides: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])

    def walk(self, ask: bool, limit: int) -> list[tuple[int, int]]:
        return self.sides[ask][:limit]

    def newest_touch(self) -> tuple[int, int, int, int]:
        bid, ask = ((side or [(0, 0)])[0] for side in self.sides)
        return (*bid, *ask)


class FakeL1:
    """Grades every quote as usable but those of `bad` slots."""

    def __init__(self) -> None:
        self.bad: set[int] = set()

    def grade(self, slot: int, now: int) -> int:
        return 0xFFFF if slot in self.bad else 0


class FakeSight:
    """The touch of a fake book where it may be used."""

    def __init__(self, books: list[FakeBook], l1: FakeL1) -> None:
        self.books, self.l1 = books, l1

    def touch(self, slot: int, now: int) -> tuple[int, int, int, int] | None:
        usable = self.books[slot].live and not self.l1.grade(slot, now)
        return self.books[slot].newest_touch() if usable else None


class BookRig(Rig):
    """One trader over `instruments`, all rates alike, books in the hands of the test."""

    def __init__(self, *instruments, fees: Fees = FREE, **limits: int) -> None:
        self.books = [FakeBook() for _ in instruments]
        self.l1 = FakeL1()
        self.sent = []
        schedule = FeeSchedule()
        for one in instruments:
            schedule = schedule.with_venue(one.venue, fees)
        market = Market(self.books, list(instruments), L1(), schedule)
        market.sight = FakeSight(self.books, self.l1)
        super().__init__(market, **limits)
        self.trader.on_event = self._event

    def _event(self, what: str, fields: tuple) -> None:
        if what == "place":
            self.sent.append(self.trader.store.open[fields[0]])

    def put(self, slot: int, bids, asks, *, tell: bool = True) -> None:
        """Set a book, and tell of it."""
        book = self.books[slot]
        book.live, book.sides = True, (list(bids), list(asks))
        book.version += 1
        if tell:
            self.tell(slot)

    def tell(self, slot: int) -> None:
        self.trader.on_quote(slot, self.now)
