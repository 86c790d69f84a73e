"""The opportunity ledger: what was seen, what blocked it, and what it would have paid later."""

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum

#: When an opportunity is valued again after it was seen.
OUTCOME_DELAYS_MS = (50, 200, 1000)

#: Closed entries kept in memory; the counts go on beyond it.
ENTRIES_MAX = 10_000


class Rule(IntEnum):
    """Which rule kept an opportunity from being taken; the numbers never change."""

    FEES = 1
    MARGIN = 2
    CONVERSION = 3
    GRADE = 4
    STALE = 5
    MINIMUM = 6
    OBSERVE_ONLY = 7
    LATE = 8

    @property
    def label(self) -> str:
        """The rule in words."""
        return self.name.lower().replace("_", " ")


@dataclass(slots=True)
class Entry:
    """One opportunity of one direction, for as long as the same rule decided it.

    Amounts are integers in the edge's common units; `net` is per base unit at the touch.
    """

    id: int
    edge: str
    rule: Rule
    opened_ns: int
    base: int
    profit: int
    net: int
    best_net: int
    closed_ns: int = 0
    detail: str = ""
    outcomes: dict[int, int | None] = field(default_factory=dict)


@dataclass(slots=True)
class Total:
    """Sums over the entries of one edge and rule."""

    count: int = 0
    open_ns: int = 0
    best_net: int | None = None
    best_profit: int = 0
    outcomes: dict[int, list[int]] = field(default_factory=dict)


def _rescale(entry: Entry, price: int, base: int) -> None:
    entry.base *= base
    entry.profit *= price * base
    entry.net *= price
    entry.best_net *= price
    for delay_ms, profit in entry.outcomes.items():
        entry.outcomes[delay_ms] = None if profit is None else profit * price * base


class Ledger:
    """Entries by id, the newest ENTRIES_MAX closed ones kept, and totals over all.

    `awaiting` are those still to be valued, open or closed.
    """

    def __init__(self) -> None:
        self.closed: deque[Entry] = deque(maxlen=ENTRIES_MAX)
        self.open: dict[int, Entry] = {}
        self.awaiting: dict[int, Entry] = {}
        self.totals: dict[tuple[str, Rule], Total] = {}
        self.opened = 0

    def enter(
        self, edge: str, rule: Rule, now: int, base: int, profit: int, net: int, detail: str
    ) -> Entry:
        """Open an entry."""
        self.opened += 1
        entry = Entry(self.opened, edge, rule, now, base, profit, net, net, detail=detail)
        self.open[entry.id] = entry
        total = self.totals.setdefault((edge, rule), Total())
        total.count += 1
        return entry

    def close(self, entry: Entry, now: int) -> None:
        """Close an entry and add it to the totals."""
        entry.closed_ns = now
        del self.open[entry.id]
        self.closed.append(entry)
        total = self.totals[entry.edge, entry.rule]
        total.open_ns += now - entry.opened_ns
        total.best_profit = max(total.best_profit, entry.profit)
        if total.best_net is None or entry.best_net > total.best_net:
            total.best_net = entry.best_net

    def value(self, entry: Entry, delay_ms: int, profit: int | None) -> None:
        """Note what the entry's size would have paid `delay_ms` after it was seen."""
        entry.outcomes[delay_ms] = profit
        if profit is not None:
            sums = self.totals[entry.edge, entry.rule].outcomes.setdefault(delay_ms, [0, 0])
            sums[0] += 1
            sums[1] += profit

    def rescale(self, edges: list[str], price: int, base: int) -> None:
        """Bring all amounts of some edges to finer units: factors of prices and of base sizes."""
        held = (*self.closed, *self.open.values(), *self.awaiting.values())
        for entry in {entry.id: entry for entry in held}.values():
            if entry.edge in edges:
                _rescale(entry, price, base)
        for (edge, _), total in self.totals.items():
            if edge in edges:
                total.best_profit *= price * base
                if total.best_net is not None:
                    total.best_net *= price
                for sums in total.outcomes.values():
                    sums[1] *= price * base
