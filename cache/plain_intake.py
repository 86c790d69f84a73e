"""The plain twin of cache.intake: what a node does with a frame, written for reading."""

from collections.abc import Sequence
from typing import Any, Protocol

from books.book import Book
from books.grade import Grade
from cache.l1 import L1
from market.digest import Digest
from market.effects import Effect
from market.frame import Frame, Kind
from market.timers import Timers

Taken = list[Effect]

# Change bits of books.book, and kinds as plain numbers.
_TOUCH, _STATE, _WANTS_SNAPSHOT, _DEPTH = 1, 2, 4, 8
_DIFF, _SNAPSHOT, _QUOTE, _TRADE = map(int, (Kind.DIFF, Kind.SNAPSHOT, Kind.QUOTE, Kind.TRADE))
_CHANNEL_DEPTH = 1


class FrameNode(Protocol):
    """What an intake uses of a node, beside its methods for what is rare."""

    now: int
    inputs: int
    timers: Timers
    digest: Digest
    l1: L1
    books: list[Book]
    touched: dict[int, None]

    @property
    def links(self) -> dict[str, Any]:
        """Connections by their names."""

    @property
    def book_links(self) -> Sequence[Any]:
        """The connection that feeds each book."""

    @property
    def audits(self) -> Any:
        """The audits, whose change logs want each diff."""

    @property
    def board(self) -> Any:
        """The edges."""


class PlainIntake:
    """Twin of `Intake`."""

    def __init__(self, node: FrameNode) -> None:
        self._node: Any = node

    def take(self, ts_recv: int, source: str, data: bytes) -> Taken:
        """Take a frame as an input; returns its effects, valid until the next call."""
        node = self._node
        if node._effects:
            node._effects = []
        until = max(ts_recv, node.now)
        if until >= node.timers.next_ns:
            node._fire(until)
        node.now = until
        node.inputs += 1
        self._frame(node.connections.get(source), data)
        if node.desk is not None:
            node.desk.after(node.now)
        effects: Taken = node._effects
        return effects

    def _frame(self, link: Any, data: bytes) -> None:
        """Decode a frame and apply its events."""
        node = self._node
        link.frames += 1
        if not link.connected and (link.epoch or link.number):
            # Left over from an epoch that ended: its order against the next one is unknown.
            link.error("frame_after_close")
            return
        count = link.decode(data)
        number = link.frame.sequence
        if link.sequence is not None:
            if number == link.sequence.last + 1:
                link.sequence.last = number
            elif not node._counted(link, data, count):
                return
        if count < 0:
            count = node._refused(link, data, count)
        if link.broken:
            return
        if link.frame.channel == _CHANNEL_DEPTH:
            node.l1.hear(link.index, node.now)
        logs = node.audits.logs
        for i in range(count):
            self._event(link, data, i, logs)

    def _event(self, link: Any, data: bytes, i: int, logs: dict[int, Any]) -> None:
        """Apply one event of the frame decoded last."""
        node = self._node
        frame: Frame = link.frame
        kind, slot = frame.kind(i), frame.slot(i)
        if kind == _TRADE:
            link.trades += 1
            node.books[slot].mix(node.digest)
            event = frame.event(i)
            price, lots = event["bid"]
            buyer = not event["seller"]
            node.tape.add(slot, price, lots, event["ts_event"], node.now, buyer=buyer)
            if node.desk is not None:
                node.desk.on_trade(slot, price, lots, node.now, buyer=buyer)
            return
        if kind not in (_DIFF, _QUOTE, _SNAPSHOT):
            node._control(link, kind, data)
            return
        owned = kind == _QUOTE or node.book_links[slot] is link
        if not owned and not node.connections.take_over(link, slot, i, kind):
            return
        book = node.books[slot]
        changed = book.on(frame, i, node.now)
        if kind == _QUOTE:
            link.quotes += 1
            for edge in node.board.touch[slot]:
                edge.hear_quotes(slot, node.now)
        if changed:
            self._changed(slot, changed)
        if kind == _DIFF and slot in logs:
            node.audits.diff(slot, frame, i, node.now)
        book.mix(node.digest)

    def _changed(self, slot: int, changed: int) -> None:
        """Publish what changed in a book and tell the edges; the node takes what is rare."""
        node = self._node
        if changed & (_STATE | _WANTS_SNAPSHOT):
            node._changed(slot, changed)
            return
        book = node.books[slot]
        grade = node.l1.put(book)
        node.touched[slot] = None
        node.board.hear(slot, node.now, depth=bool(changed & _DEPTH), touch=bool(changed & _TOUCH))
        if node.desk is not None:
            node.desk.on_book(slot, node.now, touch=bool(changed & _TOUCH))
        if grade & Grade.HORIZON and not book.refreshing:
            node._ask(slot, refresh=True)
