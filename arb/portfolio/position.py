"""The position in one instrument of one strategy, with where its profit and loss came from."""

from dataclasses import dataclass

from market.order import Side


@dataclass(slots=True)
class Position:
    """Average-cost accounting in amounts; quote currency unless said otherwise.

    `base` is what is held, signed, in base currency; `cost` what it cost, with the sign of `base`.
    `spread` sums how much better than the mid price our makers' fills were, `slippage` how much
    worse our takers' fills were than the mid price at that moment, `mids` what all fills would have
    cost at mid: profit and loss is spread - slippage - fees + inventory, exactly, where inventory
    is what the position gained while it was held.
    """

    base: int = 0
    cost: int = 0
    realised: int = 0
    fees: int = 0
    spread: int = 0
    slippage: int = 0
    mids: int = 0
    bought: int = 0
    sold: int = 0
    turnover: int = 0
    fills: int = 0

    def trade(self, side: Side, base: int, value: int, mid_value: int, *, maker: bool) -> None:
        """Book `base` units traded for `value`, which are worth `mid_value` at the mid price."""
        sign = side.sign
        self.fills += 1
        self.turnover += value
        if sign > 0:
            self.bought += base
        else:
            self.sold += base
        better = sign * (mid_value - value)
        if maker:
            self.spread += better
        else:
            self.slippage -= better
        self.mids += sign * mid_value
        self._hold(sign, base, value)

    def pay(self, fee: int) -> None:
        """Book a fee in quote currency; a rebate is negative."""
        self.fees += fee

    def pay_base(self, fee: int, worth: int) -> None:
        """Book a fee taken in base: as if that much had been sold for `worth` to pay it."""
        self.fees += worth
        self.mids -= worth
        self._hold(-1, fee, worth)

    def _hold(self, sign: int, base: int, value: int) -> None:
        if self.base * sign >= 0:
            self.base += sign * base
            self.cost += sign * value
            return
        closing = min(base, abs(self.base))
        part = value * closing // base
        # The last unit takes what rounding left, so that a flat position has cost nothing.
        cost = self.cost if closing == abs(self.base) else self.cost * closing // abs(self.base)
        self.realised += -sign * part - cost
        self.base += sign * closing
        self.cost -= cost
        if base > closing:
            self.base += sign * (base - closing)
            self.cost += sign * (value - part)

    def unrealised(self, mark: int) -> int:
        """Return what the position is worth above its cost; `mark` is the value of `base`."""
        return mark - self.cost

    def total(self, mark: int) -> int:
        """Return profit and loss after fees."""
        return self.realised + self.unrealised(mark) - self.fees

    def inventory(self, mark: int) -> int:
        """Return what holding the position has gained: the part of no trade and no fee."""
        return mark - self.mids

    def add(self, other: "Position") -> None:
        """Take in another position's sums, for totals over strategies."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
