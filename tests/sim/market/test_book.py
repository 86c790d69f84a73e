"""The venue's own book, held against a plain dictionary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.market.book import Book, Ladder
from sim.market.event import LevelChange, Side, Touch

SETS = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 3)), max_size=60)


@given(side=st.sampled_from(Side), sets=SETS)
def test_a_ladder_holds_what_a_dictionary_holds_best_price_first(side, sets):
    ladder, plain = Ladder(side), {}
    for price, lots in sets:
        ladder.set(price, lots)
        plain[price] = lots
        if not lots:
            del plain[price]
        expected = sorted(plain.items(), reverse=side is Side.BID)
        assert ladder.levels() == expected
        assert ladder.levels(2) == expected[:2]
        assert len(ladder) == len(plain)
        assert ladder.lots_at(price) == lots
        assert [ladder.price_at(i) for i in range(len(ladder))] == [p for p, _ in expected]


def test_a_change_names_the_touch_only_where_it_moved():
    book = Book("X-Y.Z", 7)
    book.fill(Side.BID, [(10, 1), (9, 2)])
    book.fill(Side.ASK, [(12, 3)])
    assert book.change(5, Side.BID, 11, 4) == LevelChange(
        5, "X-Y.Z", 8, Side.BID, 11, 4, Touch(11, 4, 12, 3)
    )
    assert book.change(6, Side.BID, 9, 0).touch is None


def test_a_change_that_would_cross_the_book_is_a_bug():
    book = Book("X-Y.Z", 0)
    book.fill(Side.BID, [(10, 1)])
    book.fill(Side.ASK, [(12, 3)])
    with pytest.raises(AssertionError, match="crossed"):
        book.change(0, Side.BID, 12, 1)
