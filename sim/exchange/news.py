"""What the tape tells an exchange about the orders that it tracks."""

from typing import Final, NamedTuple

#: Public events that wait at most; beyond it all that wait are dropped, and counted.
LINES_MAX: Final = 1 << 20


class News(NamedTuple):
    """One engine event about a tracked order; fields as in `engine.record.Event`.

    `trade_id` is the listing's id of a trade, 0 of anything else.
    """

    kind: int
    ts_ns: int
    id: int
    other: int
    price: int
    qty: int
    remaining: int
    other_remaining: int
    listing: int
    side: int
    code: int
    flags: int
    trade_id: int
