"""The log of books: a line where a diff brought a book on, with a hash that no grid changes."""

import io

from hypothesis import given
from hypothesis import strategies as st

from connectors.binance.sequence import SpotDepthRule
from market.grid import Grid
from market.instrument import Instrument
from replay import plain_levels_hash
from replay.book_log import BookLog
from replay.levels_hash import levels_hash
from tests.books.book_twins import BookTwins, diff, snapshot

PRICE, SIZE = Grid(2), Grid(3, 5)
INSTRUMENT = Instrument("binance", "BTCUSDT", "BTC", "USDT", PRICE, SIZE)
SIDE = st.dictionaries(st.integers(1, 5_000), st.integers(1, 10**12), max_size=30)


def book_of(bids, asks):
    """Return a live book of the levels; asks lie above all bids."""
    twins = BookTwins(SpotDepthRule)
    twins.fast.subscribe()
    twins.plain.subscribe()
    twins.do("acknowledge")
    twins.feed(snapshot(5, bids.items(), [(5_000 + ticks, lots) for ticks, lots in asks.items()]))
    twins.feed(diff(6, 6))
    assert twins.fast.live
    return twins


@given(bids=SIDE, asks=SIDE)
def test_both_twins_hash_alike_and_finer_grids_change_nothing(bids, asks):
    book = book_of(bids, asks).fast
    found = levels_hash(book, PRICE, SIZE)
    assert found == plain_levels_hash.levels_hash(book, PRICE, SIZE)
    book.rescale(10, 5)
    assert levels_hash(book, Grid(3), Grid(3)) == found
    assert levels_hash(book, Grid(2), Grid(3)) != found or not (bids or asks)


@given(levels=st.dictionaries(st.integers(1, 99), st.integers(1, 9), min_size=1, max_size=5))
def test_the_side_of_a_level_counts(levels):
    below, above = book_of(levels, {}).fast, book_of({}, {}).fast
    assert levels_hash(below, PRICE, SIZE) != levels_hash(above, PRICE, SIZE)
    swapped = BookTwins(SpotDepthRule)
    swapped.fast.subscribe()
    swapped.plain.subscribe()
    swapped.do("acknowledge")
    swapped.feed(snapshot(5, (), levels.items()))
    assert levels_hash(swapped.fast, PRICE, SIZE) != levels_hash(below, PRICE, SIZE)


def test_a_line_is_written_for_each_applied_diff_and_for_nothing_else():
    out = io.StringIO()
    log = BookLog(out)
    twins = book_of({1: 1}, {2: 1})
    books = [twins.fast]
    log.after(books, [INSTRUMENT])
    log.after(books, [INSTRUMENT])
    twins.feed(diff(7, 8, [(1, 3)]))
    log.after(books, [INSTRUMENT])
    twins.do("disconnect")
    log.after(books, [INSTRUMENT])
    lines = [line.split(" ") for line in out.getvalue().splitlines()]
    assert [line[:2] for line in lines] == [["BTC-USDT.BINANCE", "6"], ["BTC-USDT.BINANCE", "8"]]
    assert lines[0][2] != lines[1][2]
