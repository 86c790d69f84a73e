"""The table shipped with the project."""

import pytest

from connectors.payloads import instruments
from market.grid import Grid
from market.instrument import VENUES
from market.shipped import shipped_instruments
from tests.recorded_payloads import FILES, payload


def by_id():
    return {one.id: one for one in shipped_instruments()}


def test_each_venue_is_served_and_no_id_or_symbol_is_there_twice():
    shipped = shipped_instruments()
    assert {one.venue for one in shipped} == set(VENUES)
    assert len(by_id()) == len(shipped) > 100
    assert len({(one.venue, one.native) for one in shipped}) == len(shipped)
    assert {one.origin for one in shipped} == {"shipped"}


@pytest.mark.parametrize(
    ("name", "price", "size"),
    [
        ("BTC-USDT.BINANCE", Grid(2), Grid(6)),
        ("BTC-USDT-PERP.BINANCE-USDM", Grid(1), Grid(3)),
        ("BTC-USD-PERP.BINANCE-COINM", Grid(1), Grid(0)),
        ("BTC-USD.COINBASE", Grid(2), Grid(8)),
        ("ETH-USD.COINBASE", Grid(2), Grid(8)),
    ],
)
def test_the_grids_hold_exactly_what_the_recordings_show(name, price, size):
    found = by_id()[name]
    assert (found.price, found.size) == (price, size)


def test_alias_books_are_marked():
    assert by_id()["BTC-USDC.COINBASE"].alias == "BTC-USD"
    assert by_id()["BTC-USD-PERP.BINANCE-COINM"].multiplier == 100


@pytest.mark.parametrize("venue", list(FILES))
def test_names_are_those_of_the_venues_own_recorded_replies(venue):
    stated = {one.native: one for one in instruments(payload(venue), venue)[0]}
    mine = [one for one in shipped_instruments() if one.venue == venue]
    assert mine
    for one in mine:
        assert one.id == stated[one.native].id
        assert one.lot == str(stated[one.native].size.increment)
