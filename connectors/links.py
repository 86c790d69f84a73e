"""All connections of a node: who feeds which book, and what happens when one opens or ends.

A connection has epochs, `binance.ws.1#3` is the third opening of `binance.ws.1`. During a rollover
two epochs carry the same stream, and each book goes over to the newer one without a break.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from books.book import Book
from books.state import Reason, State
from connectors.coinbase.sequence import Count
from connectors.link import Link
from connectors.recovery import Emit, Recoveries
from connectors.registry import venue as venue_of
from connectors.venue import Venue, VenueConfig
from market.effects import EffectKind
from market.frame import Kind
from market.instrument import Instrument

# Change bits of books.book.
_TOUCH, _DEPTH = 1, 8
_SNAPSHOT = int(Kind.SNAPSHOT)
_LIVE = int(State.LIVE)


class Clocks(Protocol):
    """What is told about connections: the quotes, by whose clocks they are judged."""

    def open_slot(self, slot: int, link: int) -> None:
        """A book's depth comes by this connection from now on."""

    def hear(self, link: int, now: int) -> None:
        """A frame came, or with 0 none did yet."""

    def set_offset(self, link: int, offset_ns: int | None) -> None:
        """The venue's clock minus ours, None while it is not known."""

    def set_bounds(self, link: int, silence_max_ns: int, lag_max_ns: int) -> None:
        """Set how long a connection may be silent and how late its data may come."""


class Links:
    """The connections by name, and by slot the one that feeds each book.

    `config_of` says how a venue is dealt with; `books` and `instruments` are the node's lists by
    slot. `emit` takes an effect, `changed` the change bits of a book,
    `want` asks for a snapshot of a book that needs one.
    """

    def __init__(
        self,
        config_of: Callable[[str], VenueConfig],
        books: Sequence[Book],
        instruments: Sequence[Instrument],
        clocks: Clocks,
        recovery: Recoveries,
        emit: Emit,
        changed: Callable[[int, int], None],
        want: Callable[[int], None],
    ) -> None:
        self.by_name: dict[str, Link] = {}
        self.owners: list[Link] = []
        self.venues: dict[str, Venue] = {}
        self._config_of = config_of
        self._books = books
        self._instruments = instruments
        self._clocks = clocks
        self._recovery = recovery
        self._emit = emit
        self._changed = changed
        self._want = want
        self._free: list[int] = []
        self._offsets: dict[str, int] = {}
        self._opens = 0

    def venue(self, name: str) -> Venue:
        """Return the protocol object of a venue, made at first use; ValueError for none."""
        if name not in self.venues:
            self.venues[name] = venue_of(name, self._config_of(name).snapshot_levels)
        return self.venues[name]

    def get(self, source: str) -> Link:
        """Return a connection by its name, `venue.anything`; ValueError for an unknown venue."""
        link = self.by_name.get(source)
        if link is None:
            index = self._free.pop() if self._free else len(self.by_name)
            link = Link(source, index, self.venue(source.partition(".")[0]))
            self.by_name[source] = link
            bounds = self._config_of(link.venue.name)
            self._clocks.set_bounds(index, bounds.silence_max_ns, bounds.lag_max_ns)
            self._clocks.hear(index, 0)
            self._clocks.set_offset(index, self._offsets.get(link.venue.name))
        return link

    def feeds(self, link: Link, slot: int) -> None:
        """A new book, of the next slot, is fed by a connection."""
        self.owners.append(link)
        link.slots[slot] = None
        self._clocks.open_slot(slot, link.index)

    def set_offset(self, venue: Venue, offset_ns: int) -> None:
        """The venue's clock stands so many ns ahead of ours."""
        self._offsets[venue.name] = offset_ns
        for link in self.by_name.values():
            if link.venue is venue:
                self._clocks.set_offset(link.index, offset_ns)

    def streaming(self, link: Link) -> Link:
        """Return the link itself, or for a REST door the connection that its books come by."""
        if link.connected:
            return link
        for other in self.by_name.values():
            if other.connected and other.venue is link.venue:
                return other
        return link

    # --- epochs ----------------------------------------------------------------------------------

    def open(self, source: str, address: str, now: int, *, subscribe: bool) -> None:
        """A connection was opened: with `subscribe` it asks for what its books need."""
        link = self.get(source)
        if link.connected:
            link.close("replaced by a new connection")
            self._drop_books(link, link.detail)
        self._opens += 1
        link.open(address, self._opens)
        for old in [one for one in self.by_name.values() if one.base == link.base]:
            if old is not link:
                self._succeed(old, link)
        wanted = [self._instruments[slot].native for slot in link.slots]
        if wanted and subscribe:
            for frame in link.venue.subscribe(wanted, request_id=link.epoch * 1000):
                self._emit(EffectKind.SEND, link.name, frame.decode(), ())
            for slot in link.slots:
                if self._books[slot].rule.in_stream:
                    self._recovery.expect(slot, now)

    def close(self, source: str, reason: str) -> None:
        """A connection is gone: what nobody else carries on is lost."""
        link = self.get(source)
        link.close(reason)
        self._drop_books(link, reason)
        heirs = [one for one in self.by_name.values() if one.base == link.base and one.connected]
        if heirs:
            for slot in link.slots:
                if self.owners[slot] is link:
                    self._own(slot, heirs[-1])
                    self._want(slot)
            self._retire(link, heirs[-1])

    def _succeed(self, old: Link, new: Link) -> None:
        """A connection was opened again: it wants the same books.

        While the old one still delivers, its books stay with it until the new one can carry on
        (`take_over`); a closed one gives them up at once.
        """
        new.slots |= old.slots
        if old.connected:
            return
        for slot in old.slots:
            if self.owners[slot] is old:
                self._own(slot, new)
        self._retire(old, new)

    def take_over(self, link: Link, slot: int, i: int, kind: int) -> bool:
        """Depth came by a connection that does not own the book: decide whether it takes it over.

        The connection opened last feeds a book, older ones do not. During a rollover both carry
        the same stream, and the book goes over without a break: with the snapshot in the stream,
        or with a sequenced diff that reaches where the book stands.
        """
        owner = self.owners[slot]
        book = self._books[slot]
        # A book that only its best quotes made known has no depth connection yet.
        fed = book.diffs or (book.rule.in_stream and book.snapshots)
        if owner.connected and fed:
            if owner.opened >= link.opened:
                link.error("superseded")
                return False
            if owner.base != link.base:
                fields = self._instruments[slot].id, owner.name
                self._emit(EffectKind.LOG, link.name, "takes_over", fields)
                # What is to come is here already: readers are told, nothing is asked for.
                if book.disconnect(f"moved to {link.name}"):
                    self._changed(slot, _TOUCH | _DEPTH)
            elif not _carries_on(book, link, i, kind):
                return False
        if owner.base != link.base:
            owner.slots.pop(slot, None)
            link.slots[slot] = None
        self._own(slot, link)
        if owner.base == link.base and all(self.owners[one] is link for one in link.slots):
            self._emit(EffectKind.READY, link.name, "carries on", ())
        return True

    def _own(self, slot: int, link: Link) -> None:
        self.owners[slot] = link
        self._clocks.open_slot(slot, link.index)

    def _retire(self, old: Link, new: Link) -> None:
        """Forget a closed connection that another one has replaced."""
        new.inherit(old)
        del self.by_name[old.name]
        self._free.append(old.index)

    def _drop_books(self, link: Link, why: str) -> None:
        for slot in link.slots:
            if self.owners[slot] is link:
                self._recovery.reset(slot)
                self._changed(slot, self._books[slot].disconnect(why) | _TOUCH | _DEPTH)

    # --- what is wrong ---------------------------------------------------------------------------

    def counted(self, link: Link, number: int, count: int) -> bool:
        """A counted connection's frame is not the next one; False when it must be ignored.

        `number` is what the frame says, negative for none, `count` its events or a Refusal.
        """
        assert link.sequence is not None
        if number < 0:
            # Error frames carry no number; what else lacks one is damaged, which `count` says.
            if count < 0:
                link.sequence.last += 1
            return True
        expected = link.sequence.last + 1
        verdict = link.sequence.check(number)
        if verdict is Count.STALE:
            link.stale += 1
            link.error("stale_sequence")
            return False
        link.gaps += 1
        link.error("sequence_gap")
        if not link.broken:
            # What was lost may have been anything: nothing of this epoch counts any more.
            link.broken = f"expected frame {expected}, got {number}"
            self.reconnect(link, "sequence gap", (expected, number))
            self.condemn(link, Reason.GAP, link.broken)
        return True

    def reconnect(self, link: Link, why: str, fields: tuple[str | int, ...] = ()) -> None:
        """Ask for a new connection, once an epoch."""
        if not link.reconnecting:
            link.reconnecting = True
            self._emit(EffectKind.RECONNECT, link.name, why, fields)

    def condemn(self, link: Link, reason: Reason, detail: str) -> None:
        """Condemn every book that a connection feeds."""
        for slot in link.slots:
            if self.owners[slot] is link:
                self._changed(slot, self._books[slot].condemn(reason, detail))


def _carries_on(book: Book, link: Link, i: int, kind: int) -> bool:
    """Return whether event `i` of a newer connection goes on where a live book stands."""
    if kind == _SNAPSHOT or book.state != _LIVE:
        return kind == _SNAPSHOT or not book.rule.in_stream
    if book.rule.in_stream:
        return False
    first, last = link.frame.ids(i)
    return first - 1 <= book.last_sequence <= last
