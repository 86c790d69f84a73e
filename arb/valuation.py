"""What a world holds is worth, read without a trace: neither prices nor rates are remembered."""

from arb.portfolio.position import Position
from arb.trader import Trader
from market.fees import PPB


def mark(trader: Trader, slot: int, base: int) -> int:
    """Return the value of a base amount at the mid price or the last known one."""
    held = trader.portfolio.holdings[slot]
    mid2 = trader.mid2(slot) or held.last_mid2
    return base * mid2 * held.units.notional // (2 * held.units.lot)


def rate(trader: Trader, asset: str) -> int:
    """Return a currency's rate in parts per billion, the last known one, 0 before any."""
    found = trader.rates.mid_ppb(asset, trader.currency, trader.now)
    return found or trader.portfolio.rates.get(asset, 0)


def profit(trader: Trader) -> int:
    """Return profit and loss so far in reporting amounts, as `Trader.profit` does."""
    by_slot: dict[int, Position] = {}
    for (slot, _), one in trader.portfolio.positions.items():
        by_slot.setdefault(slot, Position()).add(one)
    total = 0
    for slot, position in by_slot.items():
        gain = position.total(mark(trader, slot, position.base))
        total += gain * rate(trader, trader.portfolio.holdings[slot].instrument.quote) // PPB
    return total
