"""The care of resting quotes, shared by all models: amend only when it pays."""

from dataclasses import dataclass

from arb.orders.order import OrderState, OwnOrder, Purpose
from arb.risk.desk import Ticket
from arb.trader import Trader
from market.order import Side

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """One order that should rest: whole ticks and lots."""

    side: Side
    price: int
    lots: int


@dataclass(frozen=True, slots=True)
class Care:
    """When a resting order is left alone.

    An order that is too aggressive by more than `hysteresis` ticks moves at once: it is a risk. One
    that is too passive has earned a place in its queue: it moves when it is at least `life_ns` old
    and the price error exceeds hysteresis plus a queue value, which grows to `queue_ticks` at
    `queue_ns` of age. Sizes are amended when they are off by more than `size_permille`.
    `changes_per_second` bounds new and amended orders; cancels always go.
    """

    hysteresis: int = 1
    life_ns: int = 200_000_000
    queue_ticks: int = 2
    queue_ns: int = 5_000_000_000
    size_permille: int = 200
    changes_per_second: int = 20


class Manager:
    """Brings the resting orders of one strategy on one instrument to what is wanted."""

    def __init__(self, trader: Trader, slot: int, strategy: str, care: Care) -> None:
        self._trader = trader
        self._slot = slot
        self._strategy = strategy
        self._care = care
        self._tokens = care.changes_per_second * _SECOND_NS
        self._filled_ns = 0
        self.kept = 0
        self.changes = 0
        self.starved = 0

    def resting(self, side: Side) -> list[OwnOrder]:
        """Return the quotes of a side that are not on their way out, most aggressive first."""
        found = [
            order
            for order in self._trader.store.by_slot.get(self._slot, {}).values()
            if order.side is side
            and order.strategy == self._strategy
            and order.purpose is Purpose.QUOTE
            and not order.cancel_wanted
        ]
        found.sort(key=lambda order: -order.side.sign * order.price)
        return found

    def pull(self) -> None:
        """Cancel every quote."""
        for side in Side:
            for order in self.resting(side):
                self._trader.store.cancel(order)

    def want(self, wanted: list[Wanted], now: int) -> bool:
        """Keep, amend, place and cancel so that `wanted` rests; best prices first a side.

        Returns whether nothing is left to be done later: the same wish again changes nothing.
        """
        settled = True
        for side in Side:
            targets = [one for one in wanted if one.side is side]
            targets.sort(key=lambda one: -side.sign * one.price)
            held = self.resting(side)
            for order in held[len(targets) :]:
                self._trader.store.cancel(order)
            for at, target in enumerate(targets):
                if at < len(held):
                    settled &= self._bring(held[at], target, now)
                else:
                    settled = False
                    if self._spend(now):
                        self._place(target)
        return settled

    def _place(self, target: Wanted) -> None:
        self._trader.send(
            Ticket(
                self._slot,
                target.side,
                target.price,
                target.lots,
                Purpose.QUOTE,
                self._strategy,
                post_only=True,
            )
        )

    def _bring(self, order: OwnOrder, target: Wanted, now: int) -> bool:
        """Amend one order, or leave it; True when it is just what is wanted."""
        if order.state is not OrderState.LIVE or not self._pays(order, target, now):
            self.kept += 1
            return order.price == target.price and order.state is OrderState.LIVE
        if not self._spend(now):
            # A quote that is a risk does not wait for the budget.
            if order.side.sign * (order.price - target.price) > 0:
                self._trader.store.cancel(order)
            return False
        if not self._trader.amend(order, target.price, order.filled + target.lots):
            self._trader.store.cancel(order)
        return False

    def _pays(self, order: OwnOrder, target: Wanted, now: int) -> bool:
        care = self._care
        error = order.side.sign * (order.price - target.price)
        if error > care.hysteresis:
            return True
        size_off = abs(order.open_lots - target.lots) * 1000 > target.lots * care.size_permille
        if error == 0 and not size_off:
            return False
        age = now - order.created_ns
        if age < care.life_ns:
            return False
        queue = care.queue_ticks * min(age, care.queue_ns) // care.queue_ns if care.queue_ns else 0
        return size_off or abs(error) > care.hysteresis + queue

    def _spend(self, now: int) -> bool:
        care = self._care
        if not care.changes_per_second:
            return True
        most = care.changes_per_second * _SECOND_NS
        gained = (now - self._filled_ns) * care.changes_per_second
        self._tokens = min(most, self._tokens + gained)
        self._filled_ns = now
        if self._tokens < _SECOND_NS:
            self.starved += 1
            return False
        self._tokens -= _SECOND_NS
        self.changes += 1
        return True
