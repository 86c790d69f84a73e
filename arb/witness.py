"""Who looks on at orders from outside: it hears what happens and has no say in it.

The driver sets one where it wants to measure or trace; in a replay there is none. What a witness
does must not reach the node again, so nothing of it is asked for an answer.
"""

from typing import Protocol

from arb.orders.order import OwnOrder
from arb.orders.store import Fill
from arb.risk.reason import RiskReason
from arb.risk.ticket import Ticket


class OrderWitness(Protocol):
    """Hears of an order's life in each world, in the order of happening."""

    def intended(self, world: str, ticket: Ticket) -> None:
        """Something wants to trade; the risk checks come next."""

    def checked(self, world: str, ticket: Ticket, reason: RiskReason) -> None:
        """The checks are done."""

    def placed(self, world: str, order: OwnOrder) -> None:
        """The order was given to its gateway."""

    def arrived(self, world: str, order: OwnOrder) -> None:
        """The venue is known to have the order, perhaps again after a question."""

    def filled(self, world: str, fill: Fill) -> None:
        """A fill that was not known before."""

    def ended(self, world: str, order: OwnOrder) -> None:
        """The order is over."""


class Witnesses:
    """Several witnesses as one, told in their order."""

    def __init__(self, *each: OrderWitness) -> None:
        self._each = each

    def intended(self, world: str, ticket: Ticket) -> None:
        """Something wants to trade."""
        for one in self._each:
            one.intended(world, ticket)

    def checked(self, world: str, ticket: Ticket, reason: RiskReason) -> None:
        """The checks are done."""
        for one in self._each:
            one.checked(world, ticket, reason)

    def placed(self, world: str, order: OwnOrder) -> None:
        """The order was given to its gateway."""
        for one in self._each:
            one.placed(world, order)

    def arrived(self, world: str, order: OwnOrder) -> None:
        """The venue is known to have the order."""
        for one in self._each:
            one.arrived(world, order)

    def filled(self, world: str, fill: Fill) -> None:
        """A fill that was not known before."""
        for one in self._each:
            one.filled(world, fill)

    def ended(self, world: str, order: OwnOrder) -> None:
        """The order is over."""
        for one in self._each:
            one.ended(world, order)
