"""How many levels a snapshot and an audit ask a venue for, and what a reply then vouches for."""

import orjson
import pytest

from connectors import registry
from connectors.venue import Topic
from market.grid import Grid


def test_the_exchange_is_compared_to_as_many_levels_as_are_asked_for():
    """It sends the whole book: what goes beyond is not looked at."""
    protocol = registry.venue("coinbase-exchange", 3)
    rows = [[str(100 - at), "1", 1] for at in range(9)]
    data = orjson.dumps({"bids": rows, "asks": []})
    book = protocol.rest_book(data, "BTC-USD", Grid(0), Grid(0))
    assert book.bids == [(100, 1), (99, 1), (98, 1)]
    assert book.bid_edge == 98


@pytest.mark.parametrize("rows", [0, 1, 49, 51, 500])
def test_a_side_of_the_exchange_is_whole_unless_somebody_cut_it(rows):
    """A level of ours beyond the last row of a whole side is decidably wrong."""
    side = [[str(9000 - at), "1", 1] for at in range(rows)]
    data = orjson.dumps({"bids": side, "asks": [["9001", "1", 1]]})
    book = registry.venue("coinbase-exchange").rest_book(data, "BTC-USD", Grid(0), Grid(0))
    assert (book.bid_edge, book.ask_edge) == (None, None)


@pytest.mark.parametrize(("rows", "edge"), [(50, 8951), (501, 8501)])
def test_a_side_of_the_exchange_that_may_be_cut_vouches_to_its_last_row(rows, edge):
    """The venue once cut at 50 rows, and we read no more than 500."""
    side = [[str(9000 - at), "1", 1] for at in range(rows)]
    data = orjson.dumps({"bids": side, "asks": [["9001", "1", 1]]})
    book = registry.venue("coinbase-exchange").rest_book(data, "BTC-USD", Grid(0), Grid(0))
    assert book.bid_edge == edge


def test_advanced_is_compared_to_as_many_levels_as_are_asked_for():
    """More rows than were asked for are not looked at."""
    protocol = registry.venue("coinbase", 2)
    rows = [{"price": str(100 - at), "size": "1"} for at in range(9)]
    data = orjson.dumps({"pricebook": {"product_id": "BTC-USD", "bids": rows, "asks": []}})
    book = protocol.rest_book(data, "BTC-USD", Grid(0), Grid(0))
    assert book.bids == [(100, 1), (99, 1)]


@pytest.mark.parametrize("levels", [5, 100, 500, 501, 1000, 5000])
@pytest.mark.parametrize("name", ["binance", "binance-us", "binance-usdm", "binance-coinm"])
def test_a_snapshot_and_an_audit_are_told_apart_by_their_url(name, levels):
    """Whatever is set: a snapshot's reply never answers an audit, nor the other way round."""
    protocol = registry.venue(name, levels)
    host = "https://venue.test"
    assert protocol.topic(host + protocol.snapshot_path("BTCUSDT")) == (Topic.DEPTH, "BTCUSDT")
    assert protocol.topic(host + protocol.audit_path("BTCUSDT")) == (Topic.AUDIT, "BTCUSDT")


def test_a_side_shorter_than_the_audit_asked_for_is_whole():
    """The limit asked for says so, also where it is not the usual one."""
    protocol = registry.venue("binance", 100)
    protocol.symbols.put(b"BTCUSDT", 0, Grid(0), Grid(0))
    rows = [[str(100 - at), "1"] for at in range(50)]
    data = orjson.dumps({"lastUpdateId": 1, "bids": rows, "asks": [["101", "1"]]})
    book = protocol.rest_book(data, "BTCUSDT", Grid(0), Grid(0))
    assert (book.bid_edge, book.ask_edge) == (51, None)
