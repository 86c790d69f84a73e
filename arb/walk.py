"""The depth walk: how much of a crossing pays after fees."""

from dataclasses import dataclass

from market.fees import PPB, fee

#: Price in common units, size in common base units, best first.
Levels = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Costs:
    """Fee rates of a two-leg trade in parts per billion; the converted leg pays twice."""

    sell_ppb: int
    buy_ppb: int
    sell_conversion_ppb: int = 0
    buy_conversion_ppb: int = 0

    @property
    def sell_factor(self) -> int:
        """What remains of proceeds, in PPB squared."""
        return (PPB - self.sell_ppb) * (PPB - self.sell_conversion_ppb)

    @property
    def buy_factor(self) -> int:
        """What a purchase takes, in PPB squared."""
        return (PPB + self.buy_ppb) * (PPB + self.buy_conversion_ppb)


@dataclass(frozen=True, slots=True)
class Result:
    """A two-leg trade: base size, proceeds, cost and fees, all in common integer units."""

    base: int
    proceeds: int
    cost: int
    fees: int

    @property
    def net(self) -> int:
        """Profit after fees; fees are rounded up."""
        return self.proceeds - self.cost - self.fees


def walk(sells: Levels, buys: Levels, costs: Costs, limit: int, *, forced: bool = False) -> Result:
    """Sell into bids and buy from asks while each further unit pays; at most `limit` base units.

    The size at which marginal profit ends is the size of most profit, because prices only get
    worse. `forced` trades the whole limit, as far as depth reaches, paying or not.
    """
    i = j = base = proceeds = cost = 0
    sell_left = sells[0][1] if sells else 0
    buy_left = buys[0][1] if buys else 0
    while i < len(sells) and j < len(buys) and base < limit:
        sell, buy = sells[i][0], buys[j][0]
        if not forced and sell * costs.sell_factor <= buy * costs.buy_factor:
            break
        size = min(sell_left, buy_left, limit - base)
        base += size
        proceeds += size * sell
        cost += size * buy
        sell_left -= size
        buy_left -= size
        if sell_left == 0:
            i += 1
            sell_left = sells[i][1] if i < len(sells) else 0
        if buy_left == 0:
            j += 1
            buy_left = buys[j][1] if j < len(buys) else 0
    return Result(base, proceeds, cost, _fees(proceeds, cost, costs))


def _fees(proceeds: int, cost: int, costs: Costs) -> int:
    """Return all fees: what is converted is what the leg's own fee left, or also asks for."""
    sell, buy = fee(proceeds, costs.sell_ppb), fee(cost, costs.buy_ppb)
    sell += fee(proceeds - sell, costs.sell_conversion_ppb)
    buy += fee(cost + buy, costs.buy_conversion_ppb)
    return sell + buy
