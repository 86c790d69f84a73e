"""Names of instruments."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.instrument import VENUES, Kind
from market.naming import (
    InstrumentName,
    NamingError,
    Symbol,
    native_of,
    parse_instrument_name,
    split_native,
)
from tests.recorded_payloads import payload

SPOT = Symbol("BTC", "USDT")
LINEAR = Symbol("BTC", "USDT", Kind.PERPETUAL)
INVERSE = Symbol("BTC", "USD", Kind.PERPETUAL, inverse=True)
DATED = Symbol("BTC", "USDT", Kind.FUTURE, "240927")
INVERSE_DATED = Symbol("BTC", "USD", Kind.FUTURE, "240927", inverse=True)


@pytest.mark.parametrize(
    ("venue", "native", "symbol"),
    [
        ("binance", "BTCUSDT", SPOT),
        ("binance-usdm", "BTCUSDT", LINEAR),
        ("binance-usdm", "BTCUSDT_240927", DATED),
        ("binance-coinm", "BTCUSD_PERP", INVERSE),
        ("binance-coinm", "BTCUSD_240927", INVERSE_DATED),
        ("coinbase", "BTC-USD", Symbol("BTC", "USD")),
        ("coinbase-exchange", "BAND-GBP", Symbol("BAND", "GBP")),
        ("binance", "BTCTUSD", Symbol("BTC", "TUSD")),
        ("binance", "BTCFDUSD", Symbol("BTC", "FDUSD")),
        ("binance", "XMRBTC", Symbol("XMR", "BTC")),
        ("binance", "币安人生USDT", Symbol("币安人生", "USDT")),
        ("binance-us", "DOTUSD", Symbol("DOT", "USD")),
        ("binance-us", "USDTUSD", Symbol("USDT", "USD")),
        ("binance-us", "BUSDUSD", Symbol("BUSD", "USD")),
        ("binance-us", "BNBUSD", Symbol("BNB", "USD")),
        ("binance-us", "BNBBUSD", Symbol("BNB", "BUSD")),
    ],
)
def test_a_venue_symbol_splits_and_is_spelled_back(venue, native, symbol):
    assert split_native(venue, native) == symbol
    assert native_of(venue, symbol) == native


@pytest.mark.parametrize("venue", ["binance", "binance-us", "binance-usdm"])
def test_every_symbol_of_the_recorded_exchange_info_splits_as_the_venue_says(venue):
    for row in orjson.loads(payload(venue))["symbols"]:
        symbol = split_native(venue, row["symbol"])
        assert (symbol.base, symbol.quote) == (row["baseAsset"], row["quoteAsset"])


@pytest.mark.parametrize(
    ("venue", "native"),
    [
        ("binance", ""),
        ("binance", "USDT"),
        ("binance", "BTCXYZ"),
        ("binance", "BTCUSD_PERP"),
        ("binance", "BT-CUSDT"),
        ("binance", "A" * 65),
        ("binance-usdm", "BTCUSDT_"),
        ("binance-usdm", "BTCUSDT_PERP"),
        ("binance-usdm", "BTCUSDT_24092"),
        ("binance-coinm", "BTCUSD"),
        ("binance-coinm", "BTCUSDT_PERP"),
        ("coinbase", "BTCUSD"),
        ("coinbase", "BTC-"),
        ("coinbase", "-USD"),
        ("coinbase", "BTC-PERP-INTX"),
        ("kraken", "XBTUSD"),
    ],
)
def test_a_symbol_that_cannot_be_split_is_a_naming_error(venue, native):
    with pytest.raises(NamingError):
        split_native(venue, native)


@settings(deadline=None)
@given(st.sampled_from(list(VENUES)), st.text(max_size=70))
def test_splitting_any_text_gives_a_symbol_or_a_naming_error(venue, native):
    try:
        symbol = split_native(venue, native)
    except NamingError:
        return
    assert native_of(venue, symbol) == native


@settings(deadline=None)
@given(st.text(max_size=40), st.sampled_from(["", *VENUES]))
def test_parsing_any_text_gives_a_name_or_a_naming_error(text, venue):
    try:
        name = parse_instrument_name(text, venue)
    except NamingError:
        return
    assert not venue or name.venue == venue


@pytest.mark.parametrize(
    ("text", "venue", "name"),
    [
        ("BTC-USDT.BINANCE", "", InstrumentName(SPOT, "binance")),
        (" btc-usdt.binance ", "", InstrumentName(SPOT, "binance")),
        ("BTC-USDT-PERP.BINANCE-USDM", "", InstrumentName(LINEAR, "binance-usdm")),
        ("BTC-USD-PERP.BINANCE-COINM", "", InstrumentName(INVERSE, "binance-coinm")),
        ("BTC-USDT-240927.BINANCE-USDM", "", InstrumentName(DATED, "binance-usdm")),
        ("BTCUSDT.BINANCE-USDM", "", InstrumentName(LINEAR, "binance-usdm")),
        ("BTC-USD.COINBASE", "coinbase", InstrumentName(Symbol("BTC", "USD"), "coinbase")),
        ("BTCUSDT", "binance", InstrumentName(SPOT, "binance")),
        ("BTC-USDT", "", InstrumentName(SPOT)),
        ("BTC-USDT-PERP", "", InstrumentName(LINEAR)),
        ("BTC/USDT", "", InstrumentName(SPOT)),
        ("BTC/USDT:USDT", "", InstrumentName(LINEAR)),
        ("BTC/USD:BTC", "", InstrumentName(INVERSE)),
        ("BTC/USDT:USDT-240927", "", InstrumentName(DATED)),
        ("BTC/USD:BTC-240927", "binance-coinm", InstrumentName(INVERSE_DATED, "binance-coinm")),
    ],
)
def test_ids_pairs_unified_names_and_own_symbols_are_accepted(text, venue, name):
    assert parse_instrument_name(text, venue) == name


@pytest.mark.parametrize(
    ("text", "venue"),
    [
        ("", ""),
        ("BTCUSDT", ""),
        ("BTC-USDT.KRAKEN", ""),
        ("BTC-USDT.BINANCE", "coinbase"),
        ("BTC-USDT", "kraken"),
        ("BTC-USDT-SWAP", ""),
        ("BTC-USDT-PERP-X", ""),
        ("BTC-USDT-PERP.BINANCE", ""),
        ("BTC/USD:BTC.BINANCE-USDM", ""),
        ("BTC/USDT.BINANCE-USDM", ""),
        ("BTC/USDT:EUR", ""),
        ("BTC/USDT:USDT-", ""),
        ("BTC/", ""),
        ("A" * 65, ""),
    ],
)
def test_a_name_that_means_nothing_is_a_naming_error(text, venue):
    with pytest.raises(NamingError):
        parse_instrument_name(text, venue)


@pytest.mark.parametrize("symbol", [SPOT, LINEAR, INVERSE, DATED, INVERSE_DATED])
def test_the_unified_name_parses_back(symbol):
    assert parse_instrument_name(symbol.ccxt).symbol == symbol


def test_a_symbol_which_a_venue_cannot_list_has_no_spelling_there():
    for venue, symbol in (("binance", LINEAR), ("binance-usdm", INVERSE), ("coinbase", LINEAR)):
        with pytest.raises(NamingError, match="lists no"):
            native_of(venue, symbol)
    with pytest.raises(NamingError, match="unknown venue"):
        native_of("kraken", SPOT)
