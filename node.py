"""The deterministic node: inputs in, effects out.

It reads no clock, socket, file, environment or random source. Time is in the inputs: node time is
the larger of what it was and the input's receive time, and due timers fire before the input.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from arb.board import Board
from arb.command import CommandError
from arb.command import command as command_desk
from arb.desk import TradingConfig, TradingDesk
from arb.edge import Edge, EdgeLimits
from arb.ledger import Ledger
from arb.outcomes import Outcomes
from arb.pairs import Pair
from arb.trader import Market
from books.audit_desk import TIMER as AUDIT_TIMER
from books.audit_desk import AuditDesk
from books.audit_plan import AuditConfig
from books.book import Book
from books.grade import Grade
from books.state import Reason, State
from cache.consolidated import ConsolidatedQuotes
from cache.intake import Intake
from cache.l1 import L1
from cache.tape import Tape
from connectors.link import Link
from connectors.links import Links
from connectors.measure import tops
from connectors.orders import Request, is_order_source
from connectors.recovery import Recoveries
from connectors.venue import Topic, Venue, VenueConfig
from market.catalog import Catalog, CatalogFullError
from market.digest import Digest
from market.effects import Effect, EffectKind
from market.fees import FeeSchedule
from market.frame import Kind, Refusal
from market.grid import BadNumberError
from market.inputs import InputKind
from market.instrument import Instrument
from market.naming import NamingError
from market.timers import Timer, Timers

# Change bits of books.book, and kinds as plain numbers for the hot path.
_TOUCH, _STATE, _WANTS_SNAPSHOT, _DEPTH = 1, 2, 4, 8
_FRAME = int(InputKind.FRAME)
_SNAPSHOT = int(Kind.SNAPSHOT)
_HORIZON = int(Grade.HORIZON)
_LIVE = int(State.LIVE)

#: Why a connection is to be replaced that the venue is about to close.
SHUTDOWN = "server shutdown"

#: A frame is refined and decoded again at most so often; each time a grid becomes finer.
REFINEMENTS_MAX = 40

#: Instruments that unknown symbols may bring in where discovery is on.
DISCOVERED_MAX = 2_000


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """What a node is told at its start; it is part of every recording."""

    discover: bool = False
    fees: FeeSchedule = field(default_factory=FeeSchedule)
    limits: EdgeLimits = field(default_factory=EdgeLimits)
    audits: AuditConfig = field(default_factory=AuditConfig)
    #: By venue; the others have VenueConfig's own values.
    venues: Mapping[str, VenueConfig] = field(default_factory=dict)
    #: What is compared; None for everything that can be.
    pairs: tuple[Pair, ...] | None = None
    #: What trades in the node; None for nothing.
    trading: TradingConfig | None = None

    def venue(self, name: str) -> VenueConfig:
        """Return how a venue's data are judged and asked for."""
        return self.venues.get(name) or VenueConfig()


class Node:
    """Everything that happens, one input after another. Call `handle`; take its effects."""

    def __init__(self, config: NodeConfig | None = None, catalog: Catalog | None = None) -> None:
        self.config = config or NodeConfig()
        self.catalog = catalog or Catalog()
        self.now = 0
        self.inputs = 0
        self.digest = Digest()
        self.timers = Timers()
        self.books: list[Book] = []
        self.instruments: list[Instrument] = []
        self.recovery = Recoveries(self.timers, self._emit)
        self.l1 = L1()
        #: Public trades, for readers.
        self.tape = Tape()
        self.connections = Links(
            self.config.venue,
            self.books,
            self.instruments,
            self.l1,
            self.recovery,
            self._emit,
            self._changed,
            self._want_again,
        )
        #: Connections by name, and by slot the one that feeds each book.
        self.links = self.connections.by_name
        self.book_links = self.connections.owners
        self.consolidated = ConsolidatedQuotes(self.l1)
        self.ledger = Ledger()
        self.outcomes = Outcomes(self.ledger, self.timers, self._emit)
        self.board = Board(
            self.l1,
            self.ledger,
            self.config.limits,
            self.config.fees,
            self.outcomes,
            self.config.pairs,
        )
        self.clock_steps = 0
        self.commands = 0
        self._slots: dict[tuple[str, str], int] = {}
        #: Slots whose quote changed since the driver last looked; it clears this.
        self.touched: dict[int, None] = {}
        self._effects: list[Effect] = []
        self.audits = AuditDesk(
            self.config.audits,
            self.timers,
            self.books,
            self.instruments,
            self.book_links,
            self._emit,
            self._changed,
        )
        #: What trades over these books, None where nothing does.
        self.desk = self._trading(self.config.trading)
        #: Takes a FRAME: what `handle` does with one, without its other arguments.
        self.take_frame: Callable[[int, str, bytes], list[Effect]] = Intake(self).take
        self._handlers: dict[int, Callable[[str, bytes, str, int], None]] = {
            InputKind.OPEN: self._open,
            InputKind.CLOSE: self._close,
            InputKind.REPLY: self._reply,
            InputKind.TIMER: self._tick,
            InputKind.CLOCK: self._clock,
            InputKind.COMMAND: self._command,
            InputKind.OFFSET: self._offset,
            InputKind.REPORT: self._report,
        }

    def _trading(self, config: TradingConfig | None) -> TradingDesk | None:
        if config is None:
            return None
        return TradingDesk(
            config,
            Market(self.books, self.instruments, self.l1, self.config.fees),
            self._set_timer,
            self._traded,
            self._order,
            lambda source, why: self._emit(EffectKind.RECONNECT, source, why),
        )

    # --- inputs ----------------------------------------------------------------------------------

    def handle(
        self,
        ts_recv: int,
        kind: int,
        source: str,
        data: bytes = b"",
        note: str = "",
        number: int = 0,
    ) -> list[Effect]:
        """Take one input; returns its effects, valid until the next call."""
        if kind == _FRAME:
            return self.take_frame(ts_recv, source, data)
        if self._effects:
            self._effects = []
        until = max(ts_recv, self.now)
        # One that was set for a time gone by is due with the next input, whenever that is.
        if until >= self.timers.next_ns:
            self._fire(until)
        self.now = until
        self.inputs += 1
        self._handlers[kind](source, data, note, number)
        if self.desk is not None:
            self.desk.after(self.now)
        return self._effects

    def _fire(self, until: int) -> None:
        """Fire the timers due by `until`, each at its own deadline."""
        while (timer := self.timers.pop_due(until)) is not None:
            self.now = max(self.now, timer.deadline_ns)
            self._on_timer(timer)

    def _emit(
        self, kind: EffectKind, target: str, subject: str, fields: tuple[str | int, ...] = ()
    ) -> None:
        effect = Effect(kind, target, subject, fields)
        self._effects.append(effect)
        if kind != EffectKind.LOG:
            self.digest.add_bytes(effect.canonical())

    def _set_timer(self, deadline_ns: int, name: str, subject: int) -> None:
        self.timers.set(deadline_ns, name, subject)

    def _traded(self, world: str, event: str, fields: tuple[str | int, ...]) -> None:
        self._emit(EffectKind.TRADING, world, event, fields)

    def _order(self, venue: str, request: Request) -> None:
        self._emit(EffectKind.ORDER, venue, request.tag, request.fields)

    def _log(self, target: str, event: str, *fields: str | int) -> None:
        self._emit(EffectKind.LOG, target, event, fields)

    # --- connections -----------------------------------------------------------------------------

    def venue(self, name: str) -> Venue:
        """Return the protocol object of a venue, made at first use."""
        return self.connections.venue(name)

    def _open(self, source: str, data: bytes, note: str, number: int) -> None:
        if is_order_source(source):
            self._report(source, data, note, number, InputKind.OPEN)
            return
        self.connections.open(source, note, self.now, subscribe=not self.config.discover)

    def _close(self, source: str, data: bytes, note: str, number: int) -> None:
        if is_order_source(source):
            self._report(source, data, note, number, InputKind.CLOSE)
            return
        self.connections.close(source, note or "closed")

    def _report(
        self, source: str, data: bytes, note: str, number: int, kind: int = InputKind.REPORT
    ) -> None:
        """An order channel opened, closed or brought something, as it arrived."""
        live = self.desk.live if self.desk is not None else None
        if live is not None:
            live.hear(kind, source, data, note, number, self.now)
        else:
            self._log(source, "nothing_trades_there")

    def watch(self, instrument: Instrument, source: str) -> int:
        """Add an instrument to be fed by the connection `source`; returns its slot."""
        key = (instrument.venue, instrument.native)
        if key in self._slots:
            return self._slots[key]
        link = self.connections.get(source)
        slot = len(self.books)
        book = Book(slot, link.venue.rule())
        book.subscribe()
        self._slots[key] = slot
        self.books.append(book)
        self.instruments.append(instrument)
        self.recovery.reset(slot)
        self.connections.feeds(link, slot)
        self._name(link, slot)
        self.consolidated.add(instrument, slot)
        self.board.add(instrument, book, self.now)
        if self.desk is not None:
            self.desk.watch(slot)
        if link.broken:
            book.condemn(Reason.GAP, link.broken)
        return slot

    def _name(self, link: Link, slot: int) -> None:
        """Tell the decoder how the venue labels an instrument's data, and its grids."""
        instrument = self.instruments[slot]
        label = instrument.alias or instrument.native
        link.venue.symbols.put(label.encode(), slot, instrument.price, instrument.size)

    # --- frames ----------------------------------------------------------------------------------

    def _counted(self, link: Link, data: bytes, count: int) -> bool:
        """A counted connection's frame is not the next one; False when it must be ignored."""
        if self.connections.counted(link, link.frame.sequence, count):
            return True
        if count < 0:
            # Of a damaged number only the first digits may be left: the frame may be the next.
            self._lost(link, data, Refusal(count))
        return False

    def _control(self, link: Link, kind: int, data: bytes) -> None:
        """Take an event that changes no book."""
        if kind == Kind.ERROR:
            link.error("venue_error")
            self._log(link.name, "venue_error", data[:500].decode("utf-8", "replace"))
        elif kind == Kind.ACK:
            for slot in link.slots:
                self.books[slot].acknowledged = True
        elif kind == Kind.SHUTDOWN:
            self.connections.reconnect(link, SHUTDOWN)
        else:
            link.ignored += 1

    # --- frames that were refused ----------------------------------------------------------------

    def _refused(self, link: Link, data: bytes, count: int) -> int:
        """Try to make a refused frame readable; returns the number of its events, 0 when lost."""
        tries = 0
        while count < 0:
            tries += 1
            symbol = (link.frame.symbol or b"").decode("utf-8", "replace")
            cured = False
            if tries <= REFINEMENTS_MAX:
                if count == Refusal.OFF_GRID:
                    cured = self._refine(link, symbol, data)
                elif count == Refusal.UNKNOWN_SYMBOL:
                    cured = self.config.discover and self._discover(link, symbol)
                    if not cured and not link.venue.counted:
                        # The whole frame was this symbol's: no book of ours missed anything.
                        link.error("unknown_symbol")
                        self._log(link.name, "unknown_symbol", symbol)
                        return 0
            if not cured:
                self._lost(link, data, Refusal(count))
                return 0
            count = link.decode(data)
        return count

    def _discover(self, link: Link, symbol: str) -> bool:
        """Take in a symbol that nobody asked for; False when it cannot be."""
        if len(self.instruments) >= DISCOVERED_MAX:
            return False
        try:
            instrument = self.catalog.resolve(link.venue.name, symbol)
        except (NamingError, CatalogFullError) as error:
            self._log(link.name, "bad_symbol", str(error))
            return False
        self.watch(instrument, self.connections.streaming(link).name)
        return True

    def _refine(self, link: Link, symbol: str, data: bytes) -> bool:
        """Make an instrument's grids fine enough for a frame; False when they cannot be."""
        slot = link.venue.symbols.slot(symbol.encode())
        if slot < 0:
            return False
        price, size = link.venue.grids(data, symbol)
        old = self.instruments[slot]
        top = tops(self.books[slot])
        try:
            new = self.catalog.refine(
                old.venue, old.native, price, size, price_top=top[0], size_top=top[1]
            )
        except BadNumberError as error:
            self._log(link.name, "absurd_grid", str(error))
            return False
        if new.price == old.price and new.size == old.size:
            return False
        self.catalog.take_changes()
        self._regrid(slot, new)
        return True

    def _regrid(self, slot: int, new: Instrument) -> None:
        """Bring everything that holds ticks and lots of an instrument to its finer grids."""
        old = self.instruments[slot]
        self.instruments[slot] = new
        self.consolidated.add(new, slot)
        link = self.book_links[slot]
        self._name(link, slot)
        factors = old.factors_to(new)
        book = self.books[slot]
        if factors != (1, 1):
            try:
                book.rescale(*factors)
            except OverflowError as error:
                link.error("grid_overflow")
                book.disconnect(str(error))
                self._changed(slot, book.condemn(Reason.OVERFLOW, str(error)))
        self.audits.rescale(slot, *factors)
        self.tape.rescale(slot, *factors)
        self.l1.put(book)
        self.board.regrid(old, new, self.now)
        if self.desk is not None:
            self.desk.watch(slot)

    def _lost(self, link: Link, data: bytes, refusal: Refusal) -> None:
        """A frame cannot be read: count it, and make unreadable only what it may have spoilt."""
        reason = refusal.name.lower()
        link.error(reason)
        where = max(len(data) - link.frame.offset, 0) if link.frame.offset else 0
        self._log(link.name, "bad_frame", reason, where, data[:200].decode("utf-8", "replace"))
        if link.broken:
            return
        damage = link.venue.damage(data)
        if damage.everything:
            if link.venue.counted or link.slots:
                self.connections.reconnect(link, "unreadable frame", (reason,))
            self.connections.condemn(link, Reason.MALFORMED, f"unreadable frame: {reason}")
        for label in damage.books:
            slot = link.venue.symbols.slot(label.encode())
            if slot >= 0 and self.book_links[slot] is link:
                self._changed(
                    slot, self.books[slot].condemn(Reason.MALFORMED, f"unreadable diff: {reason}")
                )
        if damage.doubt:
            for slot in link.slots:
                if self.book_links[slot] is link:
                    self._changed(slot, self.books[slot].doubt(f"unreadable frame: {reason}"))

    # --- books -----------------------------------------------------------------------------------

    def _changed(self, slot: int, changed: int) -> None:
        """Publish what changed in a book, tell the edges, ask for a snapshot when it wants one."""
        book = self.books[slot]
        now = self.now
        if changed & (_TOUCH | _STATE | _DEPTH):
            grade = self.l1.put(book)
            self.touched[slot] = None
            self.board.hear(
                slot,
                now,
                depth=bool(changed & (_DEPTH | _STATE)),
                touch=bool(changed & (_TOUCH | _STATE)),
            )
            if self.desk is not None:
                self.desk.on_book(slot, now, touch=bool(changed & (_TOUCH | _STATE)))
            if grade & _HORIZON and not book.refreshing:
                self._ask(slot, refresh=True)
        if changed & _STATE:
            self._log(
                self.book_links[slot].name,
                "book",
                self.instruments[slot].id,
                book.reason_label,
                book.detail,
            )
            self.audits.moved(slot, now)
            if book.state != _LIVE:
                self._want(slot)
            elif book.rule.in_stream:
                self.recovery.arrived(book, now)
        if changed & _WANTS_SNAPSHOT:
            self._want(slot)

    def _want(self, slot: int) -> None:
        """A book waits for a snapshot: ask, unless a new connection will bring one anyway."""
        link = self.book_links[slot]
        if link.connected and not link.reconnecting:
            self._ask(slot, refresh=False)

    def _want_again(self, slot: int) -> None:
        """Ask for a snapshot if there is something that it would make whole."""
        book = self.books[slot]
        if not book.live and (book.buffered or book.rule.in_stream):
            self._want(slot)

    def _ask(self, slot: int, *, refresh: bool) -> None:
        instrument, link = self.instruments[slot], self.book_links[slot]
        self.recovery.ask(self.books[slot], instrument, link, self.now, refresh=refresh)

    # --- replies ---------------------------------------------------------------------------------

    def _reply(self, source: str, data: bytes, note: str, number: int) -> None:
        """Take a REST reply: a depth snapshot, trading rules, the venue's time."""
        link = self.connections.get(source)
        link.replies += 1
        topic, native = link.venue.topic(note)
        if topic is Topic.AUDIT:
            slot = self._slots.get((link.venue.name, native))
            if slot is not None and self.audits.hears(slot):
                self.audits.reply(
                    slot, data, note, number, self.now, partial(self._refine, link, native)
                )
                self.books[slot].mix(self.digest)
                return
            topic = Topic.DEPTH if link.venue.snapshot_path(native) else Topic.OTHER
        if number != 200:
            link.error(f"http_{number}")
            self._log(link.name, "rest_error", number, note, data[:200].decode("utf-8", "replace"))
            slot = self._slots.get((link.venue.name, native))
            if topic is Topic.DEPTH and slot is not None:
                self.recovery.answered(self.books[slot], self.now, helped=False)
        elif topic is Topic.DEPTH:
            self._depth_reply(link, native, data)
        elif topic is Topic.RULES:
            self._rules_reply(link, data)

    def _depth_reply(self, link: Link, native: str, data: bytes) -> None:
        slot = self._slots.get((link.venue.name, native))
        if slot is None:
            if not self.config.discover or not self._discover(link, native):
                link.error("unknown_symbol")
                self._log(link.name, "unknown_symbol", native)
                return
            slot = self._slots[link.venue.name, native]
        count = link.venue.decode_snapshot(data, native)
        tries = 0
        while count == Refusal.OFF_GRID and tries < REFINEMENTS_MAX:
            tries += 1
            if not self._refine(link, native, data):
                break
            count = link.venue.decode_snapshot(data, native)
        if count <= 0 or link.frame.kind(0) != _SNAPSHOT:
            reason = Refusal(count).name.lower() if count < 0 else "not_a_snapshot"
            link.error(reason)
            self._log(link.name, "bad_reply", reason, data[:200].decode("utf-8", "replace"))
            self.recovery.answered(self.books[slot], self.now, helped=False)
            return
        book = self.books[slot]
        before, condemned = book.snapshots, book.condemned
        changed = book.on(link.frame, 0, self.now)
        # A snapshot that broke the book did not help: without a pause the next one follows at once.
        helped = book.snapshots > before and book.condemned == condemned
        self.recovery.answered(book, self.now, helped=helped)
        if changed:
            self._changed(slot, changed)
        book.mix(self.digest)

    def _rules_reply(self, link: Link, data: bytes) -> None:
        listed, problems = link.venue.instruments(data)
        if problems:
            for _ in problems:
                link.error("bad_rules_row")
            self._log(link.name, "bad_rules", len(problems), problems[0])
        for instrument in listed:
            try:
                self.catalog.adopt(instrument)
            except CatalogFullError:
                link.error("catalog_full")
                break
        for change in self.catalog.take_changes():
            slot = self._slots.get((change.new.venue, change.new.native))
            if slot is not None:
                self._regrid(slot, change.new)

    # --- timers, clock, commands -----------------------------------------------------------------

    def _on_timer(self, timer: Timer) -> None:
        subject = timer.subject
        assert isinstance(subject, int)
        if timer.name == "snapshot_lost":
            self.recovery.lost(self.books[subject], timer.deadline_ns)
        elif timer.name == "snapshot_again":
            self._want_again(subject)
        elif timer.name == "snapshot_due":
            if self.recovery.overdue(subject, timer.deadline_ns):
                self._want_again(subject)
        elif timer.name == AUDIT_TIMER:
            self.audits.on_timer(subject, timer.deadline_ns)
        elif self.desk is not None and " " in timer.name:
            self.desk.on_timer(timer.name, subject, self.now)
        else:
            self.outcomes.value(subject, int(timer.name))

    def _tick(self, source: str, data: bytes, note: str, number: int) -> None:
        """Time passes: what was due has fired already."""

    def _clock(self, source: str, data: bytes, note: str, number: int) -> None:  # noqa: ARG002
        """The wall clock stepped by `number` ns; node time never goes back."""
        self.clock_steps += 1
        self._log(source, "clock_step", number)

    def _offset(self, source: str, data: bytes, note: str, number: int) -> None:  # noqa: ARG002
        """The venue's clock stands `number` ns ahead of ours."""
        venue = self.connections.get(source).venue
        self.connections.set_offset(venue, number)

    def _command(self, source: str, data: bytes, note: str, number: int) -> None:  # noqa: ARG002
        """A user's command; what it changes is decided here and nowhere else."""
        self.commands += 1
        argument = data.decode("utf-8", "replace")
        if note == "resync":
            slot = self.slot_of(argument)
            if slot is not None:
                self._changed(slot, self.books[slot].condemn(Reason.AUDIT, "resync was asked for"))
                return
        elif self.desk is not None:
            try:
                if command_desk(self.desk, note, argument, self.now):
                    self._log(source, "command", note, argument)
                    return
            except CommandError as error:
                self._log(source, "bad_command", note, str(error))
                return
        self._log(source, "unknown_command", note)

    def finish(self) -> None:
        """Close what is open, at the end of a run."""
        self.board.finish(self.now)

    # --- reading ---------------------------------------------------------------------------------

    def slot_of(self, instrument_id: str) -> int | None:
        """Return the slot of an instrument id, None when it is not watched."""
        for slot, instrument in enumerate(self.instruments):
            if instrument.id == instrument_id:
                return slot
        return None

    @property
    def edges(self) -> list[Edge]:
        """All edges, in the order in which they became possible."""
        return self.board.edges

    @property
    def events(self) -> int:
        """Market events so far: level changes applied, best quotes, trades."""
        ticks = sum(link.quotes + link.trades for link in self.links.values())
        return ticks + sum(book.changes for book in self.books)
