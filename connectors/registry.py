"""Every venue by name."""

from connectors.binance.venue import PROFILES, BinanceVenue
from connectors.coinbase.venue import CoinbaseVenue
from connectors.coinbase_exchange.venue import ExchangeVenue
from connectors.venue import Venue

VENUE_NAMES = (*PROFILES, CoinbaseVenue.name, ExchangeVenue.name)


def venue(name: str) -> Venue:
    """Return a new protocol object of a venue; ValueError names the ones there are."""
    if name in PROFILES:
        return BinanceVenue(name)
    if name == CoinbaseVenue.name:
        return CoinbaseVenue()
    if name == ExchangeVenue.name:
        return ExchangeVenue()
    raise ValueError(f"unknown venue {name!r}; known: {', '.join(VENUE_NAMES)}")
