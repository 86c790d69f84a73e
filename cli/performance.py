"""How a world did over a run: its profit sampled over time, and the figures made of it."""

import math
from dataclasses import dataclass, field
from itertools import pairwise

from arb.trader import Trader
from market.amount import AMOUNT_DECIMALS

#: Time between samples, and most samples kept: then every second one goes and the time doubles.
SAMPLE_NS = 1_000_000_000
SAMPLES_MAX = 4_096
#: Below this many returns a Sharpe ratio says nothing.
SHARPE_RETURNS_MIN = 100
_YEAR_S = 365.25 * 86_400
_ONE = 10**AMOUNT_DECIMALS


@dataclass(slots=True)
class Performance:
    """Samples of (time, profit) of one world in reporting amounts, at equal times."""

    trader: Trader
    step_ns: int = SAMPLE_NS
    samples: list[tuple[int, int]] = field(default_factory=list)
    _due_ns: int = 0

    def after(self, now: int) -> None:
        """An input is done."""
        if now < self._due_ns:
            return
        self._due_ns = now - now % self.step_ns + self.step_ns
        self.samples.append((now, self.trader.profit()))
        if len(self.samples) >= SAMPLES_MAX:
            del self.samples[1::2]
            self.step_ns *= 2

    @property
    def drawdown(self) -> int:
        """The largest fall from a peak, in reporting amounts."""
        peak = worst = 0
        for _, profit in self.samples:
            peak = max(peak, profit)
            worst = max(worst, peak - profit)
        return worst

    @property
    def sharpe(self) -> float | None:
        """Annualised mean over deviation of the profit's steps; None below SHARPE_RETURNS_MIN."""
        values: list[float] = [profit / _ONE for _, profit in self.samples]
        steps = [after - before for before, after in pairwise(values)]
        if len(steps) < SHARPE_RETURNS_MIN:
            return None
        mean = sum(steps) / len(steps)
        variance = sum((step - mean) ** 2 for step in steps) / (len(steps) - 1)
        if variance == 0.0:
            return None
        return mean / math.sqrt(variance) * math.sqrt(_YEAR_S / (self.step_ns / 1e9))


def fill_ratio(trader: Trader) -> float | None:
    """Return the share of placed orders that traded at all; None when none was placed."""
    totals = trader.store.totals
    return totals.traded / totals.placed if totals.placed else None
