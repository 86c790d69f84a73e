"""The door to a venue: what trading asks of it. Answers come back as `OrderEvent`s."""

from typing import Protocol

from arb.orders.order import OwnOrder


class Gateway(Protocol):
    """Carries orders to one venue, or to a matching engine in its place.

    A call never answers at once: what became of it comes as an event, in this input or a later
    one, and perhaps never, which the time limits of `OrderStore` provide for.
    """

    #: Whether price and size of a resting order can be changed in one step.
    replaces: bool

    def place(self, order: OwnOrder) -> None:
        """Send a new order."""

    def cancel(self, order: OwnOrder) -> None:
        """Ask for the end of an order."""

    def replace(self, order: OwnOrder) -> None:
        """Ask for `new_price` and `new_lots`."""

    def query(self, order: OwnOrder) -> None:
        """Ask where an order stands: answered by STATUS, an ending, or UNKNOWN."""
