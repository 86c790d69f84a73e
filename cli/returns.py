"""Returns of the traded assets, sampled at equal times, for the report of value at risk."""

from collections import deque

from arb.desk import TradingDesk

#: Samples that are kept: an hour's.
RETURNS_MAX = 3_600


class Returns:
    """One return of each base asset a sample, zero where nothing is known; the driver samples."""

    interval_seconds = 1

    def __init__(self) -> None:
        self._mids: dict[tuple[str, int], float] = {}
        self._returns: dict[str, deque[float]] = {}

    def sample(self, desk: TradingDesk) -> None:
        """Take the mid price of the first usable book of each base asset."""
        trader = next(iter(desk.worlds.values())).trader
        seen: set[str] = set()
        for slot in trader.risk.lines:
            asset = trader.market.instruments[slot].base
            mid2 = trader.mid2(slot)
            if asset in seen or not mid2:
                continue
            seen.add(asset)
            units = trader.risk.lines[slot].units
            price = mid2 * units.notional / units.lot
            # Prices of one asset in several books do not compare: each has its own.
            old = self._mids.get((asset, slot))
            self._mids[asset, slot] = price
            self._of(asset).append(0.0 if old is None else price / old - 1.0)
        for asset in self._returns.keys() - seen:
            self._returns[asset].append(0.0)

    def by_asset(self) -> dict[str, list[float]]:
        """Return the sampled returns by asset, oldest first."""
        return {asset: list(series) for asset, series in self._returns.items()}

    def _of(self, asset: str) -> deque[float]:
        return self._returns.setdefault(asset, deque(maxlen=RETURNS_MAX))
