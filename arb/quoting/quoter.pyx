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

    cdef Signals signals
    cdef int model
    cdef int layers
    cdef double step_bps
    cdef double half_bps
    cdef double skew
    cdef double gamma
    cdef double horizon_s
    cdef double sigmas
    cdef double inventory_max

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
        cdef double bid, ask, step, value
        cdef int64_t price
        cdef int64_t most = <int64_t>touch[2] - tick
        cdef int64_t least = <int64_t>touch[0] + tick
        cdef int layer
        cdef list bids = [], asks = []
        self._model(inventory, now, &bid, &ask)
        step = self.signals.mid * self.step_bps / 10_000.0
        for layer in range(self.layers):
            if inventory < self.inventory_max:
                value = floor(bid - layer * step)
                if isfinite(value) and fabs(value) < _LIMIT:
                    price = min(<int64_t>value, most)
                    if price > 0:
                        price -= price % tick
                    if price > 0:
                        bids.append((price, lots))
            if inventory > -self.inventory_max:
                value = ceil(ask + layer * step)
                if isfinite(value) and fabs(value) < _LIMIT:
                    price = max(<int64_t>value, least)
                    if price > 0:
                        asks.append((price + (tick - price % tick) % tick, lots))
        return bids, asks

    cdef void _model(self, double q, int64_t now, double *bid, double *ask) noexcept:
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
