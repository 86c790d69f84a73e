"""The naive twin's orders, levels and book: the plainest structures that keep the rules."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sortedcontainers import SortedDict

from .code import Side, State, Tif, Type
from .rules import BookRules


@dataclass(slots=True, eq=False)
class Order:
    """An open order. `open` counts hidden lots too; `visible` is the displayed part of it.

    `ahead` counts external lots that stand before the order at its level.
    """

    id: int
    instrument: int
    account: int
    side: int
    type: int
    tif: int
    stp: int
    post_only: int
    price: int
    stop_price: int
    open: int
    peak: int
    expire_at: int
    entry: int
    visible: int = 0
    ahead: int = 0
    waiting: bool = False
    resting: bool = False

    @property
    def can_rest(self) -> bool:
        """Whether a remainder rests rather than expires."""
        return self.type != Type.MARKET and self.tif not in (Tif.IOC, Tif.FOK)

    def show(self) -> None:
        """Display a full peak, or everything when there is none."""
        self.visible = min(self.peak, self.open) if self.peak else self.open

    def take(self, qty: int) -> None:
        """Remove executed lots, from the displayed part where it is on the book."""
        self.open -= qty
        if self.resting:
            self.visible -= qty

    def shrink(self, qty: int) -> None:
        """Lower the open lots to `qty` in place, keeping what is displayed where possible."""
        self.open = qty
        self.visible = min(self.visible, qty) if self.resting else 0


@dataclass(slots=True, eq=False)
class Level:
    """One price: our orders in queue order, beside what the outside world shows there."""

    price: int
    orders: list[Order] = field(default_factory=list)
    shown: int = 0
    taken: int = 0
    printed: int = 0

    @property
    def external(self) -> int:
        """External lots that can still be taken."""
        return self.shown - self.taken - self.printed

    @property
    def displayed(self) -> int:
        """Displayed lots of our orders."""
        return sum(order.visible for order in self.orders)

    @property
    def is_empty(self) -> bool:
        """Whether nothing keeps the level."""
        return not self.orders and not self.shown

    def advance_queue(self, lots: int) -> None:
        """Move every order up by external lots that left from the front."""
        for order in self.orders:
            order.ahead -= min(order.ahead, lots)


class Book:
    """One instrument: its rules, state, last trade, two sides of levels and its waiting stops."""

    def __init__(self, rules: BookRules) -> None:
        self.rules = rules
        self.state: int = State.OPEN
        self.last = 0
        # Keyed so that iteration runs from the best price: bids by the negated price.
        self.sides: tuple[SortedDict, SortedDict] = (SortedDict(), SortedDict())
        self.stops: dict[int, Order] = {}

    @staticmethod
    def _key(side: int, price: int) -> int:
        return -price if side == Side.BUY else price

    def levels(self, side: int) -> Iterator[Level]:
        """Yield the levels of a side from the best price."""
        return iter(list(self.sides[side].values()))

    def level(self, side: int, price: int) -> Level:
        """Return the level at a price, made when it is not there."""
        found: Level = self.sides[side].setdefault(self._key(side, price), Level(price))
        return found

    def find(self, side: int, price: int) -> Level | None:
        """Return the level at a price, if any."""
        found: Level | None = self.sides[side].get(self._key(side, price))
        return found

    def tidy(self, side: int, level: Level) -> None:
        """Forget a level that nothing keeps."""
        if level.is_empty:
            self.sides[side].pop(self._key(side, level.price), None)

    def crossed_levels(self, side: int, price: int | None) -> Iterator[Level]:
        """Yield the levels opposite to `side` that an order at `price` (None: any) would reach."""
        opposite = 1 - side
        for level in self.levels(opposite):
            if price is not None and self._key(opposite, level.price) > self._key(opposite, price):
                return
            yield level

    def would_cross(self, side: int, price: int) -> bool:
        """Whether a limit order at `price` would match at once."""
        return next(self.crossed_levels(side, price), None) is not None
