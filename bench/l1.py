"""One read of L1, as strategies in this process do it."""

from collections.abc import Callable
from functools import partial

from books.book import Book
from cache.l1 import L1
from connectors.coinbase.venue import CoinbaseVenue
from market.grid import Grid

_FRAME = (
    b'{"channel":"l2_data","sequence_num":0,"events":[{"type":"snapshot","product_id":"BTC-USD",'
    b'"updates":[{"side":"bid","price_level":"100.01","new_quantity":"1"},'
    b'{"side":"offer","price_level":"100.02","new_quantity":"2"}]}]}'
)


def reader() -> Callable[[], object]:
    """Return a call that reads one live quote with its grade."""
    venue = CoinbaseVenue()
    venue.symbols.put(b"BTC-USD", 0, Grid(2), Grid(8))
    venue.decoder.decode(_FRAME)
    book = Book(0, venue.rule())
    book.subscribe()
    book.on(venue.decoder.frame, 0, 1)
    l1 = L1()
    l1.open_slot(0, 0)
    l1.hear(0, 1)
    l1.put(book)
    assert l1.read(0, 1).usable
    return partial(l1.read, 0, 1)
