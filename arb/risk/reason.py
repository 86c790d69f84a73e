"""Why an order was not sent. The numbers are part of journals and metrics: only added to."""

from enum import IntEnum


class RiskReason(IntEnum):
    """0 is fine; anything else refuses, except HELD, which waits for a person."""

    OK = 0
    HALTED = 1
    REDUCE_ONLY = 2
    OFF_TICK = 3
    OFF_LOT = 4
    BELOW_MINIMUM = 5
    ABOVE_MAXIMUM = 6
    NOTIONAL_MAX = 7
    PRICE_COLLAR = 8
    ORDER_RATE = 9
    OPEN_ORDERS = 10
    POSITION_MAX = 11
    AGGREGATE_MAX = 12
    EXPOSURE_MAX = 13
    SELF_TRADE = 14
    CREDIT = 15
    GRADE = 16
    NO_PRICE = 17
    NO_CONVERSION = 18
    HELD = 19
    NOT_TRADED = 20
    VENUE_CLOSED = 21


class RiskState(IntEnum):
    """What trading may do: anything, only what reduces positions, or nothing."""

    ACTIVE = 0
    REDUCE = 1
    HALT = 2


class Cause(IntEnum):
    """What holds the risk state above ACTIVE; each is lifted by an explicit act only.

    Except CONNECTION, which goes when every order channel is there again and was checked.
    """

    USER = 1
    LOSS = 2
    DRAWDOWN = 3
    PRICE_JUMP = 4
    DATA_QUALITY = 5
    HEDGE = 6
    RECORDING = 7
    JOURNAL = 8
    RECONCILIATION = 9
    EXPOSURE = 10
    CONNECTION = 11
