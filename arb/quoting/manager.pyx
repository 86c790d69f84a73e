"""The care of resting quotes, shared by all models: amend only when it pays.

Most changes of the market ask for nothing: that is found out from a copy of the orders' numbers, which
lasts until the store changes. The plain twin is arb.quoting.plain_manager.
"""

from arb.quoting.pace cimport Pace
from libc.stdint cimport int64_t

from arb.orders.order import OrderState, Purpose
from arb.risk.desk import Ticket
from market.order import Side

cdef object _BUY = Side.BUY
cdef object _SELL = Side.SELL
cdef object _QUOTE = Purpose.QUOTE
cdef object _LIVE = OrderState.LIVE

cdef enum:
    BUY = 0
    SELL = 1

#: Prices, lots and times up to this can be added and multiplied by a thousand.
cdef int64_t _LARGE = 1 << 52


def _aggressive_bid(order):
    return -order.price


def _aggressive_ask(order):
    return order.price


cdef class Manager:
    """Brings the resting orders of one strategy on one instrument to what is wanted."""

    #: What checkpoints hold.
    __slots__ = (
        "_trader", "_slot", "_strategy", "_care", "_pace", "_venue", "changes", "starved",
    )

    def __init__(self, trader, slot, str strategy not None, care):
        self._trader = trader
        self._slot = slot
        self._strategy = strategy
        self._care = care
        self._pace = Pace.of(care.changes_per_second, care.changes_per_second)
        self._venue = trader.market.instruments[slot].venue
        self.changes = 0
        self.starved = 0

    def resting(self, side):
        """Return the quotes of a side that are not on their way out, most aggressive first."""
        self.look()
        return self._bids if side is _BUY else self._asks

    def pull(self):
        """Cancel every quote."""
        self.look()
        for order in self._bids + self._asks:
            self._store.cancel(order)

    def want(self, list wanted not None, int64_t now):
        """Keep, amend, place and cancel so that `wanted` rests; as `rest` does."""
        bids = [(one.price, one.lots) for one in wanted if one.side is _BUY]
        asks = [(one.price, one.lots) for one in wanted if one.side is _SELL]
        bids.sort(key=lambda one: -one[0])
        asks.sort(key=lambda one: one[0])
        return self.rest(bids, asks, now)

    def rest(self, list bids not None, list asks not None, int64_t now):
        """Bring about that (price, lots) rest on either side, best prices first.

        Returns whether nothing is left to be done later: the same wish again changes nothing.
        """
        cdef bint settled = True
        cdef Py_ssize_t at
        cdef list held, targets
        self.look()
        # Both sides as they are now: what is done on one does not change what the other sees.
        for side, targets, held in ((_BUY, bids, self._bids), (_SELL, asks, self._asks)):
            for order in held[len(targets):]:
                self._store.cancel(order)
            for at in range(len(targets)):
                price, lots = <tuple?>targets[at]
                if at < len(held):
                    settled = self._bring(held[at], price, lots, now) and settled
                else:
                    settled = False
                    if self._spend(now):
                        self._trader.send(
                            Ticket(
                                self._slot, side, price, lots, _QUOTE, self._strategy,
                                post_only=True,
                            )
                        )
        return settled

    # --- what rests ------------------------------------------------------------------------------

    cdef int look(self) except -1:
        """Bring the copy of our orders up to date."""
        cdef list bids, asks
        if not self._ready:
            self._wire()
        if self._version == self._store.version:
            return 0
        self._version = self._store.version
        # New lists: whoever goes through the old ones is not disturbed.
        bids, asks = [], []
        orders = (<dict?>self._store.by_slot).get(self._slot)
        if orders is not None:
            for order in (<dict?>orders).values():
                if (
                    order.purpose is _QUOTE
                    and not order.cancel_wanted
                    and order.strategy == self._strategy
                ):
                    (bids if order.side is _BUY else asks).append(order)
        if len(bids) > 1:
            bids.sort(key=_aggressive_bid)
        if len(asks) > 1:
            asks.sort(key=_aggressive_ask)
        self._bids, self._asks = bids, asks
        _copy(&self._held[BUY], bids)
        _copy(&self._held[SELL], asks)
        return 0

    def _wire(self):
        """Take what the care says in numbers that can be compared without Python."""
        care = self._care
        self._store = self._trader.store
        self._version = None
        self._bids, self._asks = [], []
        given = (
            care.hysteresis, care.life_ns, care.queue_ns, care.queue_ticks, care.size_permille,
        )
        # What is absurdly large is left to exact integers.
        self._bounded = (
            all(0 <= one < _LARGE for one in given)
            and care.queue_ticks * care.queue_ns < _LARGE
            and care.size_permille <= 1000
        )
        if self._bounded:
            self._hysteresis, self._life_ns, self._queue_ns = given[:3]
            self._queue_ticks, self._size_permille = given[3:]
        self._paced = care.changes_per_second != 0
        paces = self._trader.risk.paces
        if self._venue not in paces:
            paces[self._venue] = Pace.at(self._venue)
        self._shared = paces[self._venue]
        self._ready = True

    cdef bint calm(
        self, int side, const int64_t *prices, int count, int64_t lots, int64_t now
    ) except -1:
        """Tell whether resting at `prices` does nothing on a side: `rest` would neither.

        False also where that is not known here. Changes for which there is no budget are added to
        `hungry`: whoever finds both sides calm adds that to `starved`.
        """
        cdef int at
        cdef const side_t *held
        cdef const resting_t *one
        cdef int64_t error
        self.look()
        held = &self._held[side]
        if not self._bounded or held.count > count or count > HELD_MAX or lots >= _LARGE:
            return False
        if held.count < count:
            if self._rich(now):
                return False
            self.hungry += count - held.count
        for at in range(held.count):
            one = &held.rows[at]
            if not one.live:
                continue
            if one.lots >= _LARGE or one.price >= _LARGE or prices[at] >= _LARGE:
                return False
            error = one.price - prices[at] if side == BUY else prices[at] - one.price
            if self._pays(one, error, lots, now):
                # What is a risk does not wait for the budget.
                if error > 0 or self._rich(now):
                    return False
                self.hungry += 1
        return True

    cdef bint _pays(
        self, const resting_t *one, int64_t error, int64_t lots, int64_t now
    ) noexcept:
        """Tell whether an order that is too aggressive by `error` ticks is worth a change."""
        cdef int64_t off = one.lots - lots, age, queue = 0
        cdef bint size_off
        if error > self._hysteresis:
            return True
        size_off = (off if off >= 0 else -off) * 1000 > lots * self._size_permille
        if not size_off and error >= -self._hysteresis:
            return False
        age = now - one.created_ns
        if age < self._life_ns:
            return False
        if size_off:
            return True
        if self._queue_ns:
            queue = self._queue_ticks * min(age, self._queue_ns) // self._queue_ns
        return -error > self._hysteresis + queue

    # --- what is done ----------------------------------------------------------------------------

    cdef bint _bring(self, order, price, lots, int64_t now) except -1:
        """Amend one order, or leave it; True when it is just what is wanted."""
        # How much too aggressive the order is, in ticks.
        error = order.price - price if order.side is _BUY else price - order.price
        if order.state is not _LIVE:
            return False
        if not _worth(self._care, order, error, lots, now):
            return error == 0
        if not self._spend(now):
            # A quote that is a risk does not wait for the budget.
            if error > 0:
                self._store.cancel(order)
            return False
        if not self._trader.amend(order, price, order.filled + lots):
            self._store.cancel(order)
        return False

    cdef bint _spend(self, int64_t now) except -1:
        """Take one change from our own pace and from the venue's; False where either has none."""
        if not self._rich(now):
            self.starved += 1
            return False
        if self._paced:
            (<Pace>self._pace).take(now)
            self._shared.take(now)
        self.changes += 1
        return True

    cdef bint _rich(self, int64_t now) except -1:
        """Tell whether a change may be made now."""
        # Without a bound of its own a strategy is not held to the venue's either.
        if not self._paced:
            return True
        return (<Pace?>self._pace).ready(now) and self._shared.ready(now)


cdef bint _worth(care, order, error, lots, int64_t now) except -1:
    """`Manager._pays` in exact integers of any size."""
    if error > care.hysteresis:
        return True
    # A live order has no other size under way.
    size_off = abs(order.lots - order.filled - lots) * 1000 > lots * care.size_permille
    if not size_off and error >= -care.hysteresis:
        return False
    age = now - order.created_ns
    if age < care.life_ns:
        return False
    if size_off:
        return True
    queue = care.queue_ticks * min(age, care.queue_ns) // care.queue_ns if care.queue_ns else 0
    return -error > care.hysteresis + queue


cdef int _copy(side_t *to, list orders) except -1:
    """Copy the orders' numbers."""
    cdef Py_ssize_t at
    cdef resting_t *row
    to.count = len(orders)
    for at in range(min(len(orders), <Py_ssize_t>HELD_MAX)):
        order = orders[at]
        row = &to.rows[at]
        row.price = order.price
        row.lots = order.lots - order.filled
        row.created_ns = order.created_ns
        row.live = order.state is _LIVE
    return 0
