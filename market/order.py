"""The vocabulary of orders: sides, kinds, what a gateway is told, and what it reports."""

from enum import IntEnum
from typing import NamedTuple


class Side(IntEnum):
    """Side of an order; of a trade, the aggressor's."""

    BUY = 0
    SELL = 1

    @property
    def other(self) -> "Side":
        """The side that this one trades with."""
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """What a fill does to a position: 1 bought, -1 sold."""
        return 1 if self is Side.BUY else -1


class Type(IntEnum):
    """What an order does when it enters."""

    LIMIT = 0
    MARKET = 1
    STOP = 2
    STOP_LIMIT = 3


class Tif(IntEnum):
    """Time in force."""

    GTC = 0
    IOC = 1
    FOK = 2
    DAY = 3
    GTD = 4


class Stp(IntEnum):
    """Self-trade prevention mode; the taker's rules."""

    NONE = 0
    CANCEL_TAKER = 1
    CANCEL_MAKER = 2
    CANCEL_BOTH = 3
    DECREMENT = 4


class OrderEventKind(IntEnum):
    """What a gateway reports about an order of ours."""

    ACCEPTED = 1
    REJECTED = 2
    FILL = 3
    CANCELED = 4
    EXPIRED = 5
    REPLACED = 6
    CANCEL_REJECTED = 7
    REPLACE_REJECTED = 8
    #: An answer to a query: the order is open at `price` with `lots` in all.
    STATUS = 9
    #: An answer to a query: the venue does not know the order, so it never took effect.
    UNKNOWN = 10
    #: An answer to a query: the order is over because all of it was filled, `cumulative` lots.
    FILLED = 11


class OrderEvent(NamedTuple):
    """One report. Prices in ticks, sizes in lots, time in ns of the venue's clock.

    `order` is our own id. A FILL has the `price` and `lots` of one trade, the venue's `trade_id`,
    and the `fee` in units of 10**-AMOUNT_DECIMALS of `fee_asset`, positive when paid. `cumulative`
    is what is filled so far where the venue says so, else -1. `query` is the number of the query
    of this order that is answered, 0 otherwise. `reason` is the venue's word.
    """

    kind: OrderEventKind
    order: int
    ts_event: int = 0
    price: int = 0
    lots: int = 0
    cumulative: int = -1
    trade_id: str = ""
    fee: int = 0
    fee_asset: str = ""
    maker: bool = False
    venue_id: str = ""
    reason: str = ""
    query: int = 0
