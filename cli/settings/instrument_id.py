"""What a user's name of an instrument means."""

from market.instrument import VENUES
from market.naming import NamingError, parse_instrument_name


def instrument_id(text: str, venue: str = "") -> str:
    """Return the id (`BTC-USDT.BINANCE`) that a user's name means; raises NamingError."""
    name = parse_instrument_name(text, venue)
    if not name.venue:
        raise NamingError(f"{text!r} names no venue, as in {name.symbol.pair}.BINANCE")
    return f"{name.symbol.pair}.{VENUES[name.venue]}"
