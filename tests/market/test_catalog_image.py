"""The image of a catalog holds everything that its later answers depend on."""

import json
from dataclasses import fields, replace

import pytest

from market.catalog import Catalog
from market.catalog_image import COLUMNS, dump_catalog, load_catalog
from market.grid import Grid
from market.instrument import Instrument, Kind


def test_a_catalog_of_a_venues_rules_comes_back_with_what_is_in_use_and_what_changed():
    whole = Catalog()
    used = whole.find("BTC-USDT", "binance")
    whole.adopt(replace(used, origin="venue", price=Grid(3), min_size="0.1", alias="X"))
    whole.adopt(replace(used, native="QUOUSDT", base="QUO", kind=Kind.SPOT, multiplier=10**30))
    whole.resolve("binance-usdm", "BTCUSDT_240927")
    whole.refine("binance-usdm", "BTCUSDT_240927", Grid(2), Grid(4))
    state, instruments = dump_catalog(whole)
    again, found = load_catalog(json.loads(json.dumps(state)))
    assert found == instruments
    assert list(again) == list(whole)
    assert vars(again) == vars(whole)
    assert set(vars(whole)) == {"_shipped", "_entries", "_ids", "_changes"}
    assert set(COLUMNS) == {
        *(field.name for field in fields(Instrument) if field.name not in ("price", "size")),
        *(f"{grid}.{field.name}" for grid in ("price", "size") for field in fields(Grid)),
    }
    assert again.take_changes() == whole.take_changes() != []


@pytest.mark.parametrize(
    "change",
    [
        {"shipped": [["binance"]]},
        {"entries": [[None, ["binance", "NONE"], True, 0]]},
        {"entries": [[None, ["binance"], True, 0]]},
        {"changes": [[0] * len(COLUMNS)]},
        {"ids": [["A"]]},
    ],
)
def test_what_is_no_catalog_is_refused(change):
    state, _ = dump_catalog(Catalog())
    with pytest.raises((KeyError, TypeError, ValueError)):
        load_catalog(state | change)
