"""What the stream tells of: each feed knows one thing, and whether it changed since last looked at.

Everything is looked at by a clock of the stream's own, never when a frame arrives.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

import orjson

from arb.edge import Edge as NodeEdge

from . import rows
from .host import Host
from .market_text import MarketText

CHANNELS: Final = ("quotes", "books", "trades", "edges", "fills", "states")

#: Levels a side of a book, and entries of a snapshot of what only grows.
BOOK_LEVELS = 10
SNAPSHOT_ENTRIES = 20
#: Silence and lag of a quote move although nothing comes: it is told again after this.
QUOTE_AGAIN_NS = 1_000_000_000
#: How seldom the sums of trading are looked at.
TRADING_NS = 100_000_000
#: Quotes, book, trades, fills and state.
FEEDS_AN_INSTRUMENT = 5
#: What `states` calls trading as a whole.
TRADING = "trading"


class Key(NamedTuple):
    """A channel and what of it: an instrument id, an edge's name, or `trading`."""

    channel: str
    name: str


class Feed(ABC):
    """One key. `sequence` counts the updates; `frame` is the newest, ready to be sent."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.sequence = 0
        self._update_head, self._snapshot_head = _head("update", key), _head("snapshot", key)
        #: Clients that want it; the stream looks only at feeds that somebody wants.
        self.wanted = 0

    def update(self, now: int) -> bytes | None:
        """Return the frame of an update, None when nothing changed."""
        data = self.changed(now)
        if data is None:
            return None
        self.sequence += 1
        return self._frame(self._update_head, data)

    def snapshot(self, now: int) -> bytes:
        """Return the whole as it stands, with the sequence of the last update."""
        return self._frame(self._snapshot_head, self.whole(now))

    def _frame(self, head: bytes, data: bytes) -> bytes:
        return text_frame(b'%b%d,"data":%b}' % (head, self.sequence, data))

    @abstractmethod
    def changed(self, now: int) -> bytes | None:
        """Return what is to be told, as JSON; None when nothing changed since the last call."""

    @abstractmethod
    def whole(self, now: int) -> bytes:
        """Return all there is, as JSON; what `changed` says next does not depend on it."""


def _head(kind: str, key: Key) -> bytes:
    """Return what a frame begins with, up to the sequence."""
    fields = {"type": kind, "channel": key.channel, "key": key.name, "sequence": 0}
    return orjson.dumps(fields).removesuffix(b"0}")


class _State(Feed):
    """A thing that is told whole each time that it moved, and perhaps from time to time."""

    def __init__(
        self,
        key: Key,
        moved: Callable[[int], bool],
        data: Callable[[int], bytes],
        again_ns: int = 0,
    ) -> None:
        """`moved` tells whether the thing is another than at the last such question."""
        super().__init__(key)
        self._moved = moved
        self._data = data
        self._again_ns = again_ns
        self._told_ns = 0

    def changed(self, now: int) -> bytes | None:
        old = self._again_ns and now - self._told_ns >= self._again_ns
        if not self._moved(now) and not old:
            return None
        self._told_ns = now
        return self._data(now)

    def whole(self, now: int) -> bytes:
        return self._data(now)


class _Text(Feed):
    """A thing that is told whole when its text is another; it is looked at so seldom."""

    def __init__(self, key: Key, data: Callable[[int], bytes], every_ns: int = 0) -> None:
        super().__init__(key)
        self._data = data
        self._every_ns = every_ns
        self._looked_ns = 0
        self._told = b""

    def changed(self, now: int) -> bytes | None:
        if now - self._looked_ns < self._every_ns:
            return None
        self._looked_ns = now
        told, self._told = self._told, self._data(now)
        return self._told if self._told != told else None

    def whole(self, now: int) -> bytes:
        return self._data(now)


class _Fills(Feed):
    """Fills of one instrument: what came since the last look."""

    def __init__(self, key: Key, host: Host) -> None:
        super().__init__(key)
        self._log = host.fills
        self._seen = self._log.count

    def changed(self, now: int) -> bytes | None:  # noqa: ARG002
        if self._log.count == self._seen:
            return None
        fresh = self._log.since(self._seen)
        self._seen = self._log.count
        mine = [one for one in fresh if one["instrument"] == self.key.name]
        return orjson.dumps(mine) if mine else None

    def whole(self, now: int) -> bytes:  # noqa: ARG002
        found = []
        for one in self._log.before(self._log.count + 1):
            if one["instrument"] == self.key.name:
                found.append(one)
                if len(found) == SNAPSHOT_ENTRIES:
                    break
        return orjson.dumps(found[::-1])


class _Trades(Feed):
    """Public trades of one instrument: what came since the last look, the newest if too many."""

    def __init__(self, key: Key, host: Host, text: MarketText, slot: int) -> None:
        super().__init__(key)
        self._tape = host.node.tape
        self._text = text
        self._slot = slot
        self._seen = self._tape.count
        self._total = self._tape.total(slot)[0]

    def changed(self, now: int) -> bytes | None:  # noqa: ARG002
        tape = self._tape
        total = tape.total(self._slot)[0]
        if total == self._total:
            return None
        fresh = tape.since(self._seen, self._slot, SNAPSHOT_ENTRIES)
        left_out = total - self._total - len(fresh)
        self._seen, self._total = tape.count, total
        return self._text.trades(fresh, left_out)

    def whole(self, now: int) -> bytes:  # noqa: ARG002
        return self._text.trades(self._tape.since(0, self._slot, SNAPSHOT_ENTRIES), 0)


def feeds(host: Host, text: MarketText) -> dict[Key, Feed]:
    """Return a feed of everything there is; `text` spells what the host's node holds."""
    return {one.key: one for one in _feeds(host, text)}


def _feeds(host: Host, text: MarketText) -> Iterator[Feed]:
    node = host.node
    for slot, instrument in enumerate(node.instruments):
        yield _quote(text, slot, instrument.id)
        yield _book(text, slot, instrument.id)
        yield _Trades(Key("trades", instrument.id), host, text, slot)
        yield _Fills(Key("fills", instrument.id), host)
        yield _state(host, slot, instrument.id)
    for edge in node.edges:
        for direction in (0, 1):
            yield _edge(edge, direction)
    if node.desk is not None:
        yield _trading(host)


def _quote(text: MarketText, slot: int, name: str) -> Feed:
    moved, data = partial(text.quote_moved, slot), partial(text.quote, slot)
    return _State(Key("quotes", name), moved, data, QUOTE_AGAIN_NS)


def _book(text: MarketText, slot: int, name: str) -> Feed:
    data = partial(text.depth, slot, BOOK_LEVELS)
    return _State(Key("books", name), partial(text.depth_moved, slot), data)


def _state(host: Host, slot: int, name: str) -> Feed:
    node = host.node

    def data(now: int) -> bytes:
        book = node.books[slot]
        grade = rows.labels(node.l1.grade(slot, now))
        return orjson.dumps({"state": book.reason_label, "detail": book.detail, "grade": grade})

    return _Text(Key("states", name), data)


def _edge(edge: NodeEdge, direction: int) -> Feed:
    seen: Any = None

    def moved(now: int) -> bool:  # noqa: ARG001
        nonlocal seen
        before, seen = seen, edge.look(direction)
        return bool(seen != before)

    def data(now: int) -> bytes:  # noqa: ARG001
        return orjson.dumps(rows.edge(edge, direction))

    return _State(Key("edges", edge.sides[direction].name), moved, data)


def _trading(host: Host) -> Feed:
    def data(now: int) -> bytes:  # noqa: ARG001
        return orjson.dumps(host.trading())

    return _Text(Key("states", TRADING), data, TRADING_NS)


#: A WebSocket ping of a server.
PING: Final = b"\x89\x00"


def pong_frame(payload: bytes) -> bytes:
    """Return the answer to a client's ping, whose payload has 125 bytes at most."""
    return bytes((0x8A, len(payload))) + payload


def text_frame(payload: bytes) -> bytes:
    """Return a whole WebSocket text message of a server: the same bytes for every client."""
    size = len(payload)
    if size < 126:
        head = bytes((0x81, size))
    elif size < 1 << 16:
        head = b"\x81\x7e" + size.to_bytes(2, "big")
    else:
        head = b"\x81\x7f" + size.to_bytes(8, "big")
    return head + payload
