"""The price of an IOC order that may reach only so far beyond the touch."""

from arb.trader import Touch
from market.fees import PPB
from market.order import Side


def beyond(price: int, side: Side, band_ppb: int) -> int:
    """Return the last price in ticks within a band: a purchase is rounded down, a sale up."""
    if side is Side.BUY:
        return price * (PPB + band_ppb) // PPB
    return -(-price * (PPB - band_ppb) // PPB)


def banded(touch: Touch | None, side: Side, band_ppb: int, tick: int) -> int:
    """Return the limit in ticks on whole `tick`s, within the band beyond the side that is met.

    0 without a quote that may be used, or where nobody stands on that side.
    """
    if touch is None:
        return 0
    price = touch[2] if side is Side.BUY else touch[0]
    if not (touch[3] if side is Side.BUY else touch[1]):
        return 0
    limit = beyond(price, side, band_ppb)
    return limit - limit % tick if side is Side.BUY else limit + -limit % tick
