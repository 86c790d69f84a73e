"""Raw replies of any venue."""

import orjson
import pytest

from connectors.payloads import instruments, instruments_of_file
from market.instrument import VENUES
from market.rows import RowError
from tests.recorded_payloads import FILES, payload

OURS = [{"id": "BTC-USDT.BINANCE", "tick": "0.01", "lot": "0.00001"}]


@pytest.mark.parametrize("venue", list(FILES))
def test_each_recorded_reply_is_read_by_its_venue(venue):
    found, _ = instruments(payload(venue), venue)
    assert len(found) > 100
    assert {one.venue for one in found} == {venue}


def test_every_venue_has_a_reader():
    for venue in VENUES:
        assert "unknown venue" not in instruments(b"", venue)[1][0]
    assert "unknown venue 'kraken'" in instruments(b"", "kraken")[1][0]


@pytest.mark.parametrize("venue", [one for one in FILES if one != "binance-us"])
def test_a_file_with_a_raw_reply_tells_its_venue_by_its_shape(venue):
    found, _ = instruments_of_file(payload(venue))
    assert {(one.venue, one.origin) for one in found} == {(venue, "file")}


def test_a_named_venue_is_believed():
    found, _ = instruments_of_file(payload("binance-us"), "binance-us")
    assert {one.venue for one in found} == {"binance-us"}


def test_the_coin_margined_reply_and_single_products_are_told_by_shape():
    info = {"futuresType": "C_MARGINED", "symbols": [{}]}
    assert instruments_of_file(orjson.dumps(info))[1][0].startswith("binance-coinm ")
    info["futuresType"] = ["?"]
    assert instruments_of_file(orjson.dumps(info))[1][0].startswith("binance ")
    for name, venue in (("product_id", "coinbase"), ("id", "coinbase-exchange")):
        single = {name: "X-Y", "base_increment": "1"}
        assert instruments_of_file(orjson.dumps(single))[1][0].startswith(f"{venue} X-Y: ")


def test_our_own_form_is_read():
    found, problems = instruments_of_file(orjson.dumps({"instruments": OURS}))
    assert [one.id for one in found] == ["BTC-USDT.BINANCE"]
    assert problems == []


@pytest.mark.parametrize("body", [b"", b"{", b"7", b'{"instruments":1}'])
def test_a_file_that_is_neither_is_refused(body):
    with pytest.raises(RowError, match=r"^instruments"):
        instruments_of_file(body)
