"""Instruments and their names."""

import pytest

from market.grid import Grid
from market.instrument import Instrument, Kind
from market.naming import Symbol, symbol_of


def perpetual():
    return Instrument(
        "binance-coinm",
        "BTCUSD_PERP",
        "BTC",
        "USD",
        Grid(1),
        Grid(0),
        Kind.PERPETUAL,
        "",
        True,
        100,
    )


def test_ids_name_pair_kind_and_venue():
    spot = Instrument("coinbase", "BTC-USD", "BTC", "USD", Grid(2), Grid(8))
    dated = Instrument(
        "binance-usdm", "BTCUSDT_240927", "BTC", "USDT", Grid(1), Grid(3), Kind.FUTURE, "240927"
    )
    assert spot.id == "BTC-USD.COINBASE"
    assert perpetual().id == "BTC-USD-PERP.BINANCE-COINM"
    assert dated.id == "BTC-USDT-240927.BINANCE-USDM"


def test_the_symbol_of_an_instrument_keeps_what_the_name_means():
    assert symbol_of(perpetual()) == Symbol("BTC", "USD", Kind.PERPETUAL, inverse=True)


def test_factors_lead_to_a_finer_instrument_only():
    coarse = perpetual()
    fine = coarse.with_grids(Grid(3, 5), Grid(0))
    assert coarse.factors_to(fine) == (20, 1)
    assert coarse.factors_to(coarse) == (1, 1)
    with pytest.raises(ValueError, match="does not refine"):
        fine.factors_to(coarse)
