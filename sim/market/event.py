"""What happens in a market: the vocabulary between a market model and the venues that serve it."""

from enum import IntEnum
from typing import NamedTuple


class Side(IntEnum):
    """A side of a book."""

    BID = 0
    ASK = 1


class Touch(NamedTuple):
    """Best bid and ask: prices in ticks, sizes in lots."""

    bid: int
    bid_lots: int
    ask: int
    ask_lots: int


class LevelChange(NamedTuple):
    """One price level took a new absolute size; zero lots means that it is gone.

    `update_id` is the listing's id after the change: each change takes the next one. `touch` is
    the new best bid and ask where they moved; the changes that one order makes are one step, and
    its last change names the touch. It is None where nothing moved, and where a side is empty.
    """

    ts_ns: int
    listing: str
    update_id: int
    side: Side
    price: int
    lots: int
    touch: Touch | None


class Print(NamedTuple):
    """One trade; the level changes it caused follow it at the same time."""

    ts_ns: int
    listing: str
    trade_id: int
    price: int
    lots: int
    taker_buys: bool
    maker_order_id: int = 0
    taker_order_id: int = 0


Event = LevelChange | Print
