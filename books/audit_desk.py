"""The audits of a node: when each book is audited, and what follows from what they find.

The node calls `moved` when a book's state changed, `diff` after a diff of a book in `logs`, `reply`
with an audit's REST reply, `on_timer` for a timer called TIMER and `rescale` after a refinement.
No clock: time comes with each call.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum

from books.audit import ChangeLog, compare
from books.audit_plan import MARGIN_NS, AuditConfig, AuditLink, AuditVenue
from books.audit_record import AuditRecord, Finding
from books.audit_reply import BadReplyError, RestBook
from books.book import Book
from books.state import Reason, State
from market.effects import EffectKind
from market.frame import Frame
from market.grid import OffGridError
from market.instrument import Instrument
from market.timers import NEVER, Timers

#: The name of the node's timers that belong here; their subject is the slot.
TIMER = "audit"
#: The last of an audit's FETCH fields; the request of a recovery has no such field.
PURPOSE = "audit"

#: A reply that has not come by then is lost.
REPLY_MAX_NS = 10_000_000_000
#: A reply ahead of the stream waits so long for the diff that holds its id.
AHEAD_MAX_NS = 5_000_000_000
#: The grids of one reply are refined at most so often.
REFINEMENTS_MAX = 4

_SENT = "sent_ns="
# The bit of books.book by which a new grade is published.
_TOUCH = 1

Emit = Callable[[EffectKind, str, str, tuple[str | int, ...]], None]


class Phase(IntEnum):
    """Where the audit of one book stands."""

    OFF = 0
    RESTING = 1
    QUEUED = 2
    LOGGING = 3
    ASKED = 4
    SETTLING = 5


class _Round:
    """The audit of one book that is next or under way."""

    def __init__(self) -> None:
        self.phase = Phase.OFF
        self.deadline_ns = NEVER
        self.asked_ns = 0
        self.condemned = 0
        self.snapshots = 0
        self.reply: RestBook | None = None


class AuditDesk:
    """Audits on a budget: one at a time for each venue, the others wait in order of their turn.

    `books`, `instruments` and `links` are the node's lists by slot. `emit` takes an effect,
    `changed` the change bits of a book. `logs` are the change logs of the books under audit,
    `records` what came of all audits so far.

    After a failed audit the book's grade has AUDIT until an audit is clean, also across a resync: a
    mirror that was wrong is used again when it was proved right, not when it was loaded again.
    """

    def __init__(
        self,
        config: AuditConfig,
        timers: Timers,
        books: Sequence[Book],
        instruments: Sequence[Instrument],
        links: Sequence[AuditLink],
        emit: Emit,
        changed: Callable[[int, int], None],
    ) -> None:
        self.config = config
        self.logs: dict[int, ChangeLog] = {}
        self.records: dict[int, AuditRecord] = {}
        self._timers = timers
        self._books = books
        self._instruments = instruments
        self._links = links
        self._emit = emit
        self._changed = changed
        self._rounds: dict[int, _Round] = {}
        self._busy: dict[str, int] = {}
        self._queues: dict[str, dict[int, None]] = {}
        self._asked_ns: dict[str, int] = {}

    # --- turns -----------------------------------------------------------------------------------

    def moved(self, slot: int, now: int) -> None:
        """A book's state changed: a live one gets a turn, one that starts over loses its audit."""
        if not self.config.interval(self._instruments[slot].id):
            return
        one = self._rounds.get(slot)
        if one is None:
            one = self._rounds[slot] = _Round()
            self.records[slot] = AuditRecord()
        state = self._books[slot].state
        if state == State.LIVE:
            if one.phase is Phase.OFF and self._venue(slot).audit_path(
                self._instruments[slot].native
            ):
                self._rest(slot, one, now, soon=True)
        elif state != State.DOUBTED:
            self.records[slot].restart()
            if one.phase > Phase.QUEUED:
                self._end(slot, one, now, "book_started_over")
            elif one.phase is not Phase.OFF:
                self._queues.get(self._venue(slot).name, {}).pop(slot, None)
                one.phase, one.deadline_ns = Phase.OFF, NEVER

    def on_timer(self, slot: int, deadline_ns: int) -> None:
        """A timer of TIMER fired; one that an earlier phase left behind does nothing."""
        one = self._rounds[slot]
        if one.deadline_ns != deadline_ns:
            return
        one.deadline_ns = NEVER
        if one.phase is Phase.RESTING:
            self._queue(slot, one, deadline_ns)
        elif one.phase is Phase.LOGGING:
            self._ask(slot, one, deadline_ns)
        elif one.phase is Phase.ASKED:
            self._end(slot, one, deadline_ns, "no_reply")
        elif one.phase is Phase.SETTLING:
            if one.reply is not None and one.reply.id < 0:
                self._judge(slot, one, deadline_ns)
            else:
                self._end(slot, one, deadline_ns, "stream_behind")

    def _venue(self, slot: int) -> AuditVenue:
        return self._links[slot].venue

    def _wait(self, slot: int, one: _Round, phase: Phase, until_ns: int) -> None:
        one.phase = phase
        one.deadline_ns = until_ns
        self._timers.set(until_ns, TIMER, slot)

    def _rest(self, slot: int, one: _Round, now: int, *, soon: bool) -> None:
        interval = self.config.interval(self._instruments[slot].id)
        pause = min(interval, self.config.soon_ns) if soon else interval
        self._wait(slot, one, Phase.RESTING, now + pause)

    def _queue(self, slot: int, one: _Round, now: int) -> None:
        """A book's turn has come: begin where the venue is free, else stand in line."""
        venue = self._venue(slot).name
        if venue in self._busy:
            one.phase = Phase.QUEUED
            self._queues.setdefault(venue, {})[slot] = None
        else:
            self._begin(slot, one, now)

    def _begin(self, slot: int, one: _Round, now: int) -> None:
        """Log changes from now on; the request leaves a margin later."""
        venue = self._venue(slot).name
        book = self._books[slot]
        self._busy[venue] = slot
        self.logs[slot] = ChangeLog(book.last_sequence)
        one.condemned, one.snapshots = book.condemned, book.snapshots
        earliest = self._asked_ns.get(venue, now) + self.config.spacing(venue)
        self._wait(slot, one, Phase.LOGGING, max(now + MARGIN_NS, earliest))

    def _ask(self, slot: int, one: _Round, now: int) -> None:
        venue, instrument, record = self._venue(slot), self._instruments[slot], self.records[slot]
        record.asked += 1
        one.asked_ns = self._asked_ns[venue.name] = now
        self._wait(slot, one, Phase.ASKED, now + REPLY_MAX_NS)
        path = venue.audit_path(instrument.native)
        fields = (instrument.id, record.asked, PURPOSE)
        self._emit(EffectKind.FETCH, instrument.venue, path, fields)

    def _end(self, slot: int, one: _Round, now: int, failure: str, *, soon: bool = False) -> None:
        """End an audit, with the name of its failure or '', and give the venue to the next book."""
        if failure:
            self.records[slot].give_up(failure)
            self._links[slot].error(f"audit_{failure}")
        venue = self._venue(slot).name
        del self.logs[slot]
        del self._busy[venue]
        one.reply = None
        one.phase, one.deadline_ns = Phase.OFF, NEVER
        if self._books[slot].state in (State.LIVE, State.DOUBTED):
            self._rest(slot, one, now, soon=soon)
        queue = self._queues.get(venue)
        if queue:
            following = next(iter(queue))
            del queue[following]
            self._begin(following, self._rounds[following], now)

    # --- what comes in ---------------------------------------------------------------------------

    def diff(self, slot: int, frame: Frame, i: int, now: int) -> None:
        """A book in `logs` was given the diff that is event `i` of a frame."""
        self.logs[slot].note(*frame.changes(i))
        one = self._rounds[slot]
        if one.phase is Phase.SETTLING:
            self._settle(slot, one, now)

    def hears(self, slot: int) -> bool:
        """Return whether a book's audits are on, so that an audit's reply may be ours."""
        return slot in self._rounds

    def reply(
        self,
        slot: int,
        data: bytes,
        note: str,
        status: int,
        now: int,
        refine: Callable[[bytes], bool],
    ) -> None:
        """Take the reply to an audit's request.

        `refine` makes the instrument's grids fine enough for the data; False when it cannot.
        Nobody waits for a reply that comes after its time: it is counted and changes nothing. The
        note is the URL; a fragment `sent_ns=` in it tells an answer to an earlier request.
        """
        one = self._rounds[slot]
        if one.phase is not Phase.ASKED or _sent_ns(note, one.asked_ns) < one.asked_ns:
            self._links[slot].error("audit_late_reply")
            return
        if status != 200:
            self._end(slot, one, now, _refusal(status, data))
            return
        try:
            one.reply = self._read(slot, data, refine)
        except BadReplyError as error:
            if one.phase is Phase.ASKED:
                self._end(slot, one, now, error.reason)
            return
        if one.phase is not Phase.ASKED:
            one.reply = None
            # The reply's grids do not fit the book: it started over, and the audit ended with it.
            return
        if one.reply.id < 0:
            self._wait(slot, one, Phase.SETTLING, now + MARGIN_NS)
        elif one.reply.id < self.logs[slot].start_id:
            # What changed between that id and the beginning of the log is not known any more.
            self._end(slot, one, now, "stale_reply")
        else:
            self._wait(slot, one, Phase.SETTLING, now + AHEAD_MAX_NS)
            self._settle(slot, one, now)

    def _read(self, slot: int, data: bytes, refine: Callable[[bytes], bool]) -> RestBook:
        """Read a reply, on finer grids where it needs them; raises BadReplyError."""
        for _ in range(REFINEMENTS_MAX):
            instrument = self._instruments[slot]
            try:
                return self._venue(slot).rest_book(
                    data, instrument.native, instrument.price, instrument.size
                )
            except OffGridError:
                if not refine(data):
                    break
        raise BadReplyError("off_grid")

    def rescale(self, slot: int, price_factor: int, size_factor: int) -> None:
        """A book's grids became finer."""
        if slot in self.records:
            self.records[slot].rescale(price_factor)
        if slot in self.logs:
            self.logs[slot].rescale(price_factor)
            reply = self._rounds[slot].reply
            if reply is not None:
                reply.rescale(price_factor, size_factor)

    # --- verdicts --------------------------------------------------------------------------------

    def _settle(self, slot: int, one: _Round, now: int) -> None:
        """Judge as soon as the mirror has reached the reply's id; without one, time decides."""
        book = self._books[slot]
        assert one.reply is not None
        if 0 <= one.reply.id <= book.last_sequence and book.state == State.LIVE:
            self._judge(slot, one, now)

    def _judge(self, slot: int, one: _Round, now: int) -> None:
        book, record, log = self._books[slot], self.records[slot], self.logs[slot]
        reply, instrument = one.reply, self._instruments[slot]
        assert reply is not None
        failure = ""
        if book.state != State.LIVE:
            failure = "book_in_doubt"
        elif (book.condemned, book.snapshots) != (one.condemned, one.snapshots):
            # A snapshot changed levels that no diff named.
            failure = "book_refreshed"
        elif log.full:
            failure = "log_full"
        if failure:
            self._end(slot, one, now, failure)
            return
        found = compare(book, reply, log)
        if not found.decidable:
            record.undecidable += found.undecidable
            self._end(slot, one, now, "nothing_decidable")
            return
        finding = record.take(found, instrument, now)
        self._end(slot, one, now, "", soon=finding is not Finding.CLEAN)
        failed = finding is not Finding.CLEAN
        before, book.audit_failed = book.audit_failed, failed
        if failed:
            self._report(slot, finding)
        if finding is Finding.CONDEMNED:
            level = record.named[0]
            self._changed(
                slot, book.condemn(Reason.AUDIT, f"{level[0]} {level[1]} was wrong in two audits")
            )
        elif before != failed:
            self._changed(slot, _TOUCH)

    def _report(self, slot: int, finding: Finding) -> None:
        record, instrument = self.records[slot], self._instruments[slot]
        lines = [
            f"{side} {price}: ours {ours}, theirs {theirs}"
            for side, price, ours, theirs in record.named
        ]
        self._emit(
            EffectKind.LOG,
            instrument.venue,
            f"audit_{finding.value}",
            (instrument.id, record.last_agreed, record.last_decidable, *lines),
        )


def _refusal(status: int, data: bytes) -> str:
    """Return the name of a failed request; with status 0 the data are the driver's own name."""
    if status:
        return f"http_{status}"
    name = data[:32].decode("ascii", "replace")
    return name if name.isidentifier() else "lost"


def _sent_ns(note: str, default: int) -> int:
    """Return when a reply's request left, as the fragment of its URL says."""
    text = note.partition("#")[2].removeprefix(_SENT)
    return int(text) if text.isascii() and text.isdigit() else default
