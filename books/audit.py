"""The audit of a mirrored book: compare it, level by level, with a REST book of the venue.

A REST book shows one moment; the mirror moves on in batches. What can be compared are the levels
that did not change between that moment and the comparison, so an audit keeps a log of the levels
which the stream changed since before it asked:

- Replies with an update id L (Binance). L usually lies inside a batched diff, so the mirror never
  stood at L. Once the mirror reached L, a level is decidable when no diff that ends after L
  changed it; a diff that ends at L lies wholly before it.
- Replies without an id (Coinbase). A level is decidable when nothing changed it from one second
  before the request until one second after the reply.

Both hold only inside both horizons: that of the mirror's snapshot and that of the reply.
"""

from dataclasses import dataclass, field

from books.audit_reply import Level, RestBook
from books.book import Book

#: Levels that a log may hold; an audit whose log is full is inconclusive.
LOG_LEVELS_MAX = 65_536
#: Wrong levels that a comparison names.
NAMED_MAX = 10

#: (ask, ticks).
Price = tuple[bool, int]


class ChangeLog:
    """Which levels the stream changed since the log was begun, and the last diff that did.

    `start_id` is the update id that the mirror held then. Bounded: beyond `levels_max` levels it
    is `full` and proves nothing any more.
    """

    def __init__(self, start_id: int, levels_max: int = LOG_LEVELS_MAX) -> None:
        self.start_id = start_id
        self.full = False
        self._levels_max = levels_max
        self._last: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def note(self, last: int, bids: list[Level], asks: list[Level]) -> None:
        """Take a diff that ends at the update id `last` (any number where there are no ids)."""
        for seen, levels in zip(self._last, (bids, asks), strict=True):
            for ticks, _ in levels:
                if seen.get(ticks, last) <= last:
                    seen[ticks] = last
        if len(self) > self._levels_max:
            self.full = True
            self._last = ({}, {})

    def changed_after(self, ask: bool, ticks: int, at: int) -> bool:
        """Return whether a diff that ends after `at` changed the level; -1 stands for any diff."""
        last = self._last[ask].get(ticks)
        return last is not None and (at < 0 or last > at)

    def rescale(self, price_factor: int) -> None:
        """Bring the prices to a finer grid."""
        first, second = (
            {ticks * price_factor: last for ticks, last in seen.items()} for seen in self._last
        )
        self._last = (first, second)

    def __len__(self) -> int:
        return len(self._last[0]) + len(self._last[1])


@dataclass(frozen=True, slots=True)
class WrongLevel:
    """A level on which mirror and venue differ; lots, 0 where one of them has no such level."""

    ask: bool
    ticks: int
    ours: int
    theirs: int


@dataclass(slots=True)
class Comparison:
    """What one audit found, in levels; `wrong` are those that differ, bids first, best first."""

    agreed: int = 0
    undecidable: int = 0
    missing: int = 0
    extra: int = 0
    sizes: int = 0
    wrong: list[WrongLevel] = field(default_factory=list)

    @property
    def decidable(self) -> int:
        """Levels on which a verdict was possible."""
        return self.agreed + len(self.wrong)


def compare(book: Book, reply: RestBook, log: ChangeLog) -> Comparison:
    """Compare a live book that has reached the reply's id; raises BookNotLiveError otherwise."""
    found = Comparison()
    low, high = book.horizon
    bid_edges = [edge for edge in (low, reply.bid_edge) if edge is not None]
    ask_edges = [edge for edge in (high, reply.ask_edge) if edge is not None]
    _side(found, False, book, reply, max(bid_edges, default=None), log)
    _side(found, True, book, reply, min(ask_edges, default=None), log)
    return found


def _side(
    found: Comparison, ask: bool, book: Book, reply: RestBook, edge: int | None, log: ChangeLog
) -> None:
    """Compare one side inside `edge`, the nearer of the two horizons."""
    rows = reply.asks if ask else reply.bids
    theirs = {ticks: lots for ticks, lots in rows if _inside(ask, ticks, edge)}
    ours = _held(book, ask, edge, len(rows))
    for ticks in sorted(theirs.keys() | ours.keys(), reverse=not ask):
        mine, yours = ours.get(ticks, 0), theirs.get(ticks, 0)
        if log.changed_after(ask, ticks, reply.id):
            found.undecidable += 1
        elif mine == yours:
            found.agreed += 1
        else:
            found.missing += mine == 0
            found.extra += yours == 0
            found.sizes += mine != 0 and yours != 0
            found.wrong.append(WrongLevel(ask, ticks, mine, yours))


def _inside(ask: bool, ticks: int, edge: int | None) -> bool:
    return edge is None or (ticks <= edge if ask else ticks >= edge)


def _held(book: Book, ask: bool, edge: int | None, about: int) -> dict[int, int]:
    """Return the mirror's levels inside `edge`; a mirror may be far deeper than a reply."""
    limit = 2 * about + 64
    levels = book.levels(ask, limit)
    if len(levels) == limit and _inside(ask, levels[-1][0], edge):
        levels = book.levels(ask)
    return {ticks: lots for ticks, lots in levels if _inside(ask, ticks, edge)}
