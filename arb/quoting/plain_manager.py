"""The plain twin of arb.quoting.manager."""

from arb.orders.order import OrderState, OwnOrder, Purpose
from arb.quoting.care import Care, Wanted
from arb.quoting.pace import Pace
from arb.risk.desk import Ticket
from arb.trader import Trader
from market.order import Side


class PlainManager:
    """Twin of `Manager`."""

    def __init__(self, trader: Trader, slot: int, strategy: str, care: Care) -> None:
        self._trader = trader
        self._slot = slot
        self._strategy = strategy
        self._care = care
        self._pace = Pace.of(care.changes_per_second, care.changes_per_second)
        self._venue = trader.market.instruments[slot].venue
        #: Our quotes by side, as they were at this version of the store.
        self._version = -1
        self._held: tuple[list[OwnOrder], list[OwnOrder]] = ([], [])
        #: The last wish and its answer; quiet when nothing was done, nor is as time passes.
        self._wish: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
        self._settled = self._quiet = False
        self.changes = 0
        self.starved = 0

    def resting(self, side: Side) -> list[OwnOrder]:
        """Return the quotes of a side that are not on their way out, most aggressive first."""
        store = self._trader.store
        if self._version != store.version:
            self._version = store.version
            self._quiet = False
            self._held = self._find(store.by_slot.get(self._slot))
        return self._held[side]

    def _find(self, orders: dict[int, OwnOrder] | None) -> tuple[list[OwnOrder], list[OwnOrder]]:
        bids: list[OwnOrder] = []
        asks: list[OwnOrder] = []
        for order in orders.values() if orders is not None else ():
            if (
                order.strategy == self._strategy
                and order.purpose is Purpose.QUOTE
                and not order.cancel_wanted
            ):
                (bids if order.side is Side.BUY else asks).append(order)
        if len(bids) > 1:
            bids.sort(key=lambda order: -order.price)
        if len(asks) > 1:
            asks.sort(key=lambda order: order.price)
        return bids, asks

    def pull(self) -> None:
        """Cancel every quote."""
        for side in Side:
            for order in self.resting(side):
                self._trader.store.cancel(order)

    def want(self, wanted: list[Wanted], now: int) -> bool:
        """Keep, amend, place and cancel so that `wanted` rests; as `rest` does."""
        bids = [(one.price, one.lots) for one in wanted if one.side is Side.BUY]
        asks = [(one.price, one.lots) for one in wanted if one.side is Side.SELL]
        bids.sort(key=lambda one: -one[0])
        asks.sort(key=lambda one: one[0])
        return self.rest(bids, asks, now)

    def rest(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]], now: int) -> bool:
        """Bring about that (price, lots) rest on either side, best prices first.

        Returns whether nothing is left to be done later: the same wish again changes nothing.
        """
        store = self._trader.store
        if self._quiet and store.version == self._version and self._wish == (bids, asks):
            return self._settled
        mine = (
            (Side.BUY, bids, self.resting(Side.BUY)),
            (Side.SELL, asks, self.resting(Side.SELL)),
        )
        settled = self._quiet = True
        for side, targets, held in mine:
            for order in held[len(targets) :]:
                self._quiet = False
                store.cancel(order)
            for at, (price, lots) in enumerate(targets):
                if at < len(held):
                    settled &= self._bring(held[at], price, lots, now)
                else:
                    settled = self._quiet = False
                    if self._spend(now):
                        self._place(side, price, lots)
        self._wish, self._settled = (bids, asks), settled
        return settled

    def _place(self, side: Side, price: int, lots: int) -> None:
        self._trader.send(
            Ticket(self._slot, side, price, lots, Purpose.QUOTE, self._strategy, post_only=True)
        )

    def _bring(self, order: OwnOrder, price: int, lots: int, now: int) -> bool:
        """Amend one order, or leave it; True when it is just what is wanted."""
        live = order.state is OrderState.LIVE
        # How much too aggressive the order is, in ticks.
        error = order.price - price if order.side is Side.BUY else price - order.price
        if not live or not self._pays(order, error, lots, now):
            return live and error == 0
        self._quiet = False
        if not self._spend(now):
            # A quote that is a risk does not wait for the budget.
            if error > 0:
                self._trader.store.cancel(order)
            return False
        if not self._trader.amend(order, price, order.filled + lots):
            self._trader.store.cancel(order)
        return False

    def _pays(self, order: OwnOrder, error: int, lots: int, now: int) -> bool:
        care = self._care
        if error > care.hysteresis:
            return True
        # A live order has no other size under way.
        size_off = abs(order.lots - order.filled - lots) * 1000 > lots * care.size_permille
        if not size_off and error >= -care.hysteresis:
            return False
        # Whether it pays is a matter of time now: the same wish may be answered otherwise.
        self._quiet = False
        age = now - order.created_ns
        if age < care.life_ns:
            return False
        if size_off:
            return True
        queue = care.queue_ticks * min(age, care.queue_ns) // care.queue_ns if care.queue_ns else 0
        return -error > care.hysteresis + queue

    def _spend(self, now: int) -> bool:
        # Without a bound of its own a strategy is not held to the venue's either.
        if self._care.changes_per_second:
            paces = self._trader.risk.paces
            if self._venue not in paces:
                paces[self._venue] = Pace.at(self._venue)
            shared = paces[self._venue]
            if not (self._pace.ready(now) and shared.ready(now)):
                self.starved += 1
                return False
            self._pace.take(now)
            shared.take(now)
        self.changes += 1
        return True
