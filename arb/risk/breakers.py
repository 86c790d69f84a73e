"""Breakers: what stops trading by itself."""

from collections import deque
from dataclasses import dataclass, field

from arb.risk.limits import RiskLimits
from arb.risk.reason import Cause, RiskState
from arb.risk.switch import RiskSwitch
from market.amount import AMOUNT_DECIMALS
from market.fees import PPB

_ONE = 10**AMOUNT_DECIMALS

#: Prices of one instrument that are kept to see a jump; more within the window are thinned out.
PRICES_MAX = 512


@dataclass(slots=True)
class Breakers:
    """Loss, drawdown from the peak, price jumps and data that cannot be trusted.

    `profit` amounts are in the reporting currency. A jump or doubtful data reduce, a loss halts.
    """

    limits: RiskLimits
    switch: RiskSwitch
    peak: int = 0
    drawdown: int = 0
    _prices: dict[int, deque[tuple[int, int]]] = field(default_factory=dict)
    _doubted: dict[int, int] = field(default_factory=dict)

    def hear_profit(self, profit: int) -> None:
        """Profit and loss of the run so far."""
        self.peak = max(self.peak, profit)
        self.drawdown = max(self.drawdown, self.peak - profit)
        limits = self.limits
        if limits.loss_max and profit < -limits.loss_max * _ONE:
            self.switch.trip(Cause.LOSS, RiskState.HALT, f"loss beyond {limits.loss_max}")
        if limits.drawdown_max and self.peak - profit > limits.drawdown_max * _ONE:
            self.switch.trip(
                Cause.DRAWDOWN, RiskState.HALT, f"drawdown beyond {limits.drawdown_max}"
            )

    def rebase(self, profit: int) -> None:
        """Start the drawdown anew from here: what resuming after one means."""
        self.peak = profit

    def hear_price(self, slot: int, mid2: int, now: int, name: str) -> None:
        """Twice the mid price of an instrument in ticks."""
        limits = self.limits
        if not limits.jump_ppb or not limits.jump_ns:
            return
        prices = self._prices.setdefault(slot, deque(maxlen=PRICES_MAX))
        while prices and prices[0][0] < now - limits.jump_ns:
            prices.popleft()
        for _, old in (prices[0], prices[-1]) if prices else ():
            if abs(mid2 - old) * PPB > old * limits.jump_ppb:
                self.switch.trip(Cause.PRICE_JUMP, RiskState.REDUCE, f"{name} moved from {old}")
                break
        # A window's worth of prices is thinned, not cut short: one in so many is kept.
        if not prices or now - prices[-1][0] >= limits.jump_ns // PRICES_MAX:
            prices.append((now, mid2))

    def rescale(self, slot: int, factor: int) -> None:
        """The instrument's ticks became finer."""
        prices = self._prices.get(slot)
        if prices is not None:
            self._prices[slot] = deque(((at, p * factor) for at, p in prices), PRICES_MAX)

    def hear_data(self, slot: int, now: int, name: str, *, usable: bool) -> None:
        """Whether the quote of an instrument that we have orders or positions in may be used."""
        if usable:
            self._doubted.pop(slot, None)
            return
        since = self._doubted.setdefault(slot, now)
        if self.limits.doubt_ns and now - since > self.limits.doubt_ns:
            self.switch.trip(Cause.DATA_QUALITY, RiskState.REDUCE, f"{name} cannot be trusted")
