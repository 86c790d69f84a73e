"""A venue for tests: it knows the truth about each order, and what it says of it can be lost."""

from dataclasses import dataclass, field

from arb.orders.order import OwnOrder
from market.order import OrderEvent, OrderEventKind


@dataclass
class Held:
    """One order as the venue has it."""

    lots: int
    price: int
    filled: int = 0
    open: bool = True
    trades: list[tuple[str, int]] = field(default_factory=list)


class Venue:
    """A gateway whose messages either way wait until the test delivers or drops them."""

    replaces = True

    def __init__(self) -> None:
        self.held: dict[int, Held] = {}
        self.requests: list[tuple[str, int, int, int]] = []
        self.events: list[OrderEvent] = []
        self._trades = 0

    def place(self, order: OwnOrder) -> None:
        self.requests.append(("place", order.id, order.price, order.lots))

    def cancel(self, order: OwnOrder) -> None:
        self.requests.append(("cancel", order.id, 0, 0))

    def replace(self, order: OwnOrder) -> None:
        self.requests.append(("replace", order.id, order.new_price, order.new_lots))

    def query(self, order: OwnOrder) -> None:
        self.requests.append(("query", order.id, order.queries, 0))

    def arrive(self, index: int = 0) -> None:
        """One request reaches the venue."""
        what, order, price, lots = self.requests.pop(index)
        held = self.held.get(order)
        say = self._say
        match what:
            case "place":
                self.held[order] = Held(lots, price)
                say(OrderEventKind.ACCEPTED, order)
            case "cancel":
                if held is None or not held.open:
                    say(OrderEventKind.CANCEL_REJECTED, order)
                else:
                    held.open = False
                    say(OrderEventKind.CANCELED, order, cumulative=held.filled)
            case "replace":
                if held is None or not held.open or lots <= held.filled:
                    say(OrderEventKind.REPLACE_REJECTED, order)
                else:
                    held.lots, held.price = lots, price
                    say(OrderEventKind.REPLACED, order, price=price)
            case "query":
                self._answer(order, held, price)

    def _answer(self, order: int, held: Held | None, query: int) -> None:
        if held is None:
            self.events.append(OrderEvent(OrderEventKind.UNKNOWN, order, query=query))
            return
        for trade, lots in held.trades:
            self._say(OrderEventKind.FILL, order, lots=lots, price=held.price, trade_id=trade)
        if held.open:
            self._say(OrderEventKind.STATUS, order, price=held.price, lots=held.lots)
        else:
            full = held.filled == held.lots
            kind = OrderEventKind.FILLED if full else OrderEventKind.CANCELED
            self._say(kind, order, cumulative=held.filled)

    def fill(self, order: int, lots: int) -> None:
        """Fill part of an order, or what is left of it."""
        held = self.held[order]
        lots = min(lots, held.lots - held.filled)
        if not held.open or lots <= 0:
            return
        held.filled += lots
        held.open = held.filled < held.lots
        self._trades += 1
        held.trades.append((f"t{self._trades}", lots))
        self._say(
            OrderEventKind.FILL, order, lots=lots, price=held.price, trade_id=f"t{self._trades}"
        )

    def _say(self, kind: OrderEventKind, order: int, **fields: object) -> None:
        self.events.append(OrderEvent(kind, order, venue_id=f"v{order}", **fields))
