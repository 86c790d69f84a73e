"""Advanced Trade's `/market/product_book` as an audit compares it.

It has no sequence, and nothing promises that as many levels come as were asked for: a side vouches
only as far as its last row.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from books.audit_reply import LEVELS_MAX, BadReplyError, RestBook, levels_of
from connectors.measure import coarsest
from market.grid import Grid

_SIDES = ("bids", "asks")


def read(data: bytes, native: str, price: Grid, size: Grid, levels: int = LEVELS_MAX) -> RestBook:
    """Read at most `levels` a side of a product book; raises BadReplyError, OffGridError."""
    try:
        message = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise BadReplyError("bad_json") from None
    book = message.get("pricebook") if isinstance(message, dict) else None
    if not isinstance(book, dict):
        raise BadReplyError("not_a_book")
    if book.get("product_id") != native:
        raise BadReplyError("other_product")
    bids, asks = (levels_of(_rows(book, side)[:levels], price, size) for side in _SIDES)
    return RestBook.of(-1, bids, asks)


def grids(message: Mapping[str, Any]) -> tuple[Grid | None, Grid | None]:
    """Return the coarsest grids of the prices and sizes of a parsed reply."""
    book = message["pricebook"]
    try:
        rows = [row for side in _SIDES for row in _rows(book, side)]
    except (BadReplyError, AttributeError):
        return None, None
    return coarsest(row[0] for row in rows), coarsest(row[1] for row in rows)


def _rows(book: Mapping[str, Any], side: str) -> list[tuple[object, object]]:
    rows = book.get(side)
    if not isinstance(rows, list):
        raise BadReplyError("bad_field")
    rows = rows[:LEVELS_MAX]
    if not all(isinstance(row, dict) for row in rows):
        raise BadReplyError("bad_field")
    return [(row.get("price"), row.get("size")) for row in rows]
