"""Every venue by name."""

from connectors.binance.venue import PROFILES, BinanceVenue
from connectors.coinbase.venue import CoinbaseVenue
from connectors.coinbase_exchange.venue import ExchangeVenue
from connectors.venue import SNAPSHOT_LEVELS, Venue

VENUE_NAMES = (*PROFILES, CoinbaseVenue.name, ExchangeVenue.name)


def venue(name: str, snapshot_levels: int = SNAPSHOT_LEVELS) -> Venue:
    """Return a new protocol object of a venue; ValueError names the ones there are.

    `snapshot_levels` a side are asked for by REST where the venue has a way to ask.
    """
    if name in PROFILES:
        return BinanceVenue(name, snapshot_levels)
    if name == CoinbaseVenue.name:
        return CoinbaseVenue(snapshot_levels)
    if name == ExchangeVenue.name:
        return ExchangeVenue(snapshot_levels)
    raise ValueError(f"unknown venue {name!r}; known: {', '.join(VENUE_NAMES)}")
