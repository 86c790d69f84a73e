"""The whole state of a catalog as plain values, and a catalog made from them again.

A venue lists thousands of instruments, and nothing else of a node's state is as large and as even:
each is one row of plain values, which takes a tenth of the time of a general form.
"""

from operator import attrgetter
from typing import Any

from market.catalog import Catalog, _Entry
from market.grid import Grid
from market.instrument import Instrument, Kind

#: A row of an instrument, which `_instrument` reads.
COLUMNS = (
    *("venue", "native", "base", "quote"),
    *("price.decimals", "price.step", "size.decimals", "size.step"),
    *("kind", "expiry", "inverse", "multiplier", "min_size", "max_size", "min_notional"),
    *("origin", "tick", "lot", "alias"),
)
_row = attrgetter(*COLUMNS)


def dump_catalog(catalog: Catalog) -> tuple[dict[str, Any], list[Instrument]]:
    """Return everything that the catalog's later answers depend on, and the rows' instruments.

    An entry's row is None where it is the shipped instrument itself.
    """
    shipped = catalog._shipped
    found = list(shipped.values())
    rows: list[Any] = [_row(one) for one in found]
    entries: list[Any] = []
    for key, entry in catalog._entries.items():
        own = shipped.get(key) is not entry.instrument
        entries.append(
            (_row(entry.instrument) if own else None, key, entry.used, entry.refinements)
        )
        if own:
            found.append(entry.instrument)
    changes = list(catalog._changes.values())
    state = {
        "shipped": rows,
        "entries": entries,
        "ids": list(catalog._ids.items()),
        "changes": [_row(one) for one in changes],
    }
    return state, found + changes


def load_catalog(state: dict[str, Any]) -> tuple[Catalog, list[Instrument]]:
    """Return the catalog of what `dump_catalog` returned, and its instruments in the same order.

    Raises KeyError, TypeError or ValueError for anything else.
    """
    found = [_instrument(row) for row in state["shipped"]]
    catalog = Catalog(found)
    for row, key, used, refinements in state["entries"]:
        venue, native = key
        if row is None:
            instrument = catalog._shipped[venue, native]
        else:
            instrument = _instrument(row)
            found.append(instrument)
        catalog._entries[venue, native] = _Entry(instrument, used, refinements)
    catalog._ids = {name: (venue, native) for name, (venue, native) in state["ids"]}
    changes = [_instrument(row) for row in state["changes"]]
    catalog._changes = {(one.venue, one.native): one for one in changes}
    return catalog, found + changes


def _instrument(row: list[Any]) -> Instrument:
    venue, native, base, quote, *grids = row[:8]
    kind, *rest = row[8:]
    return Instrument(
        venue, native, base, quote, Grid(*grids[:2]), Grid(*grids[2:]), Kind(kind), *rest
    )
