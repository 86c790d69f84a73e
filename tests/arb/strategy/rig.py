"""Strategies over books that the test sets level by level, and a venue whose messages it moves."""

from arb.orders.store import Patience
from arb.risk.limits import RiskLimits
from arb.trader import Market, Trader
from cache.l1 import L1
from market.amount import amount_of
from market.fees import Fees, FeeSchedule
from market.order import OrderEvent
from tests.arb.hedging.rig import WINDOW, Exchange

SECOND = 1_000_000_000
FREE = Fees(0, 0)
NO_LIMITS = {name: 0 for name in RiskLimits.__slots__ if name != "margin_permille"}


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


class Rig:
    """One trader over `instruments`, all rates alike, time in the hands of the test."""

    def __init__(self, *instruments, fees: Fees = FREE, **limits: int) -> None:
        self.exchange = Exchange()
        self.timers: list[tuple[int, int, str, int]] = []
        self.now = SECOND
        self.books = [FakeBook() for _ in instruments]
        self.l1 = FakeL1()
        self.sent = []
        schedule = FeeSchedule()
        for one in instruments:
            schedule = schedule.with_venue(one.venue, fees)
        market = Market(self.books, list(instruments), L1(), schedule)
        market.sight = FakeSight(self.books, self.l1)
        self.trader = Trader(
            "test",
            market,
            RiskLimits(**{**NO_LIMITS, **limits}),
            instruments[0].quote,
            lambda _: self.exchange,
            lambda *timer: self.timers.append((timer[0], len(self.timers), *timer[1:])),
            Patience(answer_ns=SECOND // 2, arrival_ns=WINDOW + 1),
        )
        self.trader.on_event = self._event
        self.trader.now = self.trader.store.now = self.now
        for slot, one in enumerate(instruments):
            self.trader.watch(slot)
            for asset in (one.base, one.quote):
                self.trader.portfolio.deposit(one.venue, asset, amount_of("1000000000"))

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

    def wait(self, delay: int) -> None:
        """Time passes and timers fire at their deadlines."""
        until = self.now + delay
        while due := sorted(timer for timer in self.timers if timer[0] <= until):
            self.timers.remove(due[0])
            self.now = self.exchange.now = max(self.now, due[0][0])
            self.trader.on_timer(due[0][2], due[0][3], self.now)
        self.now = self.exchange.now = until
        self.trader.after(until)

    def say(self, event: OrderEvent) -> None:
        self.trader.on_report(event, self.now)

    def hear(self) -> None:
        """Everything that the venue said arrives."""
        while self.exchange.events:
            self.say(self.exchange.events.pop(0))
        self.trader.after(self.now)

    def deliver(self) -> None:
        """Everything that is under way arrives, in order, until nothing more is."""
        while self.exchange.requests or self.exchange.events:
            while self.exchange.requests:
                self.exchange.arrive()
            self.hear()
