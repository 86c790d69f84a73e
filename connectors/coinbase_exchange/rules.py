"""Trading rules from Coinbase Exchange's `/products`, or from `/products/<id>`."""

from collections.abc import Mapping
from typing import Any

from market import rows
from market.instrument import Instrument

VENUES = ("coinbase-exchange",)


def instruments(payload: bytes, venue: str) -> tuple[list[Instrument], list[str]]:
    """Return the instruments of a products reply and one line for each row left out."""
    if venue not in VENUES:
        return [], [f"{venue}: not Coinbase Exchange"]
    return rows.read(payload, venue, ("", "base_increment"), _instrument)


def _instrument(row: Mapping[str, Any], venue: str) -> Instrument:
    return Instrument(
        venue=venue,
        native=rows.name(row, "id"),
        base=rows.name(row, "base_currency"),
        quote=rows.name(row, "quote_currency"),
        price=rows.increment(row, "quote_increment"),
        size=rows.increment(row, "base_increment"),
        # Replies of today state no size limits; the minimum notional binds limit orders too.
        min_size=rows.limit(row, "base_min_size"),
        max_size=rows.limit(row, "base_max_size"),
        min_notional=rows.limit(row, "min_market_funds"),
        origin="venue",
        tick=rows.text(row, "quote_increment"),
        lot=rows.text(row, "base_increment"),
    )
