"""Mirrored levels follow what the book shows, cut back to its touch."""

from hypothesis import given
from hypothesis import strategies as st

from arb.paper import plain_mirror
from arb.paper.mirror import moved
from cache.l1 import L1
from tests.arb.world import Feed, instrument

SIDE = st.dictionaries(st.integers(1, 20), st.integers(1, 1 << 50), max_size=5)
MIRRORED = st.dictionaries(
    st.tuples(st.integers(0, 1), st.one_of(st.integers(1, 45), st.integers(1 << 39, 1 << 41))),
    st.integers(0, 99),
)


@given(SIDE, SIDE, MIRRORED)
def test_both_twins_find_the_same_changes(bids, asks, mirrored):
    feed = Feed(L1(), 0, instrument("venue"))
    feed.put(1, bids.items(), [(ticks + 20, lots) for ticks, lots in asks.items()])
    found = moved(feed.book, mirrored)
    assert found == plain_mirror.moved(feed.book, mirrored)
    mirrored |= {(side, price): lots for side, price, lots in found or ()}
    assert moved(feed.book, mirrored) is None


def test_nothing_moves_in_a_book_that_is_not_live():
    feed = Feed(L1(), 0, instrument("venue"))
    assert moved(feed.book, {(0, 10): 5}) is None
    assert plain_mirror.moved(feed.book, {(0, 10): 5}) is None
