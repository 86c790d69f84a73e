"""Signals of one book and its trades, in ticks, lots and seconds. Floats: nothing is acted on here.

Every estimate forgets exponentially, with a stated half-life, so that its memory is one number. One
object serves every maker of an instrument in every world: what it hears is the same in all. The
plain twin is arb.quoting.plain_signals.
"""

from libc.math cimport exp, log, sqrt
from libc.stdint cimport int64_t

from arb.quoting.vpin import Vpin

cdef double _LN2 = log(2.0)
cdef double _NS = 1e9


cdef void _decay(decayed_t *one, int64_t now) noexcept nogil:
    """Let time pass."""
    if now > one.at_ns:
        one.total *= exp(-_LN2 * <double>(now - one.at_ns) / (_NS * one.half_life_s))
        one.at_ns = now


cdef void _add(decayed_t *one, double value, int64_t now) noexcept nogil:
    """Add a term."""
    _decay(one, now)
    one.total += value


cdef class Signals:
    """What the models see of one instrument."""

    def __init__(self, double half_life_s=30.0, double vpin_bucket=0.0):
        if not half_life_s > 0.0:
            raise ValueError(f"half_life_s must be positive, not {half_life_s}")
        self.half_life_s = half_life_s
        self.squares.half_life_s = half_life_s
        self.flow.half_life_s = 1.0
        self.trades.half_life_s = half_life_s
        self.distances.half_life_s = half_life_s
        self.vpin = Vpin(vpin_bucket) if vpin_bucket > 0.0 else None
        self.touch = (0, 0, 0, 0)

    def on_touch(self, tuple touch not None, int64_t now):
        """The best bid or ask changed; both sides are there. The same touch again tells nothing."""
        cdef int64_t bid, bid_lots, ask, ask_lots
        cdef double mid, move, change = 0.0
        if touch is self.touch and self.mid:
            return
        bid, bid_lots, ask, ask_lots = touch
        mid = (touch[0] + touch[2]) / 2.0
        if self.mid:
            # Order-flow imbalance at the touch (Cont, Kukanov, Stoikov 2014), in lots.
            if bid >= self.bid:
                change += <double>bid_lots
            if bid <= self.bid:
                change -= <double>self.bid_lots
            if ask <= self.ask:
                change -= <double>ask_lots
            if ask >= self.ask:
                change += <double>self.ask_lots
            if change != 0.0:
                _add(&self.flow, change, now)
            move = mid - self.mid
            if move != 0.0:
                _add(&self.squares, move * move, now)
        else:
            self.first_ns = now
            self.squares.at_ns = now
        self.bid, self.bid_lots, self.ask, self.ask_lots = bid, bid_lots, ask, ask_lots
        self.mid = mid
        self.touch = touch

    def on_trade(self, int64_t price, int64_t lots, int64_t now, *, bint buyer):
        """A public trade: how far from the mid price it reached says how far quotes are met."""
        cdef double reach
        if self.vpin is not None:
            self.vpin.add(float(lots), buyer=buyer)
        if self.mid:
            reach = <double>price - self.mid if buyer else self.mid - <double>price
            _add(&self.trades, 1.0, now)
            _add(&self.distances, reach if reach > 0.5 else 0.5, now)

    @property
    def imbalance(self):
        """(bid lots - ask lots) / both: from -1 to 1."""
        cdef double both = <double>self.bid_lots + <double>self.ask_lots
        return (<double>self.bid_lots - <double>self.ask_lots) / both if both else 0.0

    @property
    def microprice(self):
        """The touch weighted by the opposite side's size, in ticks."""
        return self.weighted()

    cdef double weighted(self) noexcept nogil:
        """`microprice` for compiled callers."""
        cdef double both = <double>self.bid_lots + <double>self.ask_lots
        if both == 0.0:
            return self.mid
        return (
            <double>self.bid * <double>self.ask_lots + <double>self.ask * <double>self.bid_lots
        ) / both

    def order_flow(self, int64_t now):
        """Order-flow imbalance of the last second or so, in lots."""
        _decay(&self.flow, now)
        return self.flow.total

    def volatility(self, int64_t now):
        """Standard deviation of the mid price in ticks for one second; 0 before it moved."""
        return self.sigma(now)

    cdef double sigma(self, int64_t now) noexcept nogil:
        """`volatility` for compiled callers."""
        cdef double elapsed = <double>(now - self.first_ns) / _NS
        cdef double life, weight
        if elapsed <= 0.0:
            return 0.0
        # The decayed time since the start: what the decayed sum of squares is spread over.
        life = self.half_life_s / _LN2
        weight = life * (1.0 - exp(-elapsed / life))
        _decay(&self.squares, now)
        return sqrt(self.squares.total / weight)

    def intensity(self, int64_t now):
        """Return (A per second, k per tick) of arrivals A exp(-k d) at distance d, or None.

        Trades one side meets: half of them. k is the inverse of their mean reach (the maximum
        likelihood of an exponential). None until some trades were seen.
        """
        cdef double a, k
        return (a, k) if self.arrivals(now, &a, &k) else None

    cdef bint arrivals(self, int64_t now, double *a, double *k) noexcept nogil:
        """`intensity` for compiled callers; False where it is None."""
        cdef double elapsed = <double>(now - self.first_ns) / _NS
        cdef double life, weight
        _decay(&self.trades, now)
        _decay(&self.distances, now)
        if self.trades.total < 3.0 or elapsed <= 0.0:
            return False
        life = self.half_life_s / _LN2
        weight = life * (1.0 - exp(-elapsed / life))
        a[0] = self.trades.total / weight / 2.0
        k[0] = self.trades.total / self.distances.total
        return True

    def rescale(self, price, size):
        """Ticks and lots became finer by these factors; OverflowError beyond 64 bits."""
        self.bid, self.ask = self.bid * price, self.ask * price
        self.bid_lots, self.ask_lots = self.bid_lots * size, self.ask_lots * size
        self.mid *= price
        self.touch = (self.bid, self.bid_lots, self.ask, self.ask_lots)
        self.squares.total *= price * price
        self.distances.total *= price
        self.flow.total *= size
        if self.vpin is not None:
            self.vpin.bucket *= size
            self.vpin.bought *= size
            self.vpin.sold *= size

    def dump(self):
        """Return all that it remembers as plain values, for `load`; but for `vpin`."""
        return (
            self.half_life_s,
            self.touch,
            self.mid,
            self.first_ns,
            (self.squares.total, self.squares.at_ns),
            (self.flow.total, self.flow.at_ns),
            (self.trades.total, self.trades.at_ns),
            (self.distances.total, self.distances.at_ns),
        )

    @classmethod
    def load(cls, tuple state not None, vpin):
        """Return signals from what `dump` returned; ValueError and TypeError for anything else."""
        cdef Signals made = cls(state[0])
        touch, made.mid, made.first_ns = state[1:4]
        made.touch = tuple(touch)
        made.bid, made.bid_lots, made.ask, made.ask_lots = touch
        made.squares.total, made.squares.at_ns = state[4]
        made.flow.total, made.flow.at_ns = state[5]
        made.trades.total, made.trades.at_ns = state[6]
        made.distances.total, made.distances.at_ns = state[7]
        made.vpin = vpin
        return made
