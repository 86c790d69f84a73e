"""The books that a strategy's legs are converted through."""

from arb.hedging.config import HedgeConfig
from arb.trader import Trader


def conversions(trader: Trader, hedge: HedgeConfig) -> tuple[int, ...]:
    """Return the slots of the books between the quote currencies of a hedge's legs."""
    instruments = trader.market.instruments
    target = instruments[hedge.maker].quote
    found = []
    for slot in hedge.venues:
        between = trader.rates.slot_between(instruments[slot].quote, target)
        if instruments[slot].quote != target and between is not None:
            found.append(between[0])
    return tuple(dict.fromkeys(found))
