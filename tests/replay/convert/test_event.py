"""Numbers have one spelling, and books are kept from events alone."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.convert.book import EventBook, EventBooks, book_hash
from replay.convert.event import Event, EventKind, plain, scaled
from tests.effort import examples

from .events import streams


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("61837.63000000", "61837.63"),
        ("007", "7"),
        ("0.0", "0"),
        ("1e-7", "0.0000001"),
        ("1.5E+3", "1500"),
        ("30", "30"),
    ],
)
def test_a_number_has_one_spelling(text, spelled):
    assert plain(text) == spelled


@pytest.mark.parametrize(
    "text", ["", ".5", "5.", "-1", "+1", "nan", "inf", "1_0", "１", "1" * 41, "1e99", "1e-41", "1 "]
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match=r"not a number|too many digits"):
        plain(text)


@given(st.decimals(0, 10**12, places=12, allow_nan=False, allow_infinity=False))
def test_the_spelling_keeps_the_value_and_the_order(value):
    text = plain(f"{value:f}")
    assert Decimal(text) == value
    assert plain(text) == text
    assert scaled(text) == int(value * 10**40)


@settings(max_examples=examples(0.4))
@given(streams())
def test_a_book_is_what_a_plain_dictionary_would_hold(events):
    books = EventBooks()
    plain_books: dict = {}
    for event in events:
        books.take(event)
        held = plain_books.setdefault(event[1:3], [False, {}, {}])
        if event.kind in (EventKind.SNAPSHOT, EventKind.LOST):
            held[:] = [event.kind is EventKind.SNAPSHOT, {}, {}]
        if event.kind in (EventKind.SNAPSHOT, EventKind.UPDATE):
            for side, levels in zip(held[1:], (event.bids, event.asks), strict=True):
                side.update(levels)
    for key, book in books:
        live, bids, asks = plain_books[key]
        expected = [
            tuple(
                sorted(
                    ((p, s) for p, s in side.items() if s != "0"),
                    key=lambda level: Decimal(level[0]),
                    reverse=side is bids,
                )
            )
            for side in (bids, asks)
        ]
        assert list(book.levels()) == expected
        assert book.live == live
        assert book.hash == book_hash(live, *expected)
        assert list(book.best(2)) == [side[:2] for side in expected]


def test_an_update_before_any_snapshot_tells_nothing():
    book = EventBook()
    book.take(Event(EventKind.UPDATE, "v", "s", 1, 1, bids=(("1", "1"),)))
    assert book.levels() == ((), ())
    assert not book.live


def test_a_lost_book_keeps_the_hash_of_its_last_life():
    book = EventBook()
    empty = book.last_hash
    book.take(Event(EventKind.SNAPSHOT, "v", "s", 1, 1, bids=(("1", "1"),)))
    alive = book.last_hash
    for _ in range(2):
        book.take(Event(EventKind.LOST, "v", "s", 2, 0))
        assert book.last_hash == alive != book.hash
    book.take(Event(EventKind.SNAPSHOT, "v", "s", 3, 1))
    assert book.last_hash not in (alive, empty)


def test_the_hash_tells_a_lost_book_from_an_empty_one():
    assert book_hash(True, (), ()) != book_hash(False, (), ())
