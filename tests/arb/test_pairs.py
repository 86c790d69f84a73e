"""Which instruments are compared, and through which conversion book."""

from itertools import permutations

import pytest

from arb.pairs import Pair, listed_pairs, pairs_of
from market.instrument import Instrument, Kind
from tests.arb.world import instrument

SPOT = instrument("binance")
PERP = instrument("binance-usdm", kind=Kind.PERPETUAL)
USD = instrument("coinbase", quote="USD")
ETH = instrument("coinbase", base="ETH", quote="USD")
BRIDGE = instrument("coinbase", base="USDT", quote="USD")
BACKWARDS = instrument("binance-us", base="USD", quote="USDT")


def all_pairs(*listed: Instrument):
    """Return what comes up as the instruments become known one after another."""
    found, known = [], []
    for one in listed:
        found += list(pairs_of(one, known))
        known.append(one)
    return found


def test_the_same_base_and_quote_on_two_venues_compare_directly():
    assert all_pairs(SPOT, PERP) == [(SPOT, PERP, None)]


def test_another_base_or_the_same_venue_does_not_compare():
    assert all_pairs(USD, ETH, SPOT, ETH) == []
    assert all_pairs(USD, instrument("coinbase", quote="EUR")) == []


def test_unequal_quotes_wait_for_a_spot_book_between_them():
    assert all_pairs(SPOT, USD) == []
    assert all_pairs(SPOT, USD, BRIDGE) == [(SPOT, USD, BRIDGE)]


@pytest.mark.parametrize("order", list(permutations((SPOT, USD, BRIDGE))))
def test_the_order_of_arrival_does_not_matter(order):
    assert all_pairs(*order) == [(SPOT, USD, BRIDGE)]


@pytest.mark.parametrize("order", list(permutations((SPOT, USD, BACKWARDS))))
def test_the_leg_whose_quote_the_book_sells_stands_first(order):
    assert all_pairs(*order) == [(USD, SPOT, BACKWARDS)]


def test_a_second_conversion_book_makes_no_second_edge():
    """Two edges of one name would count every opportunity twice."""
    assert all_pairs(SPOT, USD, BRIDGE, BACKWARDS) == [(SPOT, USD, BRIDGE)]


def test_a_contract_is_no_conversion_book():
    contract = instrument("binance-usdm", base="USDT", quote="USD", kind=Kind.PERPETUAL)
    assert all_pairs(SPOT, USD, contract) == []


# --- a list of pairs -----------------------------------------------------------------------------


def listed(wanted, *instruments):
    """Return what comes up of the wanted pairs as the instruments become known."""
    found, known = [], []
    for one in instruments:
        found += list(listed_pairs(one, known, wanted))
        known.append(one)
    return found


def test_of_a_list_only_its_pairs_are_compared():
    wanted = [Pair(SPOT.id, USD.id, BRIDGE.id)]
    for order in permutations((SPOT, PERP, USD, ETH, BRIDGE)):
        assert listed(wanted, *order) == [(SPOT, USD, BRIDGE)]


def test_a_listed_pair_converts_through_its_own_book_and_no_other():
    other = instrument("coinbase-exchange", base="USDT", quote="USD")
    for book in (BRIDGE, other, BACKWARDS):
        first, second = (USD, SPOT) if book is BACKWARDS else (SPOT, USD)
        wanted = [Pair(SPOT.id, USD.id, book.id)]
        for order in permutations((SPOT, USD, BRIDGE, other, BACKWARDS)):
            assert listed(wanted, *order) == [(first, second, book)]


def test_a_listed_pair_without_the_conversion_it_needs_is_not_compared():
    assert listed([Pair(SPOT.id, USD.id)], SPOT, USD, BRIDGE) == []


def test_a_listed_pair_of_one_quote_needs_no_book():
    assert listed([Pair(PERP.id, SPOT.id)], SPOT, PERP) == [(PERP, SPOT, None)]


def test_what_cannot_be_compared_is_not_although_listed():
    assert listed([Pair(SPOT.id, ETH.id, BRIDGE.id)], SPOT, ETH, BRIDGE) == []
