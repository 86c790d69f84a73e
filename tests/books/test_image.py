"""The image of a book holds everything, and nothing else is taken for one."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from books.book import Book
from books.image import dump_book, load_book
from books.sequence import SequenceRule
from tests.effort import examples

ROOT = Path(__file__).parents[2]


def test_every_field_of_a_book_is_in_its_image():
    text = (ROOT / "books" / "book.pxd").read_text().partition("cdef class Book:")[2]
    found = re.findall(
        r"^    cdef (?:readonly |public )?\w+ (\w+)(?:\[\w+\])?(?: .*)?$", text, re.MULTILINE
    )
    image = (ROOT / "books" / "image.pyx").read_text()
    held = {name for name in found if not re.search(rf"\bbook\.{name}\b", image)}
    assert len(found) > 40
    assert held == {"rule"}


def test_a_failed_audit_is_kept():
    book = Book(0, SequenceRule())
    book.audit_failed = True
    again = Book(0, SequenceRule())
    load_book(again, dump_book(book))
    assert again.audit_failed


def number(value):
    """Return a number as the image of a book has it: seven bits a byte, the least first."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def packed(*levels):
    """Return (ticks, lots) as the image of a book has them."""
    steps = [after - before for before, after in pairwise([0, *(ticks for ticks, _ in levels)])]
    return b"".join(
        number(2 * step if step >= 0 else -2 * step - 1) + number(lots)
        for step, (_, lots) in zip(steps, levels, strict=True)
    )


@pytest.mark.parametrize(
    "change",
    [
        {"bids": number(2)},
        {"bids": b"\x80"},
        {"bids": b"\x02\x80"},
        {"bids": number(1) + number(1)},
        {"asks": number(2 * 10**18 + 2) + number(1)},
        {"asks": number(2) + number(10**18 + 1)},
        {"asks": number(2) + number(1 << 63)},
        {"asks": number(2) + b"\xff" * 12 + b"\1"},
        {"asks": packed((5, 1)) + number(11) + number(1)},
        {"pending": [[1, True, True, [0, 0, 0, 0]]] * 65},
        {"trail": [[2, 0, 0, 0, 0], [1, 0, 0, 0, 0]]},
        {"state": 9},
        {"buffer": [[1, 2, 3, 4, b"\2", b""]]},
    ],
)
def test_a_book_refuses_what_no_book_can_hold(change):
    image = dump_book(Book(0, SequenceRule()))
    with pytest.raises((ValueError, OverflowError)):
        load_book(Book(0, SequenceRule()), image | change)


@settings(max_examples=examples(0.6))
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 10**18 - 1), st.integers(1, 10**18 - 1)), max_size=9),
        min_size=2,
        max_size=2,
    )
)
def test_levels_of_any_size_come_back_from_their_bytes(sides):
    held = [packed(*side) for side in sides]
    image = dump_book(Book(0, SequenceRule())) | dict(zip(("bids", "asks"), held, strict=True))
    book = Book(0, SequenceRule())
    load_book(book, image)
    again = dump_book(book)
    for name, side, down in (("bids", sides[0], True), ("asks", sides[1], False)):
        expected = sorted(dict(side).items(), reverse=down)
        assert again[name] == packed(*expected)


@settings(max_examples=examples(2))
@given(bids=st.binary(max_size=60), asks=st.binary(max_size=60))
def test_any_bytes_are_levels_or_an_error(bids, asks):
    image = dump_book(Book(0, SequenceRule())) | {"bids": bids, "asks": asks}
    book = Book(0, SequenceRule())
    try:
        load_book(book, image)
    except (ValueError, OverflowError):
        return
    for side in (bids, asks):
        assert len(side) >= 2 * max(book.count(ask=side is asks), 0)
