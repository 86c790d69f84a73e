"""The plain twin of arb.quoting.quoter, over the models as they are written for reading."""

import math

from arb.quoting.model import MODELS, Parameters, View
from arb.quoting.plain_signals import PlainSignals

_LIMIT = 2.0**62


class PlainQuoter:
    """Twin of `Quoter`."""

    def __init__(
        self,
        model: str,
        parameters: Parameters,
        signals: PlainSignals,
        layers: int,
        step_bps: float,
    ) -> None:
        self._model = MODELS[model]
        self._parameters = parameters
        self._signals = signals
        self._layers = layers
        self._step_bps = step_bps

    def prices(
        self, touch: tuple[int, int, int, int], inventory: float, tick: int, lots: int, now: int
    ) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return (price, lots) of bids and of asks, best first."""
        quote = self._model(self._view(inventory, now), self._parameters)
        step = self._signals.mid * self._step_bps / 10_000.0
        bids, asks = [], []
        for layer in range(self._layers):
            if quote.bid is not None:
                value = quote.bid - layer * step
                if _is_price(value):
                    price = min(math.floor(value), touch[2] - tick)
                    bids.append(price - price % tick)
            if quote.ask is not None:
                value = quote.ask + layer * step
                if _is_price(value):
                    price = max(math.ceil(value), touch[0] + tick)
                    asks.append(price + -price % tick)
        return [(one, lots) for one in bids if one > 0], [(one, lots) for one in asks if one > 0]

    def _view(self, inventory: float, now: int) -> View:
        signals = self._signals
        return View(
            signals.mid,
            signals.microprice,
            signals.volatility(now),
            inventory,
            signals.imbalance,
            signals.order_flow(now),
            signals.vpin.value if signals.vpin is not None else None,
            signals.intensity(now),
        )


def _is_price(value: float) -> bool:
    return math.isfinite(value) and abs(value) < _LIMIT
