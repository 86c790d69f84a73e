"""The order flow of the engine's benchmark: seeded, balanced, the same for every engine.

Sixty in a hundred commands are passive limits, thirty cancels, eight marketable IOC and two
replaces, over a book of a given size. Prices crowd near the touch by a cubic law. IOC quantities
take as many orders as come, so that the book keeps its size.
"""

import random
from dataclasses import dataclass
from typing import Final

from engine.code import Kind, Op, Tif
from engine.core import Engine
from engine.record import COMMAND, Command, read_events
from engine.rules import BookRules

MID: Final = 1_000_000
ACCOUNTS: Final = 100
LOTS_MAX: Final = 100
RULES: Final = BookRules(maker_fee=10_000, taker_fee=50_000)


@dataclass(frozen=True, slots=True)
class Flow:
    """Commands that fill a book, then those that are timed, as the records of a batch.

    As objects they are made anew each time. A caller has just made the numbers that it gives: an
    id that the filling left among a million objects would measure the caller's memory.
    """

    fill_records: bytes
    timed_records: bytes

    @property
    def fill(self) -> list[Command]:
        """The commands that fill the book."""
        return [Command._make(fields) for fields in COMMAND.iter_unpack(self.fill_records)]

    @property
    def timed(self) -> list[Command]:
        """The timed commands."""
        return [Command._make(fields) for fields in COMMAND.iter_unpack(self.timed_records)]


class _Maker:
    """Keeps the open ids beside an engine, so that cancels and replaces find their orders."""

    def __init__(self, seed: int, levels: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a seeded flow, no secret
        self.depth = max(1, levels // 2)
        self.engine = funded_engine()
        self.open: list[int] = []
        self.place: dict[int, int] = {}
        self.side: dict[int, int] = {}
        self.ids = 0

    def price(self, side: int) -> int:
        offset = 1 + int(self.depth * self.random.random() ** 3)
        return MID - offset if side == 0 else MID + offset

    def limit(self, *, level: int | None = None) -> Command:
        side = self.random.randrange(2)
        price = self.price(side)
        if level is not None:
            price = MID - 1 - level if side == 0 else MID + 1 + level
        return self.order(side, price, self.random.randint(1, LOTS_MAX), Tif.GTC)

    def taker(self) -> Command:
        side = self.random.randrange(2)
        price = MID + self.depth + 1 if side == 0 else MID - self.depth - 1
        # Thirty orders in a hundred commands must go: four to an IOC, less the part fills.
        return self.order(side, price, round(3.75 * (LOTS_MAX + 1) / 2), Tif.IOC)

    def order(self, side: int, price: int, lots: int, tif: Tif) -> Command:
        self.ids += 1
        account = 1 + self.ids % ACCOUNTS
        self.side[self.ids] = side
        return Command(
            Op.NEW, side=side, tif=tif, account=account, id=self.ids, price=price, qty=lots
        )

    def cancel(self) -> Command:
        return Command(Op.CANCEL, id=self.random.choice(self.open))

    def replace(self) -> Command:
        order_id = self.random.choice(self.open)
        price = self.price(self.side[order_id])
        return Command(Op.REPLACE, id=order_id, price=price, qty=self.random.randint(1, LOTS_MAX))

    def any(self) -> Command:
        chance = self.random.random()
        if chance < 0.60 or not self.open:
            return self.limit()
        if chance < 0.90:
            return self.cancel()
        return self.taker() if chance < 0.98 else self.replace()

    def run(self, command: Command) -> Command:
        """Run a command on the engine and note what it opened and closed."""
        self.engine.batch(command.pack())
        for event in read_events(self.engine.drain()):
            if (event.kind == Kind.TRADE and not event.remaining) or event.kind == Kind.CANCELED:
                self.close(event.id)
        if command.op == Op.NEW and self.engine.is_open(command.id):
            self.place[command.id] = len(self.open)
            self.open.append(command.id)
        return command

    def close(self, order_id: int) -> None:
        place = self.place.pop(order_id, None)
        if place is not None:
            last = self.open.pop()
            if last != order_id:
                self.open[place] = last
                self.place[last] = place


def funded_engine() -> Engine:
    """Return an engine with one book with fees and accounts that are checked and can pay."""
    engine = Engine()
    open_accounts(engine)
    return engine


def open_accounts(engine: Engine) -> None:
    """Give a new engine the flow's book and accounts."""
    engine.add_instrument(RULES)
    for account in range(1, ACCOUNTS + 1):
        engine.deposit(account, RULES.base, 1 << 50)
        engine.deposit(account, RULES.quote, 1 << 60)
    engine.drain()


def make_flow(seed: int, count: int, resting: int, levels: int) -> Flow:
    """Return a flow over a book of `resting` orders on `levels` levels, every one of them held."""
    maker = _Maker(seed, levels)
    fill = b"".join(
        maker.run(maker.limit(level=number % maker.depth if number < levels * 4 else None)).pack()
        for number in range(resting)
    )
    return Flow(fill, b"".join(maker.run(maker.any()).pack() for _ in range(count)))
