"""What an exchange remembers of one account: its orders, fills and listeners."""

from collections import deque
from collections.abc import Callable
from typing import Final

from .order import Fill, Order, Report

#: Closed orders and fills kept an account; the oldest go first.
CLOSED_MAX: Final = 10_000
FILLS_MAX: Final = 50_000

Listener = Callable[[Report], None]


class Account:
    """One account's memory. Closed orders beyond the limit are forgotten, their client ids too."""

    def __init__(self, number: int, name: str, limited: bool) -> None:
        self.number = number
        self.name = name
        self.limited = limited
        self.open: dict[int, Order] = {}
        self.closed: deque[Order] = deque()
        self.fills: deque[Fill] = deque(maxlen=FILLS_MAX)
        self.listeners: dict[int, Listener] = {}
        self._by_id: dict[int, Order] = {}
        self._by_client: dict[tuple[str, str], Order] = {}

    def add(self, order: Order) -> None:
        """Take in an accepted order; the newest of a client id is the one found by it."""
        self.open[order.id] = order
        self._by_id[order.id] = order
        if order.client_id:
            self._by_client[order.listing, order.client_id] = order
            self._by_client["", order.client_id] = order

    def close(self, order: Order) -> None:
        """Move an order that has ended among the closed ones."""
        del self.open[order.id]
        self.closed.append(order)
        if len(self.closed) > CLOSED_MAX:
            self._forget(self.closed.popleft())

    def order(self, order_id: int) -> Order | None:
        """Return an order by its id, None if unknown or forgotten."""
        return self._by_id.get(order_id)

    def by_client_id(self, listing: str | None, client_id: str) -> Order | None:
        """Return the newest order of a client id, at one listing or anywhere."""
        return self._by_client.get((listing or "", client_id))

    def _forget(self, order: Order) -> None:
        del self._by_id[order.id]
        for key in ((order.listing, order.client_id), ("", order.client_id)):
            if self._by_client.get(key) is order:
                del self._by_client[key]
