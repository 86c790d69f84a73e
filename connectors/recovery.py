"""When to ask for a depth snapshot: single flight, with backoff; decided inside the node."""

from collections.abc import Callable
from dataclasses import dataclass

from books.book import Book
from connectors.link import Link
from market.effects import EffectKind
from market.instrument import Instrument
from market.timers import NEVER, Timers

#: A reply that has not come by then is lost.
TIMEOUT_NS = 10_000_000_000
BACKOFF_FIRST_NS = 500_000_000
BACKOFF_MAX_NS = 30_000_000_000
#: A live book's refresh may wait: it is not wrong, only near its horizon.
REFRESH_PAUSE_NS = 60_000_000_000


@dataclass(slots=True)
class Recovery:
    """The snapshot requests of one book.

    The weight budget and the limits on a venue's requests are the driver's; this bounds what one
    book may ask for: one request at a time, 0.5 s to 30 s apart while they do not help. `due_ns` is
    when the snapshot that a new connection brings unasked must be there.
    """

    in_flight: bool = False
    refresh: bool = False
    attempts: int = 0
    not_before_ns: int = 0
    deadline_ns: int = NEVER
    due_ns: int = NEVER

    def may_ask(self, now: int) -> bool:
        """Return whether a request may leave now."""
        return not self.in_flight and now >= self.not_before_ns

    def asked(self, now: int, *, refresh: bool) -> int:
        """A request leaves; returns the time at which it counts as lost."""
        self.in_flight = True
        self.refresh = refresh
        self.attempts += 1
        self.deadline_ns = now + TIMEOUT_NS
        return self.deadline_ns

    def answered(self, now: int, *, helped: bool) -> int:
        """A reply came or was given up; returns when the next request may leave."""
        self.in_flight = False
        self.deadline_ns = NEVER
        if helped:
            self.attempts = 0
            self.not_before_ns = now
        elif self.refresh:
            self.not_before_ns = now + REFRESH_PAUSE_NS
        else:
            pause = BACKOFF_FIRST_NS << min(max(self.attempts - 1, 0), 16)
            self.not_before_ns = now + min(pause, BACKOFF_MAX_NS)
        return self.not_before_ns


Emit = Callable[[EffectKind, str, str, tuple[str | int, ...]], None]


class Recoveries:
    """The snapshot requests of all books, by slot: as effects, watched by timers.

    Timers: `snapshot_lost` when a reply is overdue, `snapshot_again` when the next may leave,
    `snapshot_due` when a snapshot that should have come by itself is overdue.
    """

    def __init__(self, timers: Timers, emit: Emit) -> None:
        self._timers = timers
        self._emit = emit
        self._of: dict[int, Recovery] = {}

    def reset(self, slot: int) -> None:
        """Nothing was asked for yet: a new book, or a new connection."""
        self._of[slot] = Recovery()

    def expect(self, slot: int, now: int) -> None:
        """A connection was opened whose subscription begins with a snapshot."""
        recovery = self._of[slot]
        recovery.due_ns = now + TIMEOUT_NS
        self._timers.set(recovery.due_ns, "snapshot_due", slot)

    def overdue(self, slot: int, deadline_ns: int) -> bool:
        """Return whether this deadline is that of the connection opened last."""
        return self._of[slot].due_ns == deadline_ns

    def ask(
        self, book: Book, instrument: Instrument, link: Link, now: int, *, refresh: bool
    ) -> None:
        """Ask for a snapshot by REST, or where it comes in the stream by subscribing anew."""
        recovery = self._of[book.slot]
        if not recovery.may_ask(now):
            return
        if refresh:
            book.begin_refresh()
        self._timers.set(recovery.asked(now, refresh=refresh), "snapshot_lost", book.slot)
        path = link.venue.snapshot_path(instrument.native)
        if path:
            fields = instrument.id, recovery.attempts
            self._emit(EffectKind.FETCH, instrument.venue, path, fields)
        for frame in link.venue.resubscribe(instrument.native):
            self._emit(EffectKind.SEND, link.name, frame.decode(), ())

    def answered(self, book: Book, now: int, *, helped: bool) -> None:
        """A reply came, or was given up."""
        recovery = self._of[book.slot]
        # A book that broke while its refresh was on the way needs a snapshot, not patience.
        recovery.refresh = recovery.refresh and book.live
        again = recovery.answered(now, helped=helped)
        if not helped:
            book.cancel_refresh()
            self._timers.set(again, "snapshot_again", book.slot)

    def arrived(self, book: Book, now: int) -> None:
        """A snapshot came in the stream."""
        if self._of[book.slot].in_flight:
            self.answered(book, now, helped=True)

    def lost(self, book: Book, deadline_ns: int) -> None:
        """A reply is overdue, unless it came or another one is awaited by now."""
        recovery = self._of[book.slot]
        if recovery.in_flight and recovery.deadline_ns == deadline_ns:
            self.answered(book, deadline_ns, helped=False)
