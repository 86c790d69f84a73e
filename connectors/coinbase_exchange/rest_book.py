"""The Exchange's `/products/<id>/book?level=2` as an audit compares it.

Its `sequence` counts the `full` channel; level2 has no ids, so it places nothing. Rows are
`[price, size, num_orders]`; older texts promise the top 50 only: a side vouches as far as its last.
"""

import orjson

from books.audit_reply import LEVELS_MAX, BadReplyError, RestBook, levels_of
from market.grid import Grid


def read(data: bytes, price: Grid, size: Grid, levels: int = LEVELS_MAX) -> RestBook:
    """Read at most `levels` a side of a book reply; raises BadReplyError, OffGridError."""
    try:
        message = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise BadReplyError("bad_json") from None
    if not isinstance(message, dict) or "bids" not in message or "asks" not in message:
        raise BadReplyError("not_a_book")
    bids, asks = (
        levels_of(_rows(message[side])[:levels], price, size) for side in ("bids", "asks")
    )
    return RestBook.of(-1, bids, asks)


def _rows(rows: object) -> list[tuple[object, object]]:
    if not isinstance(rows, list):
        raise BadReplyError("bad_field")
    kept = rows[:LEVELS_MAX]
    if not all(isinstance(row, list) and len(row) > 1 for row in kept):
        raise BadReplyError("bad_field")
    return [(row[0], row[1]) for row in kept]
