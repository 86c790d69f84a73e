"""Every venue by name."""

from collections.abc import Callable
from functools import partial

from connectors.binance.venue import PROFILES, BinanceVenue
from connectors.coinbase.venue import CoinbaseVenue
from connectors.coinbase_exchange.venue import ExchangeVenue
from connectors.venue import SNAPSHOT_LEVELS, Venue
from market.fees import LOWEST_TIER, Fees
from market.instrument import VENUES

#: Makes the protocol object of a venue; takes how many levels a side REST is asked for.
Maker = Callable[[int], Venue]

_MAKERS: dict[str, Maker] = {
    **{name: partial(BinanceVenue, name) for name in PROFILES},
    CoinbaseVenue.name: CoinbaseVenue,
    ExchangeVenue.name: ExchangeVenue,
}
VENUE_NAMES = tuple(_MAKERS)


def venue(name: str, snapshot_levels: int = SNAPSHOT_LEVELS) -> Venue:
    """Return a new protocol object of a venue; ValueError names the ones there are.

    `snapshot_levels` a side are asked for by REST where the venue has a way to ask.
    """
    if name not in _MAKERS:
        raise ValueError(f"unknown venue {name!r}; known: {', '.join(_MAKERS)}")
    return _MAKERS[name](snapshot_levels)


def register(name: str, make: Maker, suffix: str, fees: Fees) -> None:
    """Make a further venue known, before any node is made.

    `suffix` ends its instrument ids, `fees` are those of its lowest tier. ValueError where the name
    or the suffix is taken.
    """
    if name in VENUES or suffix in VENUES.values():
        raise ValueError(f"there is a venue {name!r} or a suffix {suffix!r} already")
    _MAKERS[name] = make
    VENUES[name] = suffix
    LOWEST_TIER[name] = fees
