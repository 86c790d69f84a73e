"""Trading rules from Advanced Trade's product list, or from one product.

The book of a `-USDC` product is usually that of `-USD`: the row names it in `alias`, the feed
labels its data with that name, while orders and balances stay in USDC.
"""

from collections.abc import Mapping
from typing import Any

from market import rows
from market.instrument import Instrument

VENUES = ("coinbase",)


def instruments(payload: bytes, venue: str) -> tuple[list[Instrument], list[str]]:
    """Return the spot instruments of a product reply and one line for each row left out."""
    if venue not in VENUES:
        return [], [f"{venue}: not Coinbase Advanced Trade"]
    return rows.read(payload, venue, ("products", "product_id"), _instrument)


def _instrument(row: Mapping[str, Any], venue: str) -> Instrument:
    native = rows.name(row, "product_id")
    product = row.get("product_type", "SPOT")
    if product != "SPOT":
        raise rows.RowError(f"product_type: {rows.shown(product)} is not traded here, only 'SPOT'")
    # Older replies have no price_increment; its value was the quote increment.
    tick = "price_increment" if row.get("price_increment") else "quote_increment"
    return Instrument(
        venue=venue,
        native=native,
        base=rows.name(row, "base_currency_id"),
        quote=rows.name(row, "quote_currency_id"),
        price=rows.increment(row, tick),
        size=rows.increment(row, "base_increment"),
        min_size=rows.limit(row, "base_min_size"),
        max_size=rows.limit(row, "base_max_size"),
        min_notional=rows.limit(row, "quote_min_size"),
        origin="venue",
        tick=rows.text(row, tick),
        lot=rows.text(row, "base_increment"),
        alias=rows.name(row, "alias") if row.get("alias") else "",
    )
