"""Trading rules from `/api/v5/public/instruments?instType=SPOT`."""

from collections.abc import Mapping
from typing import Any

from market import rows
from market.instrument import Instrument


def instruments(payload: bytes, venue: str) -> tuple[list[Instrument], list[str]]:
    """Return the instruments of a reply and one line for each row left out."""
    return rows.read(payload, venue, ("data", "instId"), _instrument)


def _instrument(row: Mapping[str, Any], venue: str) -> Instrument:
    kind = row.get("instType")
    if kind != "SPOT":
        raise rows.RowError(f"instType: {rows.shown(kind)} is not read here, only 'SPOT'")
    return Instrument(
        venue=venue,
        native=rows.name(row, "instId"),
        base=rows.name(row, "baseCcy"),
        quote=rows.name(row, "quoteCcy"),
        price=rows.increment(row, "tickSz"),
        size=rows.increment(row, "lotSz"),
        min_size=rows.limit(row, "minSz"),
        origin="venue",
        tick=rows.text(row, "tickSz"),
        lot=rows.text(row, "lotSz"),
    )
