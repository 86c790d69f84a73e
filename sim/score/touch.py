"""A best bid and ask as one comparable value, whoever tells it."""

from decimal import Decimal
from typing import NamedTuple

#: Everything is counted in units of 10**-18: finer than any grid of a venue.
DECIMALS = 18


class TouchKey(NamedTuple):
    """Best bid and ask, prices and sizes in units of 10**-18; a side that is empty is zeros."""

    bid: int
    bid_size: int
    ask: int
    ask_size: int


def units(count: int, step: int, decimals: int) -> int:
    """Return count * step / 10**decimals in units of 10**-18."""
    scale: int = 10 ** (DECIMALS - decimals)
    return count * step * scale


def text_units(text: str) -> int:
    """Return decimal text in units of 10**-18, exactly; more digits than that are a bug."""
    scaled = Decimal(text).scaleb(DECIMALS)
    whole = int(scaled)
    assert whole == scaled, text
    return whole
