"""Rules from Coinbase Exchange's products."""

import orjson
import pytest

from connectors.coinbase_exchange.rules import instruments
from market.grid import Grid
from market.instrument import Instrument
from tests.recorded_payloads import payload

VENUE = "coinbase-exchange"
PRODUCT = {
    "id": "BTC-USD",
    "base_currency": "BTC",
    "quote_currency": "USD",
    "quote_increment": "0.01",
    "base_increment": "0.00000001",
    "min_market_funds": "1",
}


def test_the_recorded_reply_gives_every_product_with_its_exact_rules():
    found, problems = instruments(payload(VENUE), VENUE)
    assert (len(found), problems) == (162, [])
    known = {one.native: one for one in found}
    assert known["SKL-USD"].price == Grid(4)
    assert known["SKL-USD"].size == Grid(1)
    assert known["BTC-USD"] == Instrument(
        venue=VENUE,
        native="BTC-USD",
        base="BTC",
        quote="USD",
        price=Grid(2),
        size=Grid(8),
        min_size="0.0001",
        max_size="280",
        min_notional="5",
        origin="venue",
        tick="0.01",
        lot="0.00000001",
    )


@pytest.mark.parametrize("value", [[PRODUCT], PRODUCT], ids=["list", "single"])
def test_a_reply_of_today_without_size_limits_is_read(value):
    (found,), problems = instruments(orjson.dumps(value), VENUE)
    assert problems == []
    assert (found.id, found.min_size, found.min_notional) == ("BTC-USD.COINBASE-EXCHANGE", "", "1")


def test_a_bad_product_is_reported_and_loses_no_other():
    bad = {**PRODUCT, "id": "X-USD", "quote_increment": "0.-1"}
    found, problems = instruments(orjson.dumps([bad, PRODUCT]), VENUE)
    assert [one.native for one in found] == ["BTC-USD"]
    assert problems[0].startswith("coinbase-exchange X-USD: quote_increment: expected an increment")


@pytest.mark.parametrize("body", [b"", b"7", b'{"message":"NotFound"}'])
def test_a_reply_that_is_no_product_list_is_one_problem(body):
    found, problems = instruments(body, VENUE)
    assert (found, len(problems)) == ([], 1)


def test_a_strange_venue_is_a_problem():
    assert instruments(b"[]", "coinbase")[1] == ["coinbase: not Coinbase Exchange"]
