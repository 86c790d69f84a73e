"""A missing message is detected at the next one, and from then on the book cannot be read."""

import random
import re
from itertools import pairwise

import pytest

from books.grade import Grade
from books.state import BookNotLiveError
from market.effects import EffectKind
from market.inputs import Input, InputKind
from node import Node, NodeConfig
from replay.source import Recorded, merged
from tests.node_world import feed, needs_feeds

pytestmark = needs_feeds

_SYMBOL = re.compile(rb'"s":"([A-Z0-9_]+)"')


def inputs_of(venue: str, name: str) -> list[Input]:
    return list(merged([Recorded(venue, feed(name))]))


def is_diff(item: Input) -> bool:
    return item.kind is InputKind.FRAME and b'"depthUpdate"' in item.data[:160]


def symbol_of(item: Input) -> str:
    found = _SYMBOL.search(item.data)
    assert found is not None
    return found[1].decode()


# --- Coinbase Advanced Trade -------------------------------------------------------------------


@pytest.fixture(scope="module")
def capture() -> list[Input]:
    return inputs_of("coinbase", "coinbase-advanced-2026-08")


def hurt(node: Node, item: Input, source: str) -> None:
    """Assert that this frame shows the hole and makes every book of the connection unreadable."""
    before = node.links[source].gaps
    effects = list(node.handle(*item))
    link = node.links[source]
    assert link.gaps == before + 1
    assert [e.target for e in effects if e.kind == EffectKind.RECONNECT] == [source]
    for book in node.books:
        assert (book.live, book.reason_label) == (False, "gap")
        assert node.l1.read(book.slot, node.now).grade & Grade.NOT_LIVE


def test_removing_any_frame_but_the_last_is_detected_at_the_next_frame(capture):
    """All 599: one node runs on, and at each frame a hole is tried on the connection's counter."""
    frames = [at for at, item in enumerate(capture) if item.kind is InputKind.FRAME]
    source = capture[frames[0]].source
    assert len(frames) == 600
    for removed in range(599):
        # A frame of one number more than awaited, cheap because only its number matters.
        node = Node(NodeConfig(discover=True))
        node.handle(*next(item for item in capture if item.kind is InputKind.OPEN))
        link = node.links[source]
        link.sequence.last = removed - 1
        hurt(node, capture[frames[removed + 1]], source)


@pytest.mark.parametrize("removed", [12, 14, 22, 25, 35, 300, 597])
def test_after_a_removed_frame_no_book_of_the_connection_is_ever_read_again(capture, removed):
    frames = [at for at, item in enumerate(capture) if item.kind is InputKind.FRAME]
    source = capture[frames[0]].source
    node = Node(NodeConfig(discover=True))
    reconnects = 0
    for at, item in enumerate(capture):
        if at == frames[removed]:
            continue
        if at == frames[removed + 1]:
            hurt(node, item, source)
            reconnects += 1
            continue
        effects = node.handle(*item)
        reconnects += sum(effect.kind == EffectKind.RECONNECT for effect in effects)
        if at > frames[removed]:
            assert not any(book.live for book in node.books)
    assert reconnects == 1
    assert len(node.books) == 2
    for book in node.books:
        assert book.reason_label == "gap"
        with pytest.raises(BookNotLiveError):
            book.best(ask=False)


def test_removing_the_last_frame_cannot_be_seen(capture):
    node = Node(NodeConfig(discover=True))
    for item in capture[:-1]:
        node.handle(*item)
    assert all(book.live for book in node.books)


# --- Binance -----------------------------------------------------------------------------------


def applied_of(inputs: list[Input]) -> dict[str, list[int]]:
    """Return the places of the diffs that a whole replay applies, by symbol."""
    node = Node(NodeConfig(discover=True))
    held: dict[str, list[int]] = {}
    places: dict[str, list[int]] = {}
    for at, item in enumerate(inputs):
        node.handle(*item)
        if is_diff(item):
            places.setdefault(symbol_of(item), []).append(at)
    for slot, book in enumerate(node.books):
        native = node.instruments[slot].native
        held[native] = places[native][book.stale :]
        assert len(held[native]) == book.applied
    return held


def detected(inputs: list[Input], removed: int, following: int) -> None:
    """Assert that the diff after a removed one condemns its book, and nothing revives it."""
    symbol = symbol_of(inputs[removed])
    node = Node(NodeConfig(discover=True))
    slot = -1
    for at, item in enumerate(inputs):
        if at == removed or (at < following and not about(item, symbol)):
            continue
        if at > following + 400:
            break
        node.handle(*item)
        if at == following:
            slot = next(s for s, one in enumerate(node.instruments) if one.native == symbol)
            assert node.books[slot].gaps == 1
        if at >= following:
            assert not node.books[slot].live
    assert node.books[slot].gaps == 1


def about(item: Input, symbol: str) -> bool:
    """Whether an input before the hole can matter to the symbol: keeps the replays short."""
    return (
        item.kind in (InputKind.OPEN, InputKind.CLOSE)
        or (item.kind is InputKind.REPLY and f"symbol={symbol}" in item.note)
        or (is_diff(item) and symbol_of(item) == symbol)
    )


def sampled(places: dict[str, list[int]], count: int, seed: int) -> list[tuple[int, int]]:
    """Return (removed, following) pairs: all of them, or a seeded choice with both ends."""
    pairs = [pair for held in places.values() for pair in pairwise(held)]
    if len(pairs) <= count:
        return pairs
    return [pairs[0], pairs[-1], *random.Random(seed).sample(pairs, count - 2)]


SMALL = [
    ("binance", "binance-spot-2021-08"),
    ("binance-us", "binance-us-2021-10"),
    ("binance-us", "binance-us-2021-04-17"),
    ("binance-usdm", "binance-usdm-2021-07"),
]


@pytest.mark.parametrize(("venue", "name"), SMALL, ids=[name for _, name in SMALL])
def test_removing_any_applied_diff_but_the_last_is_detected_at_the_next(venue, name):
    inputs = inputs_of(venue, name)
    places = applied_of(inputs)
    by_symbol = {symbol: [item for item in inputs if about(item, symbol)] for symbol in places}
    for symbol, mine in by_symbol.items():
        diffs = [at for at, item in enumerate(mine) if is_diff(item)]
        held = diffs[len(diffs) - len(places[symbol]) :]
        for removed, following in pairwise(held):
            detected(mine, removed, following)


BIG = [
    ("binance", "binance-spot-2021-04-04", 12),
    ("binance", "binance-spot-2024-08", 4),
    ("binance-usdm", "binance-usdm-2024-08", 4),
    ("binance-coinm", "binance-coinm-2024-08", 3),
]


@pytest.mark.parametrize(("venue", "name", "count"), BIG, ids=[row[1] for row in BIG])
def test_a_removed_diff_of_a_long_recording_is_detected_at_the_next(venue, name, count):
    inputs = inputs_of(venue, name)
    for removed, following in sampled(applied_of(inputs), count, seed=11):
        detected(inputs, removed, following)
