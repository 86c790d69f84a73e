"""Rules from Advanced Trade's products."""

import orjson
import pytest

from connectors.coinbase.rules import instruments
from market.grid import Grid
from market.instrument import Instrument
from tests.recorded_payloads import payload

PRODUCT = {
    "product_id": "BTC-USD",
    "base_increment": "0.00000001",
    "quote_increment": "0.01",
    "price_increment": "0.05",
    "quote_min_size": "1",
    "base_min_size": "0.00000001",
    "base_max_size": "3400",
    "product_type": "SPOT",
    "base_currency_id": "BTC",
    "quote_currency_id": "USD",
    "alias": "",
}


def test_the_recorded_reply_gives_every_product_with_its_exact_rules():
    found, problems = instruments(payload("coinbase"), "coinbase")
    assert (len(found), problems) == (920, [])
    known = {one.native: one for one in found}
    assert known["BTC-USD"] == Instrument(
        venue="coinbase",
        native="BTC-USD",
        base="BTC",
        quote="USD",
        price=Grid(2),
        size=Grid(8),
        min_size="0.00000001",
        max_size="3400",
        min_notional="1",
        origin="venue",
        tick="0.01",
        lot="0.00000001",
    )


def test_the_recorded_usdc_product_names_the_book_whose_alias_it_is():
    found, _ = instruments(payload("coinbase"), "coinbase")
    known = {one.native: one for one in found}
    assert (known["BTC-USDC"].quote, known["BTC-USDC"].alias) == ("USDC", "BTC-USD")
    assert known["USDT-USDC"].alias == ""


def test_a_single_product_reply_is_read_and_its_price_increment_is_the_tick():
    found, problems = instruments(orjson.dumps(PRODUCT), "coinbase")
    assert problems == []
    assert found[0].price == Grid(2, 5)


def test_without_a_price_increment_the_quote_increment_is_the_tick():
    product = {key: value for key, value in PRODUCT.items() if key != "price_increment"}
    (found,), _ = instruments(orjson.dumps({"products": [product]}), "coinbase")
    assert (found.price, found.tick) == (Grid(2), "0.01")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"product_type": "FUTURE"}, "product_type: 'FUTURE' is not traded here"),
        ({"product_type": None}, "product_type: nothing is not traded here"),
        ({"base_increment": "0"}, "base_increment: expected an increment over zero"),
        ({"base_increment": 0.1}, "base_increment: expected text"),
        ({"base_max_size": "1e9"}, "base_max_size: not a plain decimal"),
        ({"quote_min_size": 1}, "quote_min_size: expected a decimal as text, got 1"),
        ({"alias": 7}, "alias: expected text"),
    ],
)
def test_a_bad_product_is_reported_and_loses_no_other(change, said):
    other = PRODUCT | {"product_id": "ETH-USD", "base_currency_id": "ETH"}
    body = orjson.dumps({"products": [PRODUCT | change, other]})
    found, problems = instruments(body, "coinbase")
    assert [one.native for one in found] == ["ETH-USD"]
    assert len(problems) == 1
    assert said in problems[0]
    assert problems[0].startswith("coinbase BTC-USD: ")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"products":7}', b'{"error":"x"}'])
def test_a_reply_that_is_no_product_list_is_one_problem(body):
    found, problems = instruments(body, "coinbase")
    assert (found, len(problems)) == ([], 1)


def test_a_strange_venue_is_a_problem():
    assert instruments(b"[]", "binance")[1] == ["binance: not Coinbase Advanced Trade"]
