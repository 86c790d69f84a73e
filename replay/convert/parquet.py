"""The Parquet layout: three tables, their columns and what the files say about themselves.

`seq` numbers the events of all tables in their order, so that they can be put together again; the
rows of one event share it. An event without levels has one row without a side.
"""

import json
from typing import Any

import pyarrow as pa

from market.grid import Grid

from .errors import DirectionError

FORMAT = "crossquote-events"
VERSION = 1
BOOK, TRADES, QUOTES = "book.parquet", "trades.parquet", "quotes.parquet"
#: Key of the footer's metadata under which `describe` stands.
KEY = b"crossquote"
ROWS = 1 << 15

TIME = pa.timestamp("ns", tz="UTC")
_NAMES = pa.dictionary(pa.int32(), pa.string())
_HEAD = [
    pa.field("seq", pa.int64(), nullable=False),
    pa.field("venue", _NAMES, nullable=False),
    pa.field("symbol", _NAMES, nullable=False),
    pa.field("ts_recv", TIME, nullable=False),
    pa.field("ts_event", TIME),
]
NUMBERS = ("text", "ticks")


def schema(table: str, numbers: str) -> pa.Schema:
    """Return the schema of a table; `numbers` is `text` (decimal) or `ticks` (int64)."""
    number = pa.string() if numbers == "text" else pa.int64()
    fields = list(_HEAD)
    if numbers == "ticks":
        fields.append(pa.field("grid", pa.int32()))
    if table == BOOK:
        fields += [
            pa.field("kind", _NAMES, nullable=False),
            pa.field("side", _NAMES),
            pa.field("price", number),
            pa.field("size", number),
            *(pa.field(name, pa.int64()) for name in ("first_id", "last_id", "prev_id")),
            pa.field("reason", _NAMES),
        ]
    elif table == TRADES:
        fields += [
            pa.field("id", pa.string()),
            pa.field("side", _NAMES, nullable=False),
            pa.field("price", number, nullable=False),
            pa.field("size", number, nullable=False),
        ]
    else:
        fields += [
            pa.field(name, number) for name in ("bid_price", "bid_size", "ask_price", "ask_size")
        ]
        fields.append(pa.field("last_id", pa.int64()))
    return pa.schema(fields)


def describe(numbers: str, grids: list[tuple[str, str, Grid, Grid]]) -> dict[str, str]:
    """Return the metadata of a file: `grids[grid]` says what a tick and a lot are worth."""
    told = {
        "format": FORMAT,
        "version": VERSION,
        "numbers": numbers,
        "grids": [
            {"venue": venue, "symbol": symbol, "price": price.increment, "size": size.increment}
            for venue, symbol, price, size in grids
        ],
    }
    return {KEY.decode(): json.dumps(told)}


def described(
    metadata: dict[bytes, bytes] | None, name: str
) -> tuple[str, list[tuple[Grid, Grid]]]:
    """Return numbers and grids that a file's metadata state; raises DirectionError."""
    try:
        told: dict[str, Any] = json.loads((metadata or {})[KEY])
        if told["format"] != FORMAT or told["version"] != VERSION:
            raise DirectionError(f"{name}: version {told['version']!s:.20}, expected {VERSION}")
        if told["numbers"] not in NUMBERS:
            raise ValueError(f"numbers are {told['numbers']!s:.20}")
        grids = [
            (Grid.of_increment(one["price"]), Grid.of_increment(one["size"]))
            for one in told["grids"]
        ]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DirectionError(f"{name}: no file of {FORMAT}: {error!s:.80}") from None
    return told["numbers"], grids
