"""What seen opportunities would have paid: each is valued again at the later books."""

from collections.abc import Callable

from arb.edge import Edge
from arb.ledger import OUTCOME_DELAYS_MS, Entry, Ledger
from market.effects import EffectKind
from market.timers import Timers

#: Entries that may await their outcomes; more are entered in the ledger but never valued.
AWAITING_MAX = 10_000

Emit = Callable[[EffectKind, str, str, tuple[str | int, ...]], None]


class Outcomes:
    """Makes effects of ledger entries and sets the timers at which they are valued again.

    A timer's name is its delay in ms, its subject the entry's id.
    """

    def __init__(self, ledger: Ledger, timers: Timers, emit: Emit) -> None:
        self._ledger = ledger
        self._timers = timers
        self._emit = emit
        self._edges: dict[int, tuple[Edge, int]] = {}
        self.unvalued = 0

    def entered(self, edge: Edge, direction: int, entry: Entry) -> None:
        """An opportunity was seen: make it an effect, and value it again later."""
        self._emit(
            EffectKind.OPPORTUNITY,
            entry.edge,
            entry.rule.label,
            (entry.id, entry.base, edge.amount(entry.profit), entry.detail),
        )
        if len(self._edges) >= AWAITING_MAX:
            self.unvalued += 1
            return
        self._edges[entry.id] = edge, direction
        self._ledger.awaiting[entry.id] = entry
        for delay_ms in OUTCOME_DELAYS_MS:
            self._timers.set(entry.opened_ns + delay_ms * 1_000_000, str(delay_ms), entry.id)

    def left(self, edge: Edge, entry: Entry) -> None:
        """An opportunity is over or another rule decides it now."""
        self._emit(
            EffectKind.OPPORTUNITY,
            entry.edge,
            "closed",
            (entry.id, entry.base, edge.amount(entry.profit)),
        )

    def value(self, entry_id: int, delay_ms: int) -> None:
        """Value an opportunity's size again at today's books."""
        edge, direction = self._edges[entry_id]
        entry = self._ledger.awaiting[entry_id]
        if delay_ms == OUTCOME_DELAYS_MS[-1]:
            del self._edges[entry_id], self._ledger.awaiting[entry_id]
        result = edge.walk(direction, forced=entry.base) if entry.base else None
        profit = result.net if result is not None and result.base == entry.base else None
        self._ledger.value(entry, delay_ms, profit)
        value = "unknown" if profit is None else edge.amount(profit)
        self._emit(EffectKind.OUTCOME, entry.edge, value, (entry.id, delay_ms))
