"""Market events out of raw inputs: a node decodes and syncs them, and this watches its books.

What a book took is told as it took it: a snapshot when it comes to life, the updates it applied, a
loss when it cannot be trusted. Frames that the node refused, had twice or buffered tell nothing.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from market.frame import Kind
from market.grid import Grid
from market.inputs import Input, InputKind

from .event import Event, EventKind, Level

_DIFF, _SNAPSHOT = int(Kind.DIFF), int(Kind.SNAPSHOT)
_QUOTE, _TRADE = int(Kind.QUOTE), int(Kind.TRADE)
_FRAME = int(InputKind.FRAME)
_OPEN, _CLOSE = int(InputKind.OPEN), int(InputKind.CLOSE)
#: Numbers of one grid whose text is kept at hand.
_KEPT_MAX = 1 << 16


class _Texts:
    """Units of a grid as text, those met before from memory."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self._known: dict[int, str] = {}

    def __call__(self, units: int) -> str:
        text = self._known.get(units)
        if text is None:
            if len(self._known) >= _KEPT_MAX:
                self._known.clear()
            text = self._known[units] = self.grid.format(units)
        return text


class _Watched:
    """One book of the node and what it was when it was looked at last."""

    def __init__(self, book: Any, instrument: Any) -> None:
        self.book = book
        self.live = False
        self.name(instrument)
        self.note()
        self.live = False

    def name(self, instrument: Any) -> None:
        """Take the instrument, whose grids may have become finer."""
        self.instrument = instrument
        self.price, self.size = _Texts(instrument.price), _Texts(instrument.size)

    def note(self) -> None:
        """Remember what the book is now."""
        book = self.book
        self.live = book.live
        self.counts = book.snapshots, book.condemned
        self.applied = book.applied

    def levels(self, levels: Iterable[tuple[int, int]]) -> tuple[Level, ...]:
        price, size = self.price, self.size
        return tuple((price(ticks), size(lots)) for ticks, lots in levels)

    def event(self, kind: EventKind, ts_recv: int, ts_event: int, **fields: Any) -> Event:
        one = self.instrument
        return Event(kind, one.venue, one.native, ts_recv, ts_event, **fields)

    def whole(self, ts_recv: int) -> Event:
        """Return the book as a snapshot."""
        book = self.book
        return self.event(
            EventKind.SNAPSHOT,
            ts_recv,
            book.ts_event,
            bids=self.levels(book.levels(ask=False)),
            asks=self.levels(book.levels(ask=True)),
        )

    def lost(self, ts_recv: int) -> Event:
        """Return the loss of the book."""
        return self.event(EventKind.LOST, ts_recv, 0, text=self.book.reason_label)


class Tap:
    """The events of a node that is fed through it."""

    def __init__(self) -> None:
        self._node: Any = None
        self._watched: list[_Watched] = []

    def attach(self, node: Any, ts_recv: int) -> Iterator[Event]:
        """Go on with another node: books are lost, and those that live in it come anew."""
        for one in self._watched:
            if one.live:
                yield one.lost(ts_recv)
        self._node = node
        self._watched = []
        node.touched.clear()
        for slot in range(len(node.books)):
            watched = self._at(slot)
            if watched.book.live:
                watched.note()
                yield watched.whole(ts_recv)

    def feed(self, inputs: Iterable[Input]) -> Iterator[Event]:
        """Hand inputs to the node and yield what came of them."""
        node = self._node
        for item in inputs:
            if item.kind == _FRAME:
                yield from self._frame(item)
            else:
                node.handle(*item)
                if node.touched or item.kind in (_OPEN, _CLOSE):
                    yield from self._moved(range(len(node.books)), item.ts_recv)

    def _at(self, slot: int) -> _Watched:
        """Return what is known of a slot, with the instrument as it is now."""
        node = self._node
        while len(self._watched) <= slot:
            at = len(self._watched)
            self._watched.append(_Watched(node.books[at], node.instruments[at]))
        one = self._watched[slot]
        if one.instrument is not node.instruments[slot]:
            one.name(node.instruments[slot])
        return one

    def _frame(self, item: Input) -> Iterator[Event]:
        node = self._node
        link = node.links.get(item.source)
        before = (link.quotes, link.trades) if link is not None else (0, 0)
        node.handle(*item)
        link = node.links[item.source]
        frame = link.frame
        quotes, trades = link.quotes - before[0], link.trades - before[1]
        diffs: dict[int, int] = {}
        kinds = [frame.kind(i) for i in range(frame.count)]
        for i, kind in enumerate(kinds):
            if kind == _DIFF:
                slot = frame.slot(i)
                diffs[slot] = diffs.get(slot, 0) + 1
        plain = self._plain(diffs)
        for i, kind in enumerate(kinds):
            if kind == _DIFF and frame.slot(i) in plain:
                yield self._update(frame.event(i), item.ts_recv)
            elif kind == _QUOTE and quotes == kinds.count(_QUOTE):
                yield self._quote(frame.event(i), item.ts_recv)
            elif kind == _TRADE and trades == kinds.count(_TRADE):
                yield self._trade(frame.event(i), item.ts_recv)
        for slot in plain:
            self._watched[slot].note()
        others = [slot for slot in (*node.touched, *diffs) if slot not in plain]
        if others:
            yield from self._moved(others, item.ts_recv)
        node.touched.clear()

    def _plain(self, diffs: dict[int, int]) -> set[int]:
        """Return the slots that just applied all their diffs of a frame, and nothing else."""
        found = set()
        for slot, count in diffs.items():
            if 0 <= slot < len(self._node.books):
                one = self._at(slot)
                book = one.book
                if (
                    one.live
                    and book.live
                    and (book.snapshots, book.condemned) == one.counts
                    and book.applied - one.applied == count
                ):
                    found.add(slot)
        return found

    def _moved(self, slots: Iterable[int], ts_recv: int) -> Iterator[Event]:
        """Tell what happened to books apart from plain updates: each as a whole, or its loss."""
        for slot in dict.fromkeys(slots):
            if not 0 <= slot < len(self._node.books):
                continue
            one = self._at(slot)
            book = one.book
            new = (book.snapshots, book.condemned) != one.counts or book.applied != one.applied
            if book.live and (new or not one.live):
                one.note()
                yield one.whole(ts_recv)
            elif one.live and not book.live:
                one.note()
                yield one.lost(ts_recv)
        self._node.touched.clear()

    def _update(self, event: Any, ts_recv: int) -> Event:
        one = self._at(event["slot"])
        return one.event(
            EventKind.UPDATE,
            ts_recv,
            event["ts_event"],
            bids=one.levels(event["bids"]),
            asks=one.levels(event["asks"]),
            first=event["first"],
            last=event["last"],
            prev=event["prev"],
        )

    def _quote(self, event: Any, ts_recv: int) -> Event:
        one = self._at(event["slot"])
        bid, ask = event["bid"], event["ask"]
        return one.event(
            EventKind.QUOTE,
            ts_recv,
            event["ts_event"],
            bids=one.levels([bid]) if bid[0] else (),
            asks=one.levels([ask]) if ask[0] else (),
            last=event["last"],
        )

    def _trade(self, event: Any, ts_recv: int) -> Event:
        one = self._at(event["slot"])
        return one.event(
            EventKind.TRADE,
            ts_recv,
            event["ts_event"],
            bids=one.levels([event["bid"]]),
            side="sell" if event["seller"] else "buy",
            text=str(event["last"]) if event["last"] > 0 else "",
        )
