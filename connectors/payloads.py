"""Instruments from a raw REST reply, whichever venue sent it."""

from collections.abc import Callable

import orjson

from connectors.binance import rules as binance
from connectors.coinbase import rules as coinbase
from connectors.coinbase_exchange import rules as coinbase_exchange
from market import instruments_file
from market.instrument import Instrument
from market.rows import RowError

Rules = Callable[[bytes, str], tuple[list[Instrument], list[str]]]
_RULES: dict[str, Rules] = {
    venue: module.instruments
    for module in (binance, coinbase, coinbase_exchange)
    for venue in module.VENUES
}
#: Where exchangeInfo says itself whose it is; spot and Binance.US look the same.
_FUTURES_TYPES = {"U_MARGINED": "binance-usdm", "C_MARGINED": "binance-coinm"}


def instruments(payload: bytes, venue: str) -> tuple[list[Instrument], list[str]]:
    """Return the instruments of `venue`'s rules reply and one line for each problem."""
    reader = _RULES.get(venue)
    if reader is None:
        return [], [f"unknown venue {venue!r}; known: {', '.join(_RULES)}"]
    return reader(payload, venue)


def instruments_of_file(payload: bytes, venue: str = "") -> tuple[list[Instrument], list[str]]:
    """Return what an instruments file holds: our own list, or a venue's reply as it was sent.

    `venue` is needed only for a reply that does not tell (Binance.US is taken for Binance).
    Instruments of a reply keep the origin `file`: a live reply is the stronger source.
    Raises RowError where the file is neither.
    """
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise RowError(f"instruments file: not JSON: {error}") from error
    found = venue or _venue_of(value)
    if not found:
        return instruments_file.instruments(value)
    listed, problems = instruments(payload, found)
    return [instruments_file.with_origin(entry) for entry in listed], problems


def _venue_of(value: object) -> str:
    """Return whose reply this is by its shape; empty for our own form."""
    if isinstance(value, dict):
        if "symbols" in value:
            kind = value.get("futuresType")
            return _FUTURES_TYPES.get(kind, "binance") if isinstance(kind, str) else "binance"
        if "products" in value or "product_id" in value:
            return "coinbase"
    if isinstance(value, dict) and "base_increment" in value:
        return "coinbase-exchange"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "coinbase-exchange" if "base_increment" in value[0] else ""
    return ""
