"""Our own list of instruments."""

import pytest

from market.grid import Grid
from market.instrument import Kind
from market.instruments_file import entry_of, instruments, with_origin
from market.rows import RowError
from market.shipped import shipped_instruments

ENTRY = {"id": "BTC-USDT.BINANCE", "tick": "0.01", "lot": "0.00001"}


def test_an_entry_by_id_gets_the_venues_own_spelling():
    found, problems = instruments(
        [ENTRY, {"id": "BTC-USD-PERP.BINANCE-COINM", "tick": "0.1", "lot": "1"}]
    )
    assert problems == []
    assert [(one.venue, one.native, one.multiplier) for one in found] == [
        ("binance", "BTCUSDT", 1),
        ("binance-coinm", "BTCUSD_PERP", 100),
    ]
    assert found[0].origin == "file"
    assert (found[0].price, found[0].size) == (Grid(2), Grid(5))


def test_an_entry_by_venue_and_native_is_split():
    (found,), _ = instruments(
        {
            "instruments": [
                {"venue": "binance-usdm", "native": "BTCUSDT", "tick": "0.1", "lot": "0.001"}
            ]
        }
    )
    assert (found.id, found.kind) == ("BTC-USDT-PERP.BINANCE-USDM", Kind.PERPETUAL)


def test_an_irregular_spelling_takes_its_meaning_from_the_id():
    (found,), _ = instruments([ENTRY | {"native": "ODDONE"}])
    assert (found.native, found.id) == ("ODDONE", "BTC-USDT.BINANCE")


def test_books_may_be_finer_than_orders():
    (found,), _ = instruments([ENTRY | {"size_step": "0.000001", "price_step": "0.005"}])
    assert (found.size, found.lot) == (Grid(6), "0.00001")
    assert (found.price, found.tick) == (Grid(3, 5), "0.01")


def test_limits_multiplier_and_alias_are_kept():
    row = {"min_size": "1", "max_size": "9", "min_notional": "5.0", "multiplier": 3, "alias": "A-B"}
    (found,), _ = instruments([ENTRY | row])
    assert (found.min_size, found.max_size, found.min_notional) == ("1", "9", "5.0")
    assert (found.multiplier, found.alias) == (3, "A-B")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (3, "instruments[0].entry: expected an object, got 3"),
        ({}, "instruments[0].id: expected an id as BTC-USDT.BINANCE, or venue and native"),
        ({"id": "BTC-USDT", "tick": "1", "lot": "1"}, "names no venue"),
        (ENTRY | {"tick": 0.01}, "instruments[0].tick: expected text of 1 to 64 characters"),
        (ENTRY | {"lot": "0"}, "instruments[0].lot: expected an increment over zero"),
        (ENTRY | {"tick": "9" * 40}, "instruments[0].tick: expected an increment over zero"),
        (ENTRY | {"size_step": "-1"}, "instruments[0].size_step: expected an increment"),
        (ENTRY | {"min_notional": "five"}, "instruments[0].min_notional: not a plain decimal"),
        (ENTRY | {"multiplier": 1.5}, "instruments[0].multiplier: expected a whole number"),
        (ENTRY | {"multiplier": 0}, "instruments[0].multiplier: expected a whole number"),
        (ENTRY | {"tck": "1"}, "instruments[0].tck: unknown; known: "),
        (ENTRY | {"venue": "kraken"}, "instruments[0].venue: unknown 'kraken'"),
        (ENTRY | {"venue": "coinbase"}, "instruments[0]: 'BTC-USDT.BINANCE' is not an instrument"),
    ],
)
def test_a_bad_entry_is_reported_with_its_path_and_loses_no_other(entry, said):
    good = ENTRY | {"id": "ETH-USDT.BINANCE"}
    found, problems = instruments([entry, good])
    assert [one.native for one in found] == ["ETHUSDT"]
    assert len(problems) == 1
    assert said in problems[0]


def test_an_instrument_listed_twice_is_reported_and_the_first_one_stands():
    found, problems = instruments([ENTRY, ENTRY | {"tick": "1"}])
    assert [one.price for one in found] == [Grid(2)]
    assert problems == ["instruments[1]: BTC-USDT.BINANCE is listed twice, the first one stands"]


@pytest.mark.parametrize("value", [None, 7, "x", {}, {"instruments": 7}, [0] * 20_001])
def test_what_is_no_list_is_refused_as_a_whole(value):
    with pytest.raises(RowError, match="expected a list of at most 20000 objects"):
        instruments(value)


def test_every_shipped_instrument_survives_being_written_and_read():
    shipped = shipped_instruments()
    found, problems = instruments([entry_of(one) for one in shipped])
    assert problems == []
    assert found == [with_origin(one) for one in shipped]
