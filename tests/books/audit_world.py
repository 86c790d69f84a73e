"""A simulated venue book and a node that mirrors it, for the tests of audits."""

import heapq
import random
from dataclasses import dataclass, replace

import orjson

from books.audit_plan import AuditConfig
from market.catalog import Catalog
from market.effects import Effect, EffectKind
from market.inputs import InputKind
from node import Node, NodeConfig

MS = 1_000_000
SECOND = 1_000_000_000
START = 1_723_000_000 * SECOND


def text(units, decimals=2):
    whole, part = divmod(units, 10**decimals)
    return f"{whole}.{part:0{decimals}d}"


@dataclass
class VenueBook:
    """A book that changes one level an id, as the venue itself sees it; sizes in hundredths."""

    rng: random.Random
    bids: dict[int, int]
    asks: dict[int, int]
    id: int = 1000

    @classmethod
    def new(cls, seed):
        made = cls(random.Random(seed), {}, {})
        made.fill()
        return made

    def fill(self):
        # Every seventh price is free, so that a level can be added where the venue has none.
        for i in (i for i in range(300) if i % 7 != 3):
            self.bids[10_000 - i] = self.rng.randint(1, 500)
            self.asks[10_001 + i] = self.rng.randint(1, 500)

    def change(self, near=60):
        """Change one level; returns (ask, ticks, lots)."""
        self.id += 1
        ask = self.rng.random() < 0.5
        side = self.asks if ask else self.bids
        offset = self.rng.randrange(near)
        ticks = 10_001 + offset if ask else 10_000 - offset
        # The innermost level stays, so that the book is never empty nor crossed.
        lots = 0 if offset and self.rng.random() < 0.3 else self.rng.randint(1, 500)
        if lots:
            side[ticks] = lots
        else:
            side.pop(ticks, None)
        return ask, ticks, lots

    def copy(self):
        made = replace(self)
        made.bids, made.asks = dict(self.bids), dict(self.asks)
        return made

    def rows(self, limit):
        bids = sorted(self.bids.items(), reverse=True)[:limit]
        asks = sorted(self.asks.items())[:limit]
        return [[[text(p), text(q)] for p, q in side] for side in (bids, asks)]


def depth_reply(book, limit):
    bids, asks = book.rows(limit)
    return orjson.dumps({"lastUpdateId": book.id, "bids": bids, "asks": asks})


def product_book(book, limit, product="BTC-USD"):
    sides = [[{"price": p, "size": q} for p, q in side] for side in book.rows(limit)]
    inner = {"product_id": product, "bids": sides[0], "asks": sides[1], "time": ""}
    return orjson.dumps({"pricebook": inner})


def diff(first, last, changes, symbol="BTCUSDT"):
    sides = [
        [[text(p), text(q)] for ask, p, q in changes if ask is wanted] for wanted in (False, True)
    ]
    row = {"e": "depthUpdate", "E": 0, "s": symbol, "U": first, "u": last}
    return orjson.dumps(row | {"b": sides[0], "a": sides[1]})


def l2(number, kind, rows, product="BTC-USD"):
    updates = [
        {
            "side": "offer" if ask else "bid",
            "event_time": "2024-08-08T00:00:00Z",
            "price_level": text(p),
            "new_quantity": text(q),
        }
        for ask, p, q in rows
    ]
    event = {"type": kind, "product_id": product, "updates": updates}
    return orjson.dumps(
        {
            "channel": "l2_data",
            "client_id": "",
            "timestamp": "2024-08-08T00:00:00Z",
            "sequence_num": number,
            "events": [event],
        }
    )


class Harness:
    """Drives a node with inputs and keeps the audits' requests."""

    def __init__(self, interval_s=10, **options):
        self.config = AuditConfig(interval_ns=interval_s * SECOND, **options)
        self.node = Node(NodeConfig(audits=self.config), Catalog())
        self.now = START
        self.asked: list[tuple[int, Effect]] = []
        self.fetched: list[Effect] = []
        self.logged: list[Effect] = []
        self.requests: list[int] = []

    def watch(self, venue, native, connection=1):
        source = f"{venue}.ws.{connection}"
        slot = self.node.watch(self.node.catalog.resolve(venue, native), source)
        self.put(InputKind.OPEN, source, note="wss://test")
        return slot

    def put(self, kind, source, data=b"", note="", number=0):
        for effect in self.node.handle(self.now, kind, source, data, note, number):
            if effect.kind == EffectKind.FETCH:
                if effect.fields[-1] == "audit":
                    self.asked.append((self.now, effect))
                else:
                    self.fetched.append(effect)
            elif effect.kind == EffectKind.LOG:
                self.logged.append(effect)

    def frame(self, venue, data, connection=1):
        self.put(InputKind.FRAME, f"{venue}.ws.{connection}", data)

    def reply(self, venue, path, data, status=200, note_end=""):
        url = f"https://venue.test{path}{note_end}"
        self.put(InputKind.REPLY, f"{venue}.rest", data, url, status)

    def wait(self, ns):
        """Let time pass; the node's timers fire at the tick."""
        self.now += ns
        self.put(InputKind.TIMER, "binance.clock")

    def record(self, slot=0):
        return self.node.audits.records[slot]


@dataclass
class BinanceRun:
    """A venue whose diffs batch 100 ms, and whose REST replies show any id inside a batch.

    `corrupt_s` is when one diff carries a change that the venue never made, `corruption` what it
    is: (ask, ticks, lots). `keep_changing` lets the venue change that level all the time.
    """

    seed: int
    seconds: int = 40
    corrupt_s: int = -1
    corruption: tuple[bool, int, int] = (False, 0, 0)
    keep_changing: bool = False
    answer: bool = True

    def run(self):
        rng = random.Random(self.seed)
        world = Harness(interval_s=5)
        world.watch("binance", "BTCUSDT")
        venue = VenueBook.new(self.seed)
        stream_delay = rng.randrange(0, 400) * MS
        due: list[tuple[int, int, bytes, str]] = []
        batch, first = [], venue.id + 1
        for step in range(self.seconds * 100):
            now = START + step * 10 * MS
            batch += [venue.change() for _ in range(rng.randrange(3))]
            if self.keep_changing and step % 20 == 0:
                batch.append(self._touch(venue))
            if step % 10 == 9 and batch:
                sent = list(batch)
                if step // 100 == self.corrupt_s:
                    sent.append(self.corruption)
                    self.corrupt_s = -1
                heapq.heappush(due, (now + stream_delay, step, diff(first, venue.id, sent), ""))
                batch, first = [], venue.id + 1
            while due and due[0][0] <= now:
                world.now, _, data, path = heapq.heappop(due)
                if path:
                    world.reply("binance", path, data)
                else:
                    world.frame("binance", data)
            world.now = now
            world.put(InputKind.TIMER, "binance.clock")
            for path, limit in self._requests(world):
                delay = rng.randrange(1, 1500) * MS
                heapq.heappush(due, (now + delay, -step, depth_reply(venue, limit), path))
        return world

    def _touch(self, venue):
        ask, ticks, _ = self.corruption
        venue.id += 1
        lots = venue.rng.randint(1, 500)
        (venue.asks if ask else venue.bids)[ticks] = lots
        return ask, ticks, lots

    def _requests(self, world):
        fetched, world.fetched = world.fetched, []
        asked, world.asked = world.asked, []
        world.requests += [ts for ts, _ in asked]
        found = [(effect.subject, 1000) for effect in fetched]
        return found + [(effect.subject, 500) for _, effect in asked if self.answer]
