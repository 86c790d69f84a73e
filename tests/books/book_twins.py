"""A book and its plain twin fed with the same events, and a venue that makes the events."""

import random

import orjson
import pytest

from books.book import Book
from books.plain_book import PlainBook
from books.plain_ladder import PlainLadder
from books.state import BookNotLiveError, Reason, State
from cache.l1 import L1
from connectors.binance.decode import BinanceDecoder
from market.frame import SymbolTable
from market.grid import Grid

COUNTERS = (
    "diffs", "stale", "applied", "gaps", "crossed", "reference_checks", "reference_mismatches",
    "absent", "changes", "snapshots", "snapshots_ignored", "overflows", "condemned",
)  # fmt: skip


def decoder():
    table = SymbolTable()
    table.put(b"X", 0, Grid(0), Grid(0))
    return BinanceDecoder(table)


def rows(levels):
    return [[str(ticks), str(lots)] for ticks, lots in levels]


def diff(first, last, bids=(), asks=(), prev=None):
    frame = {"e": "depthUpdate", "s": "X", "U": first, "u": last}
    frame |= {} if prev is None else {"pu": prev}
    return orjson.dumps(frame | {"b": rows(bids), "a": rows(asks)})


def quote(at, bid, ask):
    texts = [str(number) for number in (*bid, *ask)]
    return orjson.dumps({"s": "X", "u": at, **dict(zip("bBaA", texts, strict=True))})


def snapshot(at, bids=(), asks=()):
    return orjson.dumps({"lastUpdateId": at, "bids": rows(bids), "asks": rows(asks)})


class BookTwins:
    """Both books. Every step compares all that can be seen of them."""

    def __init__(self, rule):
        self.fast = Book(0, rule())
        self.plain = PlainBook(0, rule())
        self.decoder = decoder()
        self.l1 = L1()
        self.l1.open_slot(0, 0)
        self.ts = 1

    def feed(self, data, ts=None):
        """Feed a frame or a snapshot reply; returns the change bits."""
        self.ts = self.ts + 1 if ts is None else ts
        if b"lastUpdateId" in data:
            count = self.decoder.decode_snapshot(data, b"X")
        else:
            count = self.decoder.decode(data)
        assert count == 1
        event = self.decoder.frame.event(0)
        bits = self.fast.on(self.decoder.frame, 0, self.ts)
        assert bits == self.plain.on(event, self.ts)
        self.compare()
        return bits

    def do(self, name):
        """Call a method of both that moves them."""
        if name == "acknowledge":
            self.fast.acknowledged = self.plain.acknowledged = True
            return
        detail = () if name.endswith(("subscribe", "refresh")) else (name,)
        bits = getattr(self.fast, name)(*detail)
        assert bits == getattr(self.plain, name)()
        self.compare()

    def condemn(self, reason=Reason.AUDIT):
        assert self.fast.condemn(reason, "told to") == self.plain.condemn(reason)
        self.compare()

    def compare(self):
        fast, plain = self.fast, self.plain
        assert State(fast.state) is plain.state
        assert Reason(fast.reason) is plain.reason
        assert fast.reason_label == plain.reason.label
        assert fast.version == plain.version
        assert fast.last_sequence == plain.last_sequence
        assert fast.refreshing == plain.refreshing
        assert fast.buffered == len(plain.buffer)
        assert fast.quote_touch() == plain.quote
        assert [(name, getattr(fast, name)) for name in COUNTERS] == [
            (name, getattr(plain.counters, name)) for name in COUNTERS
        ]
        assert fast.grade == plain.grade
        assert fast.live is (plain.state is State.LIVE)
        for ask in (False, True):
            assert fast.count(ask) == plain.ladder.count(ask)
        if fast.live:
            self.compare_readings()
        else:
            assert_unreadable(fast)
        self.compare_l1()

    def compare_readings(self):
        fast, plain = self.fast, self.plain
        assert fast.depth_touch() == plain.depth
        assert fast.newest_touch() == plain.touch
        assert fast.from_quote == plain.from_quote
        assert fast.horizon == plain.horizon
        for ask in (False, True):
            assert fast.levels(ask) == plain.levels(ask)
            assert fast.best(ask) == plain.ladder.best(ask)
            assert fast.walk(ask, 3) == walked(plain, ask)[:3]
            held = dict(walked(plain, ask))
            for ticks in [*held, *(t + d for t, _ in plain.levels(ask)[:3] for d in (-1, 0, 1))]:
                assert fast.lots_at(ask, ticks) == held.get(ticks, 0)

    def compare_l1(self):
        """What L1 shows is the touch, or no numbers at all."""
        self.l1.put(self.fast)
        shown = self.l1.read(0, self.ts)
        numbers = (shown.bid_price, shown.bid_lots, shown.ask_price, shown.ask_lots)
        if self.fast.live:
            assert numbers == self.plain.touch
        else:
            assert numbers == (0, 0, 0, 0)
            assert not shown.usable


def walked(plain, ask):
    """Levels cut back to the touch: nothing better than it, and its own size rules."""
    price, lots = plain.touch[2:] if ask else plain.touch[:2]
    if lots == 0:
        return []
    rest = [row for row in plain.levels(ask) if (row[0] > price if ask else row[0] < price)]
    return [(price, lots), *rest]


def assert_unreadable(book):
    for read in (book.depth_touch, book.newest_touch):
        with pytest.raises(BookNotLiveError):
            read()
    for ask in (False, True):
        for read in (book.best, book.levels, lambda ask: book.walk(ask, 5)):
            with pytest.raises(BookNotLiveError):
                read(ask)


class Venue:
    """A venue's own book: numbered changes, batched diffs, quotes and snapshots of it."""

    def __init__(self, seed, futures=False):
        self.rng = random.Random(seed)
        self.futures = futures
        self.ladder = PlainLadder()
        self.id = 1000
        self.last = 1000
        self.mid = 500

    def diff(self):
        """Make some changes and return the diff that holds them."""
        rng, changes = self.rng, ({}, {})
        self.mid = max(20, self.mid + rng.randint(-2, 2))
        first, prev = self.id + 1, self.last
        for _ in range(rng.randint(1, 5)):
            ask = rng.random() < 0.5
            ticks = self.mid + (1 if ask else -1) * rng.randint(1, 9)
            self._set(changes, ask, ticks, rng.choice([0, 1, 2, 3, 9]))
        # What the walking price ran over is gone.
        for ask in (False, True):
            for ticks, _ in list(self.ladder.levels(ask)):
                if ticks <= self.mid if ask else ticks >= self.mid:
                    self._set(changes, ask, ticks, 0)
        self.last = self.id
        bids, asks = (list(side.items()) for side in changes)
        return diff(first, self.id, bids, asks, prev if self.futures else None)

    def _set(self, changes, ask, ticks, lots):
        self.ladder.set(ask, ticks, lots)
        changes[ask][ticks] = lots
        self.id += 1

    def quote(self):
        return quote(self.id, self.ladder.best(False) or (0, 0), self.ladder.best(True) or (0, 0))

    def snapshot(self):
        return snapshot(self.id, self.ladder.levels(False), self.ladder.levels(True))
