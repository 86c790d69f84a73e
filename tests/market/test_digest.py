"""The compiled digest equals its plain twin, and tells apart what differs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.digest import Digest
from market.plain_digest import PlainDigest

words = st.integers(-(2**63), 2**63 - 1)
items = st.lists(st.one_of(words, st.binary(max_size=40)))


def digested(kind, parts):
    digest = kind()
    for part in parts:
        digest.add(part) if isinstance(part, int) else digest.add_bytes(part)
    return digest


@given(items)
def test_any_sequence_gives_the_twins_digest(parts):
    """Words and byte strings in any order leave both twins with the same value."""
    fast, plain = digested(Digest, parts), digested(PlainDigest, parts)
    assert int(fast) == int(plain)
    assert fast.hex == plain.hex
    assert len(fast.hex) == 16


@given(st.lists(words, min_size=2, max_size=6, unique=True))
def test_order_counts(parts):
    """The same words in another order give another digest."""
    assert int(digested(Digest, parts)) != int(digested(Digest, parts[::-1]))


def test_padding_and_borders_count():
    """Byte strings that differ only in zeros at the end or in where they are cut differ."""
    seen = [
        (b"",), (b"\0",), (b"\0" * 8,), (b"\0" * 9,), (b"ab",), (b"a", b"b"), (b"", b"ab"),
    ]  # fmt: skip
    assert len({int(digested(Digest, parts)) for parts in seen}) == len(seen)


@pytest.mark.parametrize("word", [2**63, -(2**63) - 1])
def test_words_beyond_64_bits_are_refused(word):
    """Only signed 64-bit words can be mixed in."""
    with pytest.raises(OverflowError):
        Digest().add(word)
