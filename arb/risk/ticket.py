"""What somebody wants to send."""

from dataclasses import dataclass

from arb.orders.order import Purpose
from market.order import Side, Tif, Type


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order that somebody wants to send. Price in ticks, size in lots."""

    slot: int
    side: Side
    price: int
    lots: int
    purpose: Purpose
    strategy: str
    type: Type = Type.LIMIT
    tif: Tif = Tif.GTC
    post_only: bool = False
