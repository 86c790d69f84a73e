"""The catalog of instruments."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import catalog as module
from market.catalog import AUTHORITY, Catalog, CatalogFullError, Change, UnknownInstrumentError
from market.grid import UNITS_MAX, BadNumberError, Grid
from market.instrument import Instrument
from market.naming import NamingError

STATED = Instrument(
    "binance", "BTCUSDT", "BTC", "USDT", Grid(2), Grid(5), origin="venue", min_notional="5"
)
GRIDS = st.builds(Grid, st.integers(0, 9), st.sampled_from([1, 2, 5, 25, 10]))


def test_an_unknown_symbol_is_inferred_on_whole_number_grids():
    found = Catalog(shipped=()).resolve("binance-coinm", "ETHUSD_PERP")
    assert (found.id, found.price, found.size) == ("ETH-USD-PERP.BINANCE-COINM", Grid(0), Grid(0))
    assert (found.multiplier, found.inverse, found.origin) == (10, True, "inferred")


def test_the_shipped_table_is_preferred_to_inference():
    found = Catalog().resolve("binance", "BTCUSDT")
    assert (found.origin, found.price, found.size) == ("shipped", Grid(2), Grid(6))


def test_a_symbol_that_cannot_be_split_is_a_naming_error_and_leaves_no_entry():
    catalog = Catalog(shipped=())
    with pytest.raises(NamingError):
        catalog.resolve("binance", "NOTHING")
    assert len(catalog) == 0


@pytest.mark.parametrize("weak", list(AUTHORITY))
@pytest.mark.parametrize("strong", list(AUTHORITY))
def test_a_source_replaces_rules_of_equal_or_weaker_origin_only(weak, strong):
    catalog = Catalog(shipped=())
    catalog.adopt(replace(STATED, origin=weak))
    changed = catalog.adopt(replace(STATED, origin=strong, min_notional="7", price=Grid(1)))
    assert changed is (AUTHORITY[strong] >= AUTHORITY[weak])
    assert catalog.get("binance", "BTCUSDT").min_notional == ("7" if changed else "5")


def test_the_same_rules_again_change_nothing():
    catalog = Catalog(shipped=())
    assert catalog.adopt(STATED)
    assert not catalog.adopt(STATED)


def test_unused_grids_are_replaced_and_used_ones_merged():
    catalog = Catalog(shipped=())
    catalog.adopt(replace(STATED, origin="file"))
    catalog.adopt(replace(STATED, price=Grid(1)))
    assert catalog.resolve("binance", "BTCUSDT").price == Grid(1)
    catalog.adopt(replace(STATED, price=Grid(0, 10), size=Grid(6)))
    found = catalog.get("binance", "BTCUSDT")
    assert (found.price, found.size) == (Grid(1), Grid(6))


def test_a_change_of_an_instrument_in_use_is_told_once_with_old_and_new():
    catalog = Catalog(shipped=())
    old = catalog.resolve("binance", "BTCUSDT")
    catalog.adopt(STATED)
    new = catalog.refine("binance", "BTCUSDT", size=Grid(6))
    (change,) = catalog.take_changes()
    assert change == Change(old, new)
    assert change.old.factors_to(change.new) == (100, 10**6)
    assert catalog.take_changes() == []


def test_adopting_what_nobody_uses_is_no_change_to_tell():
    catalog = Catalog(shipped=())
    assert catalog.adopt_all([STATED, replace(STATED, native="ETHUSDT", base="ETH"), STATED]) == 2
    assert catalog.take_changes() == []
    assert [one.native for one in catalog] == ["BTCUSDT", "ETHUSDT"]


def test_a_finer_value_refines_and_is_counted_and_a_known_one_is_not():
    catalog = Catalog(shipped=())
    catalog.adopt(STATED)
    assert catalog.refine("binance", "BTCUSDT", price=Grid(1)) == STATED
    assert catalog.refinements("binance", "BTCUSDT") == 0
    found = catalog.refine("binance", "BTCUSDT", price=Grid(3, 5), size=Grid(6))
    assert (found.price, found.size) == (Grid(3, 5), Grid(6))
    assert catalog.refinements("binance", "BTCUSDT") == 1
    assert (found.min_notional, found.origin) == ("5", "venue")
    assert catalog.get("binance", "BTCUSDT") == found


def test_a_grid_that_cannot_hold_what_is_known_is_refused_and_changes_nothing():
    catalog = Catalog(shipped=())
    catalog.adopt(STATED)
    tops = {"price_top": 6_000_000, "size_top": 10**8}
    with pytest.raises(BadNumberError, match="cannot hold"):
        catalog.refine("binance", "BTCUSDT", price=Grid(18), **tops)
    with pytest.raises(BadNumberError, match="cannot hold"):
        catalog.refine("binance", "BTCUSDT", size=Grid(18), **tops)
    assert catalog.get("binance", "BTCUSDT") == STATED
    assert catalog.refinements("binance", "BTCUSDT") == 0
    most = UNITS_MAX // 10
    assert catalog.refine("binance", "BTCUSDT", price=Grid(3), price_top=most).price == Grid(3)


def test_refining_or_counting_an_unknown_instrument_is_an_error():
    with pytest.raises(UnknownInstrumentError):
        Catalog().refine("binance", "BTCUSDT", price=Grid(2))
    with pytest.raises(UnknownInstrumentError):
        Catalog().refinements("binance", "BTCUSDT")


@pytest.mark.parametrize(
    ("name", "venue", "found"),
    [
        ("BTC-USDT.BINANCE", "", "BTC-USDT.BINANCE"),
        ("btcusdt", "binance", "BTC-USDT.BINANCE"),
        ("BTC/USDT:USDT", "binance-usdm", "BTC-USDT-PERP.BINANCE-USDM"),
        ("BTC-USD-PERP.BINANCE-COINM", "", "BTC-USD-PERP.BINANCE-COINM"),
    ],
)
def test_users_names_find_instruments(name, venue, found):
    assert Catalog().find(name, venue).id == found


def test_an_irregular_spelling_stated_by_the_venue_is_found_by_id_and_by_symbol():
    catalog = Catalog(shipped=())
    odd = replace(STATED, native="ODDONE", base="BTC")
    catalog.adopt(odd)
    assert catalog.find("BTC-USDT.BINANCE") == odd
    assert catalog.find("oddone", "binance") == odd


def test_a_name_without_a_venue_is_a_naming_error():
    with pytest.raises(NamingError, match="names no venue"):
        Catalog().find("BTC-USDT")


def test_an_instrument_renamed_by_a_stronger_source_is_found_by_its_new_id_only():
    catalog = Catalog(shipped=())
    catalog.resolve("binance", "ABCUSDT")
    catalog.adopt(replace(STATED, native="ABCUSDT", base="A", quote="BCUSDT"))
    assert catalog.find("A-BCUSDT.BINANCE").native == "ABCUSDT"
    assert catalog.find("ABC-USDT.BINANCE").base == "A"


def test_a_full_catalog_takes_no_new_instrument_and_keeps_the_old(monkeypatch):
    monkeypatch.setattr(module, "INSTRUMENTS_MAX", 1)
    catalog = Catalog(shipped=())
    catalog.adopt(STATED)
    with pytest.raises(CatalogFullError):
        catalog.resolve("binance", "ETHUSDT")
    assert catalog.adopt(replace(STATED, min_notional="6"))


@settings(deadline=None)
@given(st.lists(st.tuples(GRIDS, GRIDS, st.sampled_from([*AUTHORITY, "wire"])), max_size=8))
def test_an_instrument_in_use_only_ever_becomes_finer(steps):
    catalog = Catalog(shipped=())
    current = catalog.resolve("binance", "BTCUSDT")
    first = current
    for price, size, origin in steps:
        if origin == "wire":
            catalog.refine("binance", "BTCUSDT", price, size)
        else:
            catalog.adopt(replace(STATED, price=price, size=size, origin=origin))
        new = catalog.get("binance", "BTCUSDT")
        assert min(current.factors_to(new)) >= 1
        current = new
    changes = catalog.take_changes()
    assert changes == ([Change(first, current)] if current != first else [])
