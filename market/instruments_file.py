"""Our own list of instruments: what `--instruments` reads and what the project ships.

A JSON list of objects, or an object holding it under `instruments`. Each entry names the
instrument by `id` (`BTC-USDT-PERP.BINANCE-USDM`) or by `venue` and `native`, and gives `tick` and
`lot`, the increments of orders, as decimal text. Optional: `id` beside `venue` and `native` where
a spelling is irregular; `price_step` and `size_step` where books show finer values than orders may
have; `multiplier` (whole number); `min_size`, `max_size`, `min_notional` (decimal text); `alias`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from market import rows
from market.grid import Grid
from market.instrument import VENUES, Instrument
from market.naming import NamingError, Symbol, native_of, parse_instrument_name, split_native

_LIMITS = ("min_size", "max_size", "min_notional")
_KEYS = ("id", "venue", "native", "tick", "lot", "price_step", "size_step", "multiplier", "alias")
_KNOWN = frozenset((*_KEYS, *_LIMITS))


def instruments(value: object, origin: str = "file") -> tuple[list[Instrument], list[str]]:
    """Return the instruments of parsed JSON and one line for each entry left out.

    Raises rows.RowError where the whole is no list of entries.
    """
    listed = value.get("instruments") if isinstance(value, dict) else value
    if not isinstance(listed, list) or len(listed) > rows.ROWS_MAX:
        raise rows.RowError(
            f"instruments: expected a list of at most {rows.ROWS_MAX} objects with"
            f" id (or venue and native), tick and lot; got {rows.shown(listed)}"
        )
    found: dict[tuple[str, str], Instrument] = {}
    problems: list[str] = []
    for index, row in enumerate(listed):
        path = f"instruments[{index}]"
        try:
            entry = _instrument(rows.table(row, "entry"), origin)
        except (rows.RowError, NamingError) as error:
            problems.append(
                f"{path}.{error}" if isinstance(error, rows.RowError) else f"{path}: {error}"
            )
            continue
        if (entry.venue, entry.native) in found:
            problems.append(f"{path}: {entry.id} is listed twice, the first one stands")
            continue
        found[entry.venue, entry.native] = entry
    return list(found.values()), problems


def entry_of(instrument: Instrument) -> dict[str, str | int]:
    """Return the entry that reads back as `instrument`, apart from its origin."""
    entry: dict[str, str | int] = {
        "id": instrument.id,
        "venue": instrument.venue,
        "native": instrument.native,
        "tick": instrument.tick or instrument.price.increment,
        "lot": instrument.lot or instrument.size.increment,
        "multiplier": instrument.multiplier,
    }
    for key, grid, order in (
        ("price_step", instrument.price, entry["tick"]),
        ("size_step", instrument.size, entry["lot"]),
    ):
        if grid != Grid.of_increment(str(order)):
            entry[key] = grid.increment
    for key in (*_LIMITS, "alias"):
        if value := getattr(instrument, key):
            entry[key] = value
    return entry


def with_origin(instrument: Instrument, origin: str = "file") -> Instrument:
    """Return the instrument as coming from `origin`."""
    return replace(instrument, origin=origin)


def _instrument(row: Mapping[str, Any], origin: str) -> Instrument:
    unknown = [key for key in row if key not in _KNOWN]
    if unknown:
        raise rows.RowError(
            f"{unknown[0][: rows.TEXT_MAX]}: unknown; known: {', '.join(sorted(_KNOWN))}"
        )
    venue, native, symbol = _identity(row)
    return Instrument(
        venue=venue,
        native=native,
        base=symbol.base,
        quote=symbol.quote,
        price=_grid(row, "tick", "price_step"),
        size=_grid(row, "lot", "size_step"),
        kind=symbol.kind,
        expiry=symbol.expiry,
        inverse=symbol.inverse,
        multiplier=rows.whole(row, "multiplier") if "multiplier" in row else multiplier(symbol),
        min_size=rows.limit(row, "min_size"),
        max_size=rows.limit(row, "max_size"),
        min_notional=rows.limit(row, "min_notional"),
        origin=origin,
        tick=rows.text(row, "tick"),
        lot=rows.text(row, "lot"),
        alias=rows.name(row, "alias") if row.get("alias") else "",
    )


def _grid(row: Mapping[str, Any], order: str, finer: str) -> Grid:
    grid = rows.increment(row, order)
    return grid.merged(rows.increment(row, finer)) if finer in row else grid


def multiplier(symbol: Symbol) -> int:
    """Return the usual multiplier: COIN-M contracts are 100 USD of BTC and 10 USD of all others."""
    if not symbol.inverse:
        return 1
    return 100 if symbol.base == "BTC" else 10


def _identity(row: Mapping[str, Any]) -> tuple[str, str, Symbol]:
    """Return venue, native symbol and meaning, from `id`, from `venue` and `native`, or both."""
    venue = rows.text(row, "venue") if "venue" in row else ""
    native = rows.name(row, "native") if "native" in row else ""
    if venue and venue not in VENUES:
        raise rows.RowError(f"venue: unknown {venue!r}; known: {', '.join(VENUES)}")
    if "id" not in row:
        if not (venue and native):
            raise rows.RowError("id: expected an id as BTC-USDT.BINANCE, or venue and native")
        return venue, native, split_native(venue, native)
    name = parse_instrument_name(rows.text(row, "id"), venue)
    if not name.venue:
        raise rows.RowError(f"id: {row['id']!r} names no venue")
    return name.venue, native or native_of(name.venue, name.symbol), name.symbol
