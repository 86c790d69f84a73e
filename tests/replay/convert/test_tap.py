"""Events tell what a node's books took: whoever applies them has the books of the node."""

from random import Random

import pytest

from market.inputs import Input, InputKind
from node import Node, NodeConfig
from replay.convert.book import EventBooks, book_hash
from replay.convert.event import EventKind
from replay.convert.tap import Tap
from replay.source import Recorded
from tests.node_world import (
    DEPTH_URL,
    World,
    advanced,
    book_ticker,
    depth_reply,
    diff,
    feed,
    l2,
    live_binance,
    needs_feeds,
    trade,
)
from tests.recorded_world import feed as generated

from .rig import books_of


def hashes(node) -> dict:
    """Return the hash of each book of a node."""
    told = {}
    for (reason, bids, asks), one in zip(books_of(node).values(), node.instruments, strict=True):
        told[one.venue, one.native] = book_hash(reason == "live", tuple(bids), tuple(asks))
    return told


class Tapped(World):
    """A world whose node is fed through a tap."""

    def __init__(self) -> None:
        super().__init__()
        self.tap = Tap()
        self.told = list(self.tap.attach(self.node, 0))
        self.books = EventBooks()
        self.inner, self.node.handle = self.node.handle, self.tapped

    def tapped(self, *item):
        self.node.handle = self.inner
        found = list(self.tap.feed([Input(*item)]))
        self.node.handle = self.tapped
        self.told += found
        for event in found:
            self.books.take(event)
        return []

    def agrees(self) -> bool:
        empty = book_hash(False, (), ())
        mine = {key: book.hash for key, book in self.books}
        return all(mine.get(key, empty) == one for key, one in hashes(self.node).items())


def harmed(seed: int, harm: float):
    """Yield generated inputs with frames dropped, cut or repeated, and connections lost."""
    random = Random(seed)
    for item in generated()[:900]:
        luck = random.random()
        if item.kind is not InputKind.FRAME or luck >= harm:
            yield item
        elif luck < 0.3 * harm:
            yield item._replace(data=item.data[: len(item.data) // 2])
        elif luck < 0.6 * harm:
            yield item
            yield item
        elif luck < 0.65 * harm:
            yield item._replace(kind=InputKind.CLOSE, data=b"", note="lost")


@pytest.mark.parametrize(("seed", "harm"), [(0, 0.0), (0, 0.01), (1, 0.05), (2, 0.05)])
def test_books_from_events_equal_the_nodes_through_losses_repeats_and_closings(seed, harm):
    """Frames dropped, repeated or cut and connections lost leave both with the same books."""
    node = Node(NodeConfig(discover=True))
    tap, books, kinds = Tap(), EventBooks(), set()
    list(tap.attach(node, 0))
    empty = book_hash(False, (), ())
    for number, item in enumerate(harmed(seed, harm)):
        for event in tap.feed([item]):
            kinds.add(event.kind)
            books.take(event)
        if number % 20 == 0 or item.kind is not InputKind.FRAME:
            mine = {key: book.hash for key, book in books}
            theirs = hashes(node)
            assert {key: mine.get(key, empty) for key in theirs} == theirs, number
    wanted = {EventKind.SNAPSHOT, EventKind.UPDATE, EventKind.QUOTE, EventKind.TRADE}
    assert kinds >= (wanted | {EventKind.LOST} if harm == 0.05 else wanted)


def test_a_gap_is_a_loss_and_the_next_snapshot_the_whole_book():
    world = Tapped()
    source = live_binance(world, "BTCUSDT")
    world.frame(source, diff("BTCUSDT", 102, 103, bids=[("100.00", "3.000")]))
    world.frame(source, diff("BTCUSDT", 110, 111, bids=[("100.00", "4.000")]))
    kinds = [event.kind.value for event in world.told]
    assert kinds == ["snapshot", "update", "lost"]
    assert world.told[-1].text == "gap"
    assert world.told[1].bids == (("100", "3"),)
    assert (world.told[1].first, world.told[1].last, world.told[1].prev) == (102, 103, -1)
    reply = depth_reply(112, [("99.00", "1.000")], [("101.00", "2.000")])
    world.reply("binance", DEPTH_URL.format("BTCUSDT"), reply)
    world.frame(source, diff("BTCUSDT", 112, 114, asks=[("101.00", "5.000")]))
    assert [event.kind.value for event in world.told[3:]] == ["snapshot", "update"]
    assert world.agrees()


def test_a_stale_or_repeated_diff_tells_nothing():
    world = Tapped()
    source = live_binance(world, "BTCUSDT")
    frame = diff("BTCUSDT", 102, 103, bids=[("100.00", "3.000")])
    world.frame(source, frame)
    count = len(world.told)
    world.frame(source, frame)
    assert len(world.told) == count
    assert world.agrees()


def test_a_frame_after_the_closing_tells_nothing_even_of_the_frame_before():
    world = Tapped()
    source = live_binance(world, "BTCUSDT")
    world.frame(source, book_ticker("BTCUSDT", 103, ("100.00", "1"), ("101.00", "1")))
    world.put(InputKind.CLOSE, source, note="closed 1006")
    assert world.told[-1].kind is EventKind.LOST
    count = len(world.told)
    world.frame(source, trade("BTCUSDT", 5, "100.00", "1"))
    assert len(world.told) == count


def test_a_number_that_needs_a_finer_grid_keeps_all_text_exact():
    world = Tapped()
    source = live_binance(world, "BTCUSDT")
    world.frame(source, diff("BTCUSDT", 102, 103, bids=[("100.000123", "3.00001")]))
    assert world.told[-1].bids == (("100.000123", "3.00001"),)
    assert world.agrees()


def test_a_broken_connection_tells_nothing_of_what_the_node_ignores():
    """After a hole in the frame numbers nothing of that connection counts, trades included."""
    world = Tapped()
    world.open("coinbase.ws.1")
    snapshot = l2("BTC-USD", "snapshot", [("100.00", "1")], [("101.00", "1")])
    world.frame("coinbase.ws.1", advanced(0, "l2_data", snapshot))
    assert world.told[-1].kind is EventKind.SNAPSHOT
    row = {"product_id": "BTC-USD", "trade_id": "9", "price": "100.00", "size": "1", "side": "BUY"}
    row["time"] = "2023-11-14T22:13:20Z"
    world.frame("coinbase.ws.1", advanced(5, "market_trades", {"type": "update", "trades": [row]}))
    assert [event.kind.value for event in world.told] == ["snapshot", "lost"]
    assert world.agrees()


def test_another_node_begins_with_losses_and_its_own_books():
    """A second recorder run voids what the first one told."""
    world = Tapped()
    live_binance(world, "BTCUSDT")
    other = World()
    live_binance(other, "BTCUSDT", "ETHUSDT")
    told = list(world.tap.attach(other.node, other.now))
    assert [(event.kind.value, event.symbol) for event in told] == [
        ("lost", "BTCUSDT"),
        ("snapshot", "BTCUSDT"),
        ("snapshot", "ETHUSDT"),
    ]


@needs_feeds
def test_a_feed_tells_each_applied_diff_once():
    """The sets of four symbols: a snapshot a symbol and an update for each further applied diff."""
    node = Node(NodeConfig(discover=True))
    tap, books, kinds = Tap(), EventBooks(), []
    list(tap.attach(node, 0))
    for event in tap.feed(Recorded("binance-us", feed("binance-us-2021-10")).inputs()):
        kinds.append(event.kind)
        books.take(event)
    assert kinds.count(EventKind.SNAPSHOT) == 4
    assert kinds.count(EventKind.UPDATE) == sum(book.applied for book in node.books) == 332
    assert kinds.count(EventKind.QUOTE) == 128
    assert {key: book.hash for key, book in books} == hashes(node)
