"""The JSON of the simulated Binance."""

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sim.market.event import Touch
from sim.market.listing import BINANCE, Listing
from sim.wire.binance import BookTickers
from sim.wire.decimal import padded

decimals = st.integers(0, 8)
units = st.integers(0, 2**40)


@given(units, decimals)
def test_numbers_are_spelled_exactly_with_eight_decimals(value, places):
    text = padded(value, places)
    assert Decimal(text) == Decimal(value).scaleb(-places)
    assert len(text.partition(".")[2]) == 8


@given(st.integers(0, 2**60), st.builds(Touch, units, units, units, units), decimals, decimals)
def test_a_book_ticker_is_json_of_its_touch(update_id, touch, price, size):
    listing = Listing(BINANCE, "BTC", "USDT", price_decimals=price, size_decimals=size)
    assert json.loads(BookTickers(listing).spell(update_id, touch)) == {
        "u": update_id,
        "s": "BTCUSDT",
        "b": padded(touch.bid, price),
        "B": padded(touch.bid_lots, size),
        "a": padded(touch.ask, price),
        "A": padded(touch.ask_lots, size),
    }
