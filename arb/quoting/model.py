"""Quoting models: pure functions from a small state to a bid and an ask, in ticks.

The caller rounds: bids down and asks up to the instrument's tick, so that a model's quote is never
tightened by rounding.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class Quote(NamedTuple):
    """A bid and an ask in ticks, before rounding; None where the model does not quote."""

    bid: float | None
    ask: float | None


@dataclass(frozen=True, slots=True)
class View:
    """What a model sees. Prices in ticks; `inventory` in quote sizes, long positive.

    `sigma` is the standard deviation of the mid price in ticks for one second, `intensity` (A, k)
    of arrivals A exp(-k d) per second at d ticks, None when not known yet. `imbalance` lies
    between -1 and 1.
    """

    mid: float
    microprice: float
    sigma: float
    inventory: float
    imbalance: float = 0.0
    order_flow: float = 0.0
    vpin: float | None = None
    intensity: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Parameters:
    """What shapes the models; each names those that it uses.

    `half_bps`: half spread in basis points of the mid price. `skew`: by what part of the half
    spread one quote size of inventory moves both quotes. `gamma`: risk aversion per quote size and
    tick. `horizon_s`: time over which inventory is held. `sigmas`: half spread in standard
    deviations over the horizon. `inventory_max`: quote sizes beyond which a side is left out.
    """

    half_bps: float = 5.0
    skew: float = 0.5
    gamma: float = 0.01
    horizon_s: float = 5.0
    sigmas: float = 1.0
    inventory_max: float = 5.0


Model = Callable[[View, Parameters], Quote]


def symmetric(view: View, parameters: Parameters) -> Quote:
    """Quote `half_bps` on either side of the mid price, whatever is held."""
    return _limited(view, parameters, view.mid, _half(view, parameters))


def skew(view: View, parameters: Parameters) -> Quote:
    """Move both quotes against the inventory by `skew` half spreads a quote size held."""
    half = _half(view, parameters)
    centre = view.mid - view.inventory * parameters.skew * half
    return _limited(view, parameters, centre, half)


def adaptive(view: View, parameters: Parameters) -> Quote:
    """Widen with volatility: `sigmas` standard deviations over the horizon, never below half_bps.

    Centred on the microprice, skewed as in `skew`.
    """
    spread = parameters.sigmas * view.sigma * math.sqrt(parameters.horizon_s)
    half = max(_half(view, parameters), spread)
    centre = view.microprice - view.inventory * parameters.skew * half
    return _limited(view, parameters, centre, half)


def avellaneda(view: View, parameters: Parameters) -> Quote:
    """Avellaneda and Stoikov (2008) with a rolling horizon.

    Reservation price: mid - q gamma sigma^2 T; spread: gamma sigma^2 T + (2 / gamma) ln(1 +
    gamma / k). Before k is known, `half_bps` stands in for the second term.
    """
    gamma, horizon = parameters.gamma, parameters.horizon_s
    variance = view.sigma * view.sigma * horizon
    centre = view.mid - view.inventory * gamma * variance
    if view.intensity is None:
        half = _half(view, parameters)
    else:
        half = math.log1p(gamma / view.intensity[1]) / gamma
    return _limited(view, parameters, centre, half + gamma * variance / 2.0)


def glft(view: View, parameters: Parameters) -> Quote:
    """Gueant, Lehalle and Fernandez-Tapia (2013), the asymptotic quotes with inventory bounds.

    Half spread on a side: (1 / gamma) ln(1 + gamma / k) + (1 +- 2 q) / 2 * sqrt(sigma^2 gamma /
    (2 k A) * (1 + gamma / k)^(1 + k / gamma)). Before A and k are known it quotes as `skew` does.
    """
    if view.intensity is None or view.intensity[0] <= 0.0:
        return skew(view, parameters)
    arrivals, k = view.intensity
    gamma = parameters.gamma
    first = math.log1p(gamma / k) / gamma
    growth = math.exp((1.0 + k / gamma) * math.log1p(gamma / k))
    second = math.sqrt(view.sigma * view.sigma * gamma / (2.0 * k * arrivals) * growth)
    bid = view.mid - first - second * (1.0 + 2.0 * view.inventory) / 2.0
    ask = view.mid + first + second * (1.0 - 2.0 * view.inventory) / 2.0
    return _bounded(view, parameters, bid, ask)


def _half(view: View, parameters: Parameters) -> float:
    return view.mid * parameters.half_bps / 10_000.0


def _limited(view: View, parameters: Parameters, centre: float, half: float) -> Quote:
    return _bounded(view, parameters, centre - half, centre + half)


def _bounded(view: View, parameters: Parameters, bid: float, ask: float) -> Quote:
    """Leave out the side that would take the inventory beyond its bound."""
    most = parameters.inventory_max
    return Quote(
        bid if view.inventory < most else None,
        ask if view.inventory > -most else None,
    )


MODELS: dict[str, Model] = {
    "symmetric": symmetric,
    "skew": skew,
    "adaptive": adaptive,
    "avellaneda": avellaneda,
    "glft": glft,
}
