"""The engine's numbered vocabulary: what a command may ask and what an event may say.

The numbers are part of the record layouts and of every snapshot: they are only ever added to.
"""

from enum import IntEnum
from typing import Final

from market.order import Side, Stp, Tif, Type

__all__ = [
    "AMOUNT_MAX",
    "KEEP",
    "OUTSIDE",
    "PRICE_MAX",
    "QTY_MAX",
    "RATE_ONE",
    "Allocation",
    "Kind",
    "Op",
    "QueueModel",
    "Reason",
    "Side",
    "State",
    "Stp",
    "Tif",
    "Type",
]

# A replace that leaves a field as it is. Zero would hide a caller's mistake.
KEEP: Final = -(1 << 63)
# Limits of one order; their product is bounded too, so that every amount fits 63 bits.
PRICE_MAX: Final = 1 << 40
QTY_MAX: Final = 1 << 40
AMOUNT_MAX: Final = 1 << 62
# Fees, collar and halt band are integers in this many parts of one.
RATE_ONE: Final = 100_000_000
# Account 0 is the outside world: it collects fees and settles external liquidity.
OUTSIDE: Final = 0


class State(IntEnum):
    """Trading state of an instrument."""

    OPEN = 0
    HALTED = 1
    CANCEL_ONLY = 2
    AUCTION = 3


class Allocation(IntEnum):
    """How one level is shared among its makers."""

    FIFO = 0
    PRO_RATA = 1


class QueueModel(IntEnum):
    """Where in the queue an external decrease that no print explains is assumed to happen."""

    PESSIMISTIC = 0
    PROPORTIONAL = 1
    OPTIMISTIC = 2


class Reason(IntEnum):
    """Result of a command: 0 done, 1-11 refusals of the market's rules, 12 up limits and misuse."""

    OK = 0
    WOULD_CROSS = 1
    UNKNOWN_ORDER = 2
    INSUFFICIENT_LIQUIDITY = 3
    BAD_PRICE = 4
    BAD_QTY = 5
    BAD_TYPE = 6
    DUPLICATE_ID = 7
    SELF_TRADE = 8
    HALTED = 9
    INSUFFICIENT_BALANCE = 10
    PRICE_BAND = 11
    TOO_MANY_ORDERS = 12
    BAD_ACCOUNT = 13
    BAD_INSTRUMENT = 14
    BAD_ID = 15
    BAD_COMMAND = 16


class Kind(IntEnum):
    """Kind of an event."""

    ACCEPTED = 1
    REJECTED = 2
    TRADE = 3
    REPLACED = 4
    CANCELED = 5
    EXPIRED = 6
    TRIGGERED = 7
    BOOK = 8
    STATE = 9
    DEPOSITED = 10


class Op(IntEnum):
    """Operation of a command record."""

    NEW = 0
    CANCEL = 1
    REPLACE = 2
    CANCEL_ALL = 3
    ADVANCE = 4
    END_OF_DAY = 5
    SET_STATE = 6
    DEPOSIT = 7
    EXTERNAL_SET = 8
    EXTERNAL_PRINT = 9
    EXTERNAL_CLEAR = 10
