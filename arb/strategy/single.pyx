"""Making a market on one venue with one of the models.

Most changes of the touch move no quote: model, rounding and the comparison with what rests are one
compiled way to that answer. The plain twin is arb.strategy.plain_single.
"""

from arb.quoting.manager cimport HELD_MAX, Manager
from arb.quoting.quoter cimport Quoter
from arb.quoting.signals cimport Signals
from libc.stdint cimport int64_t

from arb.risk.reason import RiskState

cdef object _HALT = RiskState.HALT

#: Sizes and ticks beyond this are left to exact integers.
cdef int64_t _LARGE = 1 << 52


cdef class SingleMaker:
    """Quotes one instrument; what it is filled stays inventory, which the model leans against."""

    #: What checkpoints hold; `wire` brings the rest.
    __slots__ = (
        "config", "name", "slots", "signals", "manager", "inventory", "_trader", "_held", "_first",
    )

    def __init__(self, config, trader):
        self.config = config
        self.name = config.name or config.model
        self.slots = (config.slot,)
        known = trader.market.signals
        key = (config.slot, config.half_life_s)
        #: The first maker that needs an estimate tells it of trades; all others only look.
        self._first = key not in known
        self.signals = known.setdefault(key, Signals(config.half_life_s))
        self.manager = Manager(trader, config.slot, self.name, config.care)
        self.inventory = 0
        self._trader = trader
        #: The inventory in quote sizes.
        self._held = 0.0
        self.wire()

    def wire(self):
        """Take what is not remembered but follows from what is."""
        config, trader = self.config, self._trader
        self._quoter = Quoter(
            config.model, config.parameters, self.signals, config.layers, config.step_bps
        )
        self._touch_of = trader.market.sight.touch
        self._switch = trader.switch
        self._lines = trader.risk.lines
        self._line = None

    def on_quote(self, slot, int64_t now):
        """The touch changed, or may not be used any more: then nothing rests on it."""
        cdef tuple touch = self._touch_of(slot, now)
        if touch is None or not touch[1] or not touch[3]:
            self.manager.pull()
            return
        self.signals.on_touch(touch, now)
        if self._switch.state is _HALT:
            return
        line = self._lines[slot]
        if line is not self._line:
            self._size(line)
        if not self._lots:
            self.manager.pull()
        elif not self._calm(touch, now):
            bids, asks = self._quoter.prices(touch, self._held, line.tick, self._lots, now)
            self.manager.rest(bids, asks, now)

    cdef int _size(self, line) except -1:
        """Work out a quote's lots on the instrument's grids as they are now."""
        lots = self.config.size // line.units.lot
        lots -= lots % line.lot
        self._line, self._lots = line, lots
        # Nothing beyond is compared in 64 bits.
        self._whole = lots if lots < _LARGE and line.tick < _LARGE else 0
        self._tick = line.tick if self._whole else 1
        return 0

    cdef bint _calm(self, tuple touch, int64_t now) except -1:
        """Tell whether the quotes can stay where they are; False also where that is not known."""
        cdef int64_t prices[HELD_MAX]
        cdef double bid, ask
        cdef int count
        if not self._whole or self._quoter.layers > HELD_MAX:
            return False
        self.manager.hungry = 0
        self._quoter.quote(self._held, now, &bid, &ask)
        count = self._quoter.bids(
            bid, self._held, self._tick, <int64_t>touch[2] - self._tick, prices, HELD_MAX
        )
        if not self.manager.calm(0, prices, count, self._whole, now):
            return False
        count = self._quoter.asks(
            ask, self._held, self._tick, <int64_t>touch[0] + self._tick, prices, HELD_MAX
        )
        if not self.manager.calm(1, prices, count, self._whole, now):
            return False
        if self.manager.hungry:
            self.manager.starved += self.manager.hungry
        return True

    def on_trade(self, slot, int64_t price, int64_t lots, int64_t now, *, bint buyer):
        """A public trade."""
        if self._first:
            self.signals.on_trade(price, lots, now, buyer=buyer)

    def on_fill(self, fill, now):
        """A quote was filled."""
        order = fill.order
        lot = self._lines[order.slot].units.lot
        self.inventory += order.side.sign * fill.lots * lot
        self._held = self.inventory / self.config.size

    def on_end(self, order, now):
        """A quote is gone: the next change of the touch brings another."""

    def on_timer(self, subject, now):
        """No timers are set."""

    def on_state(self, state, now):
        """A halt has cancelled everything; after it the next touch brings quotes again."""

    def rescale(self, slot, price, size):
        """The instrument's grids became finer."""
        if self._first:
            self.signals.rescale(price, size)

    def violation(self):
        """Return '': the inventory's bound is the model's and risk's."""
        return ""
