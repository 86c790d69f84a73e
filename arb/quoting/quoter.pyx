"""A model's quotes as prices to rest at: model, layers and rounding in one compiled call.

The formulas are those of arb.quoting.model; arb.quoting.plain_quoter, which calls them, is the twin.
"""

from arb.quoting.signals cimport Signals
from libc.math cimport ceil, exp, fabs, floor, isfinite, log1p, sqrt
from libc.stdint cimport int64_t

cdef enum:
    SYMMETRIC
    SKEW
    ADAPTIVE
    AVELLANEDA
    GLFT

_MODELS = {
    "symmetric": SYMMETRIC,
    "skew": SKEW,
    "adaptive": ADAPTIVE,
    "avellaneda": AVELLANEDA,
    "glft": GLFT,
}

#: Prices beyond this are no prices.
cdef double _LIMIT = 4611686018427387904.0


cdef class Quoter:
    """Quotes of one model over one instrument's signals; `layers` a side, `step_bps` apart."""

    def __init__(
        self, str model not None, parameters, Signals signals not None, int layers, double step_bps
    ):
        self.model = _MODELS[model]
        self.signals = signals
        self.layers = layers
        self.step_bps = step_bps
        self.half_bps = parameters.half_bps
        self.skew = parameters.skew
        self.gamma = parameters.gamma
        self.horizon_s = parameters.horizon_s
        self.sigmas = parameters.sigmas
        self.inventory_max = parameters.inventory_max

    def prices(
        self, tuple touch not None, double inventory, int64_t tick, lots, int64_t now
    ):
        """Return (price, lots) of bids and of asks in ticks, best first: rounded away from the market.

        Never through it. `inventory` is in quote sizes. A side beyond its bound, and a price that is none, is left out.
        """
        cdef double bid, ask
        cdef int64_t price, most = <int64_t>touch[2] - tick, least = <int64_t>touch[0] + tick
        cdef int layer
        cdef list bids = [], asks = []
        self.quote(inventory, now, &bid, &ask)
        for layer in range(self.layers):
            if inventory < self.inventory_max:
                price = self._bid(bid, layer, tick, most)
                if price:
                    bids.append((price, lots))
            if inventory > -self.inventory_max:
                price = self._ask(ask, layer, tick, least)
                if price:
                    asks.append((price, lots))
        return bids, asks

    cdef int bids(
        self, double bid, double inventory, int64_t tick, int64_t most, int64_t *to, int room
    ) noexcept:
        """Write the bids' prices, best first, at most `room`; returns how many there are."""
        cdef int layer, count = 0
        cdef int64_t price
        if inventory < self.inventory_max:
            for layer in range(self.layers):
                price = self._bid(bid, layer, tick, most)
                if price:
                    if count < room:
                        to[count] = price
                    count += 1
        return count

    cdef int asks(
        self, double ask, double inventory, int64_t tick, int64_t least, int64_t *to, int room
    ) noexcept:
        """Write the asks' prices, best first, at most `room`; returns how many there are."""
        cdef int layer, count = 0
        cdef int64_t price
        if inventory > -self.inventory_max:
            for layer in range(self.layers):
                price = self._ask(ask, layer, tick, least)
                if price:
                    if count < room:
                        to[count] = price
                    count += 1
        return count

    cdef int64_t _bid(self, double bid, int layer, int64_t tick, int64_t most) noexcept:
        """Return the price of a layer, 0 where it is none."""
        cdef double value = floor(bid - layer * (self.signals.mid * self.step_bps / 10_000.0))
        cdef int64_t price
        if not (isfinite(value) and fabs(value) < _LIMIT):
            return 0
        price = min(<int64_t>value, most)
        if price <= 0:
            return 0
        return price - price % tick

    cdef int64_t _ask(self, double ask, int layer, int64_t tick, int64_t least) noexcept:
        """Return the price of a layer, 0 where it is none."""
        cdef double value = ceil(ask + layer * (self.signals.mid * self.step_bps / 10_000.0))
        cdef int64_t price
        if not (isfinite(value) and fabs(value) < _LIMIT):
            return 0
        price = max(<int64_t>value, least)
        if price <= 0:
            return 0
        return price + (tick - price % tick) % tick

    cdef void quote(self, double q, int64_t now, double *bid, double *ask) noexcept:
        """Set the model's bid and ask."""
        cdef double mid = self.signals.mid
        cdef double half = mid * self.half_bps / 10_000.0
        cdef double centre = mid
        cdef double gamma = self.gamma
        cdef double a = 0.0, k = 0.0, sigma, variance, first, second, growth
        cdef bint known
        if self.model == GLFT:
            known = self.signals.arrivals(now, &a, &k)
            if known and a > 0.0:
                sigma = self.signals.sigma(now)
                first = log1p(gamma / k) / gamma
                growth = exp((1.0 + k / gamma) * log1p(gamma / k))
                second = sqrt(sigma * sigma * gamma / (2.0 * k * a) * growth)
                bid[0] = mid - first - second * (1.0 + 2.0 * q) / 2.0
                ask[0] = mid + first + second * (1.0 - 2.0 * q) / 2.0
                return
        if self.model == AVELLANEDA:
            sigma = self.signals.sigma(now)
            variance = sigma * sigma * self.horizon_s
            centre = mid - q * gamma * variance
            if self.signals.arrivals(now, &a, &k):
                half = log1p(gamma / k) / gamma
            half = half + gamma * variance / 2.0
        elif self.model == ADAPTIVE:
            half = max(half, self.sigmas * self.signals.sigma(now) * sqrt(self.horizon_s))
            centre = self.signals.weighted() - q * self.skew * half
        elif self.model != SYMMETRIC:
            centre = mid - q * self.skew * half
        bid[0] = centre - half
        ask[0] = centre + half
