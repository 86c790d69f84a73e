"""Orders of a simulated venue: what was asked for, what became of it, and the reports of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from engine.code import Reason, Side, Stp, Tif, Type


class OrderStatus(StrEnum):
    """Where an order stands; a stop that waits is NEW and not yet working."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"  # ended by self-trade prevention
    REJECTED = "REJECTED"


OPEN = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})


class Execution(StrEnum):
    """What a report says happened."""

    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REPLACED = "REPLACED"
    TRIGGERED = "TRIGGERED"
    REJECTED = "REJECTED"
    TRADE_PREVENTION = "TRADE_PREVENTION"


@dataclass(frozen=True, slots=True)
class Request:
    """A new order: prices in ticks, sizes in lots, zero where a field does not apply."""

    listing: str
    side: Side
    type: Type
    qty: int
    price: int = 0
    stop_price: int = 0
    tif: Tif = Tif.GTC
    stp: Stp = Stp.NONE
    post_only: bool = False
    display: int = 0
    expire_at_ns: int = 0
    client_id: str = ""
    tag: object = None  # what a server wants to remember with the order


@dataclass(eq=False, slots=True)
class Order:
    """One order over its whole life. Prices in ticks, sizes in lots, times in ns since the epoch.

    `id` is the engine's and ascends within an exchange. `qty` is what was entered; after a replace
    it is what was filled and the new open quantity. `notional` sums ticks times lots over the
    fills. `fee` is in 1e-8 of a tick times a lot, positive when paid.
    """

    id: int
    account: int
    client_id: str
    listing: str
    side: Side
    type: Type
    tif: Tif
    stp: Stp
    post_only: bool
    price: int
    stop_price: int
    qty: int
    display: int
    expire_at_ns: int
    created_ns: int
    updated_ns: int
    status: OrderStatus = OrderStatus.NEW
    filled: int = 0
    notional: int = 0
    fee: int = 0
    working: bool = True
    working_ns: int = 0
    reason: Reason = Reason.OK
    tag: object = None

    @property
    def open(self) -> bool:
        """Return whether the order can still trade."""
        return self.status in OPEN

    @property
    def remaining(self) -> int:
        """Return the lots that are not filled."""
        return self.qty - self.filled


class Fill(NamedTuple):
    """One order's side of a trade; `fee` as in `Order`."""

    trade_id: int
    order_id: int
    account: int
    listing: str
    side: Side
    price: int
    lots: int
    fee: int
    maker: bool
    ts_ns: int


class Report(NamedTuple):
    """One step in an order's life; `order` is the live object. `id` ascends within an exchange."""

    id: int
    ts_ns: int
    execution: Execution
    order: Order
    fill: Fill | None = None


class Refused(Exception):  # noqa: N818 - an answer of the market, not a failure
    """The market refused a request, and nothing changed."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name.lower())
        self.reason = reason
