"""The consolidated quote takes the best of what may be used, in exact units."""

import pytest

from books.book import Book
from books.sequence import SequenceRule
from cache.consolidated import ConsolidatedQuotes
from cache.l1 import L1
from connectors.coinbase.decode import CoinbaseDecoder
from market.frame import SymbolTable
from market.grid import Grid
from market.instrument import Instrument

VENUES = ("coinbase", "coinbase-exchange", "binance-us")
GRIDS = ((Grid(2), Grid(8)), (Grid(1, 5), Grid(3)), (Grid(3), Grid(0)))


def instrument(venue, grids):
    return Instrument(venue, "BTC-USD", "BTC", "USD", *grids)


def feed(l1, slot, grids, bid, ask):
    """Publish a book with one level a side, given as decimal text."""
    symbols = SymbolTable()
    symbols.put(b"BTC-USD", slot, *grids)
    decoder = CoinbaseDecoder(symbols)
    rows = ",".join(
        f'{{"side":"{side}","price_level":"{price}","new_quantity":"{size}"}}'
        for side, (price, size) in (("bid", bid), ("offer", ask))
    )
    frame = (
        '{"channel":"l2_data","sequence_num":0,"events":[{"type":"snapshot",'
        f'"product_id":"BTC-USD","updates":[{rows}]}}]}}'
    )
    assert decoder.decode(frame.encode()) == 1
    book = Book(slot, SequenceRule())
    book.subscribe()
    book.on(decoder.frame, 0, 1000)
    l1.open_slot(slot, slot)
    l1.hear(slot, 1000)
    l1.put(book)
    return book


@pytest.fixture
def world():
    l1 = L1(silence_max_ns=1_000_000)
    quotes = ConsolidatedQuotes(l1)
    for slot, (venue, grids) in enumerate(zip(VENUES, GRIDS, strict=True)):
        quotes.add(instrument(venue, grids), slot)
        l1.open_slot(slot, slot)
    return l1, quotes


def test_the_best_of_each_side_is_found_across_grids(world):
    """Bid and ask may come from different venues, and are exact decimals."""
    l1, quotes = world
    feed(l1, 0, GRIDS[0], ("100.01", "0.5"), ("100.10", "0.00000001"))
    feed(l1, 1, GRIDS[1], ("100", "1.5"), ("100.5", "2"))
    feed(l1, 2, GRIDS[2], ("100.005", "7"), ("100.099", "3"))
    best = quotes.best("BTC-USD", 1000)
    assert (best.bid.instrument, best.bid.price, best.bid.size) == (
        "BTC-USD.COINBASE",
        "100.01",
        "0.5",
    )
    assert (best.ask.instrument, best.ask.price, best.ask.size) == (
        "BTC-USD.BINANCE-US",
        "100.099",
        "3",
    )
    assert (best.usable, best.venues, best.crossed) == (3, 3, False)


def test_of_equal_prices_the_larger_size_wins(world):
    """Size decides between venues that show the same price."""
    l1, quotes = world
    feed(l1, 0, GRIDS[0], ("100.5", "0.5"), ("101", "1"))
    feed(l1, 1, GRIDS[1], ("100.5", "1.5"), ("101", "1"))
    best = quotes.best("BTC-USD", 1000)
    assert best.bid.instrument == "BTC-USD.COINBASE-EXCHANGE"
    assert best.ask.instrument == "BTC-USD.COINBASE"


def test_venues_that_cross_each_other_are_said_to(world):
    """One venue's bid above another's ask is an edge, not an error."""
    l1, quotes = world
    feed(l1, 0, GRIDS[0], ("102", "1"), ("103", "1"))
    feed(l1, 1, GRIDS[1], ("100", "1"), ("101", "1"))
    assert quotes.best("BTC-USD", 1000).crossed


def test_a_quote_that_may_not_be_used_takes_no_part(world):
    """Silent, condemned and never published quotes give no price."""
    l1, quotes = world
    assert quotes.best("BTC-USD", 1000).bid is None
    book = feed(l1, 0, GRIDS[0], ("102", "1"), ("103", "1"))
    feed(l1, 1, GRIDS[1], ("100", "1"), ("101", "1"))
    book.condemn(4, "gap")
    l1.put(book)
    best = quotes.best("BTC-USD", 1000)
    assert best.bid.instrument == "BTC-USD.COINBASE-EXCHANGE"
    assert best.usable == 1
    silent = quotes.best("BTC-USD", 10_000_000)
    assert silent.bid is None
    assert silent.ask is None


def test_an_unknown_pair_is_an_error(world):
    """A pair that nobody added is not quietly empty."""
    with pytest.raises(KeyError):
        world[1].best("ETH-USD", 1)
    assert world[1].pairs == ["BTC-USD"]
