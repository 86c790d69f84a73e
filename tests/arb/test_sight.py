"""The touch that trading sees is the book's newest while it may be used, and nothing otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.plain_sight import PlainSight
from arb.sight import Sight
from cache.l1 import L1
from tests.arb.world import Feed, instrument

SIDE = st.lists(
    st.tuples(st.integers(1, 50), st.integers(1, 99)), max_size=3, unique_by=lambda x: x[0]
)


def feeds():
    l1 = L1(100, 1 << 62)
    return l1, [Feed(l1, slot, instrument(f"venue{slot}")) for slot in range(2)]


@given(st.lists(st.tuples(st.integers(0, 1), SIDE, SIDE, st.integers(0, 150)), max_size=8))
def test_both_twins_see_the_same(steps):
    l1, both = feeds()
    books = [one.book for one in both]
    sight, plain = Sight(books, l1), PlainSight(books, l1)
    now = 1_000
    for slot, bids, asks, later in steps:
        both[slot].put(now, [(t, n) for t, n in bids], [(t + 50, n) for t, n in asks])
        now += later
        for at in (0, 1):
            assert sight.touch(at, now) == plain.touch(at, now)


def test_the_same_tuple_comes_back_while_the_numbers_stay():
    l1, both = feeds()
    sight = Sight([one.book for one in both], l1)
    both[0].put(1, [(10, 1)], [(11, 2)])
    first = sight.touch(0, 1)
    assert first == (10, 1, 11, 2)
    assert sight.touch(0, 2) is first


def test_a_silent_book_is_not_seen():
    l1, both = feeds()
    sight = Sight([one.book for one in both], l1)
    both[0].put(1, [(10, 1)], [(11, 2)])
    assert sight.touch(0, 102) is None
    assert sight.touch(1, 1) is None


@pytest.mark.parametrize("slot", [-1, 2])
def test_an_unknown_slot_is_an_error(slot):
    l1, both = feeds()
    with pytest.raises(IndexError):
        Sight([one.book for one in both], l1).touch(slot, 1)
