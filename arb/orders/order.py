"""One order of ours, and what we know of it.

    SENT ──accepted──► LIVE ──fills──► DONE          (a fill before the ack is an ack)
      │                 │ ▲
      │                 ▼ │ refused
      │          CANCELING / REPLACING ──► DONE
      └──no answer──► LOST ──answer to a query──► LIVE or DONE

Whatever the state, `open_lots` is what the venue may still fill: nothing is taken for certain
before the venue said so.
"""

from dataclasses import dataclass, field
from enum import IntEnum

from market.order import Side, Tif, Type

#: Trade ids that an order remembers to tell a repeated report; more fills than that end it badly.
TRADES_MAX = 10_000


class OrderState(IntEnum):
    """Where an order stands, as far as we know."""

    SENT = 0
    LIVE = 1
    CANCELING = 2
    REPLACING = 3
    LOST = 4
    DONE = 5


class Purpose(IntEnum):
    """What an order is for; it decides which risk checks apply."""

    QUOTE = 0
    TAKE = 1
    HEDGE = 2
    FLATTEN = 3
    SCHEDULE = 4
    MANUAL = 5


class End(IntEnum):
    """How an order ended."""

    OPEN = 0
    FILLED = 1
    CANCELED = 2
    EXPIRED = 3
    REJECTED = 4
    NEVER_ARRIVED = 5


@dataclass(eq=False, slots=True)
class OwnOrder:
    """An order of ours. Prices in ticks and sizes in lots of its instrument's slot.

    `lots` is the whole size; `filled` what the venue confirmed. `new_price` and `new_lots` are what
    a replace asks for while it is under way, `new_lots` the whole size again. `queries` counts the
    questions about it, the last asked at `asked_ns`; `settled` of them belong to what is over.
    """

    id: int
    slot: int
    side: Side
    type: Type
    tif: Tif
    price: int
    lots: int
    purpose: Purpose
    strategy: str
    created_ns: int
    post_only: bool = False
    state: OrderState = OrderState.SENT
    end: End = End.OPEN
    filled: int = 0
    venue_id: str = ""
    updated_ns: int = 0
    queries: int = 0
    asked_ns: int = 0
    settled: int = 0
    new_price: int = 0
    new_lots: int = 0
    cancel_wanted: bool = False
    reason: str = ""
    trades: dict[str, None] = field(default_factory=dict)

    @property
    def open_lots(self) -> int:
        """Lots that may still be filled, the larger size while a replace is under way."""
        if self.state is OrderState.DONE:
            return 0
        return max(self.lots, self.new_lots, self.filled) - self.filled

    @property
    def working(self) -> bool:
        """Whether the order is at the venue as far as we know, and not on its way out."""
        return self.state in (OrderState.LIVE, OrderState.REPLACING, OrderState.SENT)
