"""Trading rules from exchangeInfo: spot, Binance.US, USD-M and COIN-M.

Replies look alike and differ in small things: spot has NOTIONAL or, in older replies, MIN_NOTIONAL
with `minNotional`; USD-M spells that `notional`; COIN-M has none and counts contracts.
"""

from collections.abc import Mapping
from typing import Any

from market import rows
from market.grid import Grid
from market.instrument import Instrument, Kind
from market.naming import NamingError, split_native

VENUES = ("binance", "binance-us", "binance-usdm", "binance-coinm")

#: contractType -> kind; the delivering forms are the same contract in its last days.
_KINDS = {
    "PERPETUAL": Kind.PERPETUAL,
    "TRADIFI_PERPETUAL": Kind.PERPETUAL,
    "PERPETUAL_DELIVERING": Kind.PERPETUAL,
    "CURRENT_MONTH": Kind.FUTURE,
    "NEXT_MONTH": Kind.FUTURE,
    "CURRENT_QUARTER": Kind.FUTURE,
    "NEXT_QUARTER": Kind.FUTURE,
    "CURRENT_QUARTER_DELIVERING": Kind.FUTURE,
    "CURRENT_QUARTER DELIVERING": Kind.FUTURE,
    "NEXT_QUARTER DELIVERING": Kind.FUTURE,
}


def instruments(payload: bytes, venue: str) -> tuple[list[Instrument], list[str]]:
    """Return the instruments of an exchangeInfo reply and one line for each row left out."""
    if venue not in VENUES:
        return [], [f"{venue}: not a venue of Binance"]
    return rows.read(payload, venue, ("symbols",), _instrument)


def _instrument(row: Mapping[str, Any], venue: str) -> Instrument:
    native = rows.name(row, "symbol")
    filters = _filters(row)
    price = filters.get("PRICE_FILTER", {})
    lot = filters.get("LOT_SIZE", {})
    kind, expiry = _term(row, venue, native)
    return Instrument(
        venue=venue,
        native=native,
        base=rows.name(row, "baseAsset"),
        quote=rows.name(row, "quoteAsset"),
        price=_grid(price, "tickSize"),
        size=_grid(lot, "stepSize"),
        kind=kind,
        expiry=expiry,
        inverse=venue == "binance-coinm",
        multiplier=rows.whole(row, "contractSize") if venue == "binance-coinm" else 1,
        min_size=rows.limit(lot, "minQty"),
        max_size=rows.limit(lot, "maxQty"),
        min_notional=_min_notional(filters),
        origin="venue",
        tick=rows.text(price, "tickSize"),
        lot=rows.text(lot, "stepSize"),
    )


def _filters(row: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    listed = row.get("filters")
    if not isinstance(listed, list):
        raise rows.RowError(f"filters: expected a list, got {rows.shown(listed)}")
    tables = [rows.table(entry, f"filters[{index}]") for index, entry in enumerate(listed)]
    return {rows.text(entry, "filterType"): entry for entry in tables}


def _grid(entry: Mapping[str, Any], key: str) -> Grid:
    if not entry:
        name = "PRICE_FILTER" if key == "tickSize" else "LOT_SIZE"
        raise rows.RowError(f"filters: no {name}")
    return rows.increment(entry, key)


def _min_notional(filters: Mapping[str, Mapping[str, Any]]) -> str:
    newer = filters.get("NOTIONAL")
    if newer is not None:
        return rows.limit(newer, "minNotional")
    older = filters.get("MIN_NOTIONAL", {})
    return rows.limit(older, "notional" if "notional" in older else "minNotional")


def _term(row: Mapping[str, Any], venue: str, native: str) -> tuple[Kind, str]:
    if venue in ("binance", "binance-us"):
        return Kind.SPOT, ""
    contract = row.get("contractType")
    kind = _KINDS.get(contract) if isinstance(contract, str) else None
    if kind is None:
        raise rows.RowError(f"contractType: unknown {rows.shown(contract)}")
    if kind is Kind.PERPETUAL:
        return kind, ""
    # The symbol carries the day of delivery; base and quote come from their own fields.
    try:
        expiry = split_native(venue, native).expiry
    except NamingError as error:
        raise rows.RowError(f"symbol: {error}") from error
    if not expiry:
        raise rows.RowError(f"symbol: {native!r} is {contract} and names no day of delivery")
    return kind, expiry
