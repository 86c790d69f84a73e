"""Binance spot: how the venue names a listing."""

from sim.market.listing import Listing


def symbol_of(listing: Listing) -> str:
    """Return the venue's symbol, such as `BTCUSDT`."""
    return f"{listing.base}{listing.quote}"
