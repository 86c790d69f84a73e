"""Rules from exchangeInfo."""

import orjson
import pytest

from connectors.binance.rules import instruments
from market.grid import Grid
from market.instrument import Instrument, Kind
from tests.recorded_payloads import payload


def row(**changes):
    base = {
        "symbol": "BTCUSDT",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0", "tickSize": "0.01000000"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "0", "stepSize": "0.00001"},
            {"filterType": "NOTIONAL", "minNotional": "5.00000000"},
        ],
    }
    return base | changes


def info(*rows):
    return orjson.dumps({"symbols": list(rows)})


def by_native(found):
    return {one.native: one for one in found}


def test_the_recorded_spot_reply_gives_every_symbol_with_its_exact_rules():
    found, problems = instruments(payload("binance"), "binance")
    assert (len(found), problems) == (1695, [])
    assert by_native(found)["BTCUSDT"] == Instrument(
        venue="binance",
        native="BTCUSDT",
        base="BTC",
        quote="USDT",
        price=Grid(2),
        size=Grid(5),
        min_size="0.00001000",
        max_size="9000.00000000",
        min_notional="10.00000000",
        origin="venue",
        tick="0.01000000",
        lot="0.00001000",
    )


def test_the_recorded_us_reply_gives_every_symbol():
    found, problems = instruments(payload("binance-us"), "binance-us")
    assert (len(found), problems) == (121, [])
    assert by_native(found)["BTCUSDT"].size == Grid(6)
    assert by_native(found)["BNBUSD"].id == "BNB-USD.BINANCE-US"


def test_the_recorded_futures_reply_gives_perpetuals_and_quarters_and_reports_the_pending_one():
    found, problems = instruments(payload("binance-usdm"), "binance-usdm")
    assert len(found) == 121
    assert problems == ["binance-usdm BTCSTUSDT: contractType: unknown ''"]
    known = by_native(found)
    assert known["BTCUSDT"].id == "BTC-USDT-PERP.BINANCE-USDM"
    assert known["BTCUSDT"].min_notional == "5"
    assert not known["BTCUSDT"].inverse
    assert known["BTCUSDT_210924"].id == "BTC-USDT-210924.BINANCE-USDM"
    assert known["BTCUSDT_210924"].kind is Kind.FUTURE


def test_a_coin_margined_contract_is_inverse_and_has_the_size_which_the_row_states():
    perpetual = row(
        symbol="BTCUSD_PERP", quoteAsset="USD", contractType="PERPETUAL", contractSize=100
    )
    dated = row(
        symbol="ETHUSD_240927",
        baseAsset="ETH",
        quoteAsset="USD",
        contractType="CURRENT_QUARTER",
        contractSize=10,
    )
    found, problems = instruments(info(perpetual, dated), "binance-coinm")
    assert problems == []
    assert [(one.id, one.multiplier, one.inverse) for one in found] == [
        ("BTC-USD-PERP.BINANCE-COINM", 100, True),
        ("ETH-USD-240927.BINANCE-COINM", 10, True),
    ]


def test_notional_is_preferred_and_a_zero_limit_means_none():
    (found,), _ = instruments(info(row()), "binance")
    assert (found.min_notional, found.min_size, found.max_size) == ("5.00000000", "0.00001", "")


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (7, "row: expected an object, got 7"),
        (row(symbol=None), "symbol: expected text"),
        (row(baseAsset=""), "baseAsset: expected text"),
        (row(filters=None), "filters: expected a list, got nothing"),
        (row(filters=[3]), "filters[0]: expected an object"),
        (row(filters=[]), "filters: no PRICE_FILTER"),
        (row(filters=row()["filters"][:1]), "filters: no LOT_SIZE"),
        (row(filters=[{"filterType": "PRICE_FILTER", "tickSize": "-1"}]), "tickSize: expected"),
        (
            row(
                filters=[
                    {"filterType": "PRICE_FILTER", "tickSize": "1e-8"},
                    {"filterType": "LOT_SIZE", "stepSize": "1"},
                ]
            ),
            "tickSize: expected an increment over zero, got '1e-8'",
        ),
        (
            row(
                filters=[
                    {"filterType": "PRICE_FILTER", "tickSize": "0.1"},
                    {"filterType": "LOT_SIZE", "stepSize": "0.00"},
                ]
            ),
            "stepSize: expected an increment over zero, got '0.00'",
        ),
    ],
)
def test_a_bad_row_is_reported_and_loses_no_other(bad, said):
    good = row(symbol="ETHUSDT", baseAsset="ETH")
    found, problems = instruments(info(bad, good), "binance")
    assert [one.native for one in found] == ["ETHUSDT"]
    assert len(problems) == 1
    assert problems[0].startswith("binance ")
    assert said in problems[0]


@pytest.mark.parametrize(
    ("venue", "bad", "said"),
    [
        ("binance-usdm", row(contractType="SWING"), "contractType: unknown 'SWING'"),
        ("binance-usdm", row(contractType=["x"]), "contractType: unknown a list"),
        ("binance-usdm", row(contractType="NEXT_QUARTER"), "names no day of delivery"),
        ("binance-usdm", row(symbol="BTCUSDT_X", contractType="NEXT_QUARTER"), "is not a symbol"),
        ("binance-coinm", row(contractType="PERPETUAL"), "contractSize: expected a whole number"),
        (
            "binance-coinm",
            row(contractType="PERPETUAL", contractSize=True),
            "contractSize: expected a whole number over zero, got True",
        ),
    ],
)
def test_a_contract_that_is_not_understood_is_reported(venue, bad, said):
    found, problems = instruments(info(bad), venue)
    assert found == []
    assert said in problems[0]


def test_the_same_symbol_twice_is_reported_and_the_first_one_stands():
    later = row(filters=[*row()["filters"][1:], {"filterType": "PRICE_FILTER", "tickSize": "9"}])
    found, problems = instruments(info(row(), later), "binance")
    assert [one.price for one in found] == [Grid(2)]
    assert problems == ["binance BTCUSDT: listed twice, the first one stands"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"7", b"{}", b'{"symbols":{}}', b'{"code":-1121,"msg":"Invalid"}']
)
def test_a_reply_that_is_no_exchange_info_is_one_problem(body):
    found, problems = instruments(body, "binance")
    assert found == []
    assert len(problems) == 1


def test_a_strange_venue_is_a_problem():
    assert instruments(info(row()), "kraken") == ([], ["kraken: not a venue of Binance"])
