"""The Exchange's `/products/<id>/book?level=2` as an audit compares it.

Its `sequence` counts the `full` channel; level2 has no ids, so it places nothing. Rows are
`[price, size, num_orders]`. The whole book is promised
(https://docs.cdp.coinbase.com/exchange/reference/exchangerestapi_getproductbook), by older texts
the top 50 only: a side of just 50 rows vouches as far as its last, any other for everything.
"""

import orjson

from books.audit_reply import LEVELS_MAX, BadReplyError, RestBook, levels_of
from market.grid import Grid

#: Rows of a side that may be cut, by the older texts.
_CUT = 50


def read(data: bytes, price: Grid, size: Grid, levels: int = LEVELS_MAX) -> RestBook:
    """Read at most `levels` a side of a book reply; raises BadReplyError, OffGridError."""
    try:
        message = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise BadReplyError("bad_json") from None
    if not isinstance(message, dict) or "bids" not in message or "asks" not in message:
        raise BadReplyError("not_a_book")
    bids, asks = (_rows(message[side]) for side in ("bids", "asks"))
    return RestBook.of(
        -1,
        levels_of(bids[:levels], price, size),
        levels_of(asks[:levels], price, size),
        (_whole(len(bids), levels), _whole(len(asks), levels)),
    )


def _whole(rows: int, levels: int) -> bool:
    """Tell whether neither the venue nor we cut a side of so many rows."""
    return rows <= levels and rows != _CUT


def _rows(rows: object) -> list[tuple[object, object]]:
    """Return one row more than is read, which tells that a side is cut."""
    if not isinstance(rows, list):
        raise BadReplyError("bad_field")
    kept = rows[: LEVELS_MAX + 1]
    if not all(isinstance(row, list) and len(row) > 1 for row in kept):
        raise BadReplyError("bad_field")
    return [(row[0], row[1]) for row in kept]
