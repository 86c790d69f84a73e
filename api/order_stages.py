"""How long the stages of an order take, by venue, and why venues rejected orders.

A witness of the node's orders. It reads the clock where it is told, which is inside the node's
turn, and keeps what it reads to itself.
"""

import re
import time
from collections.abc import Callable, Sequence

from arb.orders.order import End, OwnOrder
from arb.orders.store import Fill
from arb.risk.reason import RiskReason
from arb.risk.ticket import Ticket
from market.histogram import Histogram
from market.instrument import Instrument

#: `risk` is the time of one order's checks, `sent` from the receive stamp of the input that led to
#: the order until its gateway had it, `acknowledged` from then until the venue's first answer.
ORDER_STAGES = ("risk", "sent", "acknowledged")

#: Orders that may wait for an answer: those of all worlds. Beyond it none is measured.
WAITING_MAX = 10_000

#: Different reasons of rejection that are counted by name, beyond them `other`, and how much of a
#: venue's text makes the name.
REASONS_MAX = 64
REASON_CHARACTERS_MAX = 40

_NO_WORD = re.compile(r"[^a-z0-9]+")


class OrderStages:
    """Measures orders into a histogram (ns) a venue and stage; `now_ns` gives stamps.

    `rejects` counts rejected orders by (world, reason).
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        now_ns: Callable[[], int],
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.venues: dict[str, list[Histogram]] = {}
        self.rejects: dict[tuple[str, str], int] = {}
        self._reasons: set[str] = set()
        self._instruments = instruments
        self._now_ns = now_ns
        self._monotonic_ns = monotonic_ns
        self._began_ns = 0
        self._waiting: dict[tuple[str, int], int] = {}

    @property
    def waiting(self) -> int:
        """Orders that no venue has answered yet."""
        return len(self._waiting)

    def intended(self, world: str, ticket: Ticket) -> None:  # noqa: ARG002 - a witness's call
        """Something wants to trade."""
        self._began_ns = self._monotonic_ns()

    def checked(self, world: str, ticket: Ticket, reason: RiskReason) -> None:  # noqa: ARG002
        """The checks are done."""
        self._rows(ticket.slot)[0].observe(self._monotonic_ns() - self._began_ns)

    def placed(self, world: str, order: OwnOrder) -> None:
        """The order was given to its gateway."""
        self._rows(order.slot)[1].observe(self._now_ns() - order.created_ns)
        if len(self._waiting) < WAITING_MAX:
            self._waiting[world, order.id] = self._monotonic_ns()

    def arrived(self, world: str, order: OwnOrder) -> None:
        """The venue has the order."""
        sent_ns = self._waiting.pop((world, order.id), None)
        if sent_ns is not None:
            self._rows(order.slot)[2].observe(self._monotonic_ns() - sent_ns)

    def filled(self, world: str, fill: Fill) -> None:
        """A fill is an acknowledgement too."""
        self.arrived(world, fill.order)

    def ended(self, world: str, order: OwnOrder) -> None:
        """So is the end of an order."""
        self.arrived(world, order)
        if order.end is End.REJECTED:
            key = world, self._reason(order.reason)
            self.rejects[key] = self.rejects.get(key, 0) + 1

    def _reason(self, text: str) -> str:
        """Return a venue's words as a name; venues may put anything into them."""
        name = _NO_WORD.sub("_", text[:REASON_CHARACTERS_MAX].lower()).strip("_") or "unnamed"
        if name not in self._reasons:
            if len(self._reasons) >= REASONS_MAX:
                return "other"
            self._reasons.add(name)
        return name

    def _rows(self, slot: int) -> list[Histogram]:
        venue = self._instruments[slot].venue
        rows = self.venues.get(venue)
        if rows is None:
            rows = self.venues[venue] = [Histogram() for _ in ORDER_STAGES]
        return rows
