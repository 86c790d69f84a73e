"""An edge: both directions, conversions, contracts, and the rule that blocks."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb.edge import EdgeLimits
from arb.ledger import Rule
from market.fees import PPB, Fees
from market.grid import Grid
from market.instrument import Kind
from tests.arb.world import FREE, Pair, instrument
from tests.effort import examples
from tests.node_world import START

SPOT = instrument("binance")
OTHER = instrument("binance-us")
PERP = instrument("binance-usdm", kind=Kind.PERPETUAL)
USD = instrument("coinbase", quote="USD")
BRIDGE = instrument("coinbase", base="USDT", quote="USD", price=Grid(4), size=Grid(0))
BACKWARDS = instrument("coinbase", base="USD", quote="USDT", price=Grid(4), size=Grid(0))
TENTH = Fees(0, PPB // 10)


def only(pair: Pair):
    """Return the one entry that is open."""
    (entry,) = pair.ledger.open.values()
    return entry


def test_nothing_is_entered_while_the_books_do_not_cross():
    pair = Pair(SPOT, OTHER)
    pair.put(0, [(99, 1)], [(101, 1)])
    pair.put(1, [(100, 1)], [(102, 1)])
    assert pair.entries == []


def test_equal_prices_do_not_cross():
    pair = Pair(SPOT, OTHER)
    pair.put(0, [(100, 1)], [(101, 1)])
    pair.put(1, [(99, 1)], [(100, 1)])
    assert pair.entries == []


@pytest.mark.parametrize("high", [0, 1])
def test_either_direction_is_seen_and_named_by_who_sells(high):
    pair = Pair(SPOT, OTHER)
    pair.put(high, [(110, 2)], [(112, 2)])
    pair.put(1 - high, [(100, 2)], [(102, 3)])
    entry = only(pair)
    ids = [SPOT.id, OTHER.id]
    assert entry.edge == f"{ids[high]}>{ids[1 - high]}"
    assert (entry.rule, entry.base, entry.profit) == (Rule.OBSERVE_ONLY, 2, 16)


def test_an_entry_closes_when_the_books_part():
    pair = Pair(SPOT, OTHER)
    pair.put(0, [(110, 2)], [(112, 2)], now=1000)
    pair.put(1, [(100, 2)], [(102, 3)], now=2000)
    pair.put(0, [(101, 2)], [(112, 2)], now=5000)
    assert pair.ledger.open == {}
    assert [(entry.opened_ns, entry.closed_ns) for entry in pair.closed] == [(2000, 5000)]


def test_depth_is_walked_while_each_further_unit_pays():
    pair = Pair(SPOT, OTHER)
    pair.put(0, [(110, 2), (105, 4), (101, 9)], [(112, 2)])
    pair.put(1, [(90, 1)], [(100, 3), (104, 2), (108, 9)])
    entry = only(pair)
    assert entry.base == 5
    assert entry.profit == 2 * 10 + 1 * 5 + 2 * 1


# --- rules that block ----------------------------------------------------------------------------


def test_a_crossing_that_fees_eat_is_blocked_by_fees():
    pair = Pair(SPOT, OTHER, fees=(TENTH, TENTH, FREE))
    pair.put(0, [(110, 2)], [(112, 2)])
    pair.put(1, [(100, 2)], [(102, 3)])
    entry = only(pair)
    assert entry.rule is Rule.FEES
    assert entry.net < 0
    assert (entry.base, entry.profit) == (2, 220 - 204 - 22 - 21)


def test_fees_are_exact_at_the_boundary():
    """110 less 10 % is 99: it pays over a cost below 90 plus 10 %, and not at 90."""
    for ask, rule in ((90, Rule.FEES), (89, Rule.OBSERVE_ONLY)):
        pair = Pair(SPOT, OTHER, fees=(TENTH, TENTH, FREE))
        pair.put(0, [(110, 2)], [(112, 2)])
        pair.put(1, [(80, 2)], [(ask, 3)])
        assert only(pair).rule is rule


def test_what_pays_less_than_the_margin_is_blocked_by_the_margin():
    limits = EdgeLimits(margin_ppb=PPB // 10, notional_min=0)
    for bid, rule in ((110, Rule.MARGIN), (111, Rule.OBSERVE_ONLY)):
        pair = Pair(SPOT, OTHER, limits=limits)
        pair.put(0, [(bid, 2)], [(120, 2)])
        pair.put(1, [(90, 2)], [(100, 3)])
        assert only(pair).rule is rule


def test_a_size_below_the_least_notional_is_blocked_by_the_minimum():
    limits = EdgeLimits(margin_ppb=0, notional_min=300)
    for lots, rule in ((2, Rule.MINIMUM), (3, Rule.OBSERVE_ONLY)):
        pair = Pair(SPOT, OTHER, limits=limits)
        pair.put(0, [(110, lots)], [(120, 2)])
        pair.put(1, [(90, 2)], [(100, 3)])
        assert only(pair).rule is rule


def test_a_leg_that_was_silent_too_long_blocks_as_stale():
    limits = EdgeLimits(margin_ppb=0, notional_min=0, silence_max_ns=50)
    pair = Pair(SPOT, OTHER, limits=limits)
    pair.put(0, [(110, 2)], [(112, 2)], now=1000)
    pair.put(1, [(100, 2)], [(102, 3)], now=1051)
    entry = only(pair)
    assert entry.rule is Rule.STALE
    assert SPOT.id in entry.detail
    pair.feeds[0].hear(1060)
    pair.edge.hear_touch(0, 1060)
    assert only(pair).rule is Rule.OBSERVE_ONLY


def test_a_leg_whose_data_came_too_late_blocks_as_late():
    """Lag is receive time minus event time minus the clock's offset, once that is known."""
    limits = EdgeLimits(margin_ppb=0, notional_min=0, lag_max_ns=50)
    pair = Pair(SPOT, OTHER, limits=limits)
    for now, offset, rule in (
        (START + 50, 0, Rule.OBSERVE_ONLY),
        (START + 51, 0, Rule.LATE),
        (START + 51, -1, Rule.OBSERVE_ONLY),
        (START + 51, None, Rule.OBSERVE_ONLY),
    ):
        pair.l1.set_offset(0, offset)
        pair.put(0, [(110, 2)], [(112, 2)], now=now)
        pair.put(1, [(100, 2)], [(102, 3)], now=now)
        entry = only(pair)
        assert entry.rule is rule
    assert pair.ledger.totals[entry.edge, Rule.LATE].count == 1


def test_the_leg_that_came_too_late_is_named():
    limits = EdgeLimits(margin_ppb=0, notional_min=0, lag_max_ns=50)
    pair = Pair(SPOT, OTHER, limits=limits)
    pair.l1.set_offset(1, 0)
    pair.put(0, [(110, 2)], [(112, 2)], now=START + 60)
    pair.put(1, [(100, 2)], [(102, 3)], now=START + 60)
    assert only(pair).detail == f"late {OTHER.id}"


def test_a_leg_of_an_unusable_grade_blocks_and_says_which_and_why():
    pair = Pair(SPOT, OTHER)
    pair.put(0, [(110, 2)], [(112, 2)], now=1000)
    pair.put(1, [(100, 2)], [])
    pair.put(1, [(100, 2)], [(102, 3)], now=1000)
    assert only(pair).rule is Rule.OBSERVE_ONLY
    pair.put(0, [(110, 2)], [], now=1000)
    entry = only(pair)
    assert entry.rule is Rule.GRADE
    assert entry.detail == f"{SPOT.id}: one sided"


def test_a_leg_that_is_not_live_has_no_price_and_ends_the_opportunity():
    pair = Pair(SPOT, OTHER)
    pair.put(0, [(110, 2)], [(112, 2)])
    pair.put(1, [(100, 2)], [(102, 3)])
    pair.feeds[1].book.disconnect("gone")
    pair.l1.put(pair.feeds[1].book)
    pair.edge.hear_touch(1, 2000)
    assert pair.ledger.open == {}
    assert pair.edge.walk(0) is None


def test_spot_against_a_contract_is_basis():
    assert Pair(SPOT, PERP).edge.kind == "basis"
    assert Pair(SPOT, OTHER).edge.kind == "arbitrage"


# --- conversion ----------------------------------------------------------------------------------


def test_without_a_conversion_price_nothing_is_compared():
    """No code path assumes that a USDT is a USD."""
    pair = Pair(SPOT, USD, BRIDGE)
    pair.put(0, [(110, 2)], [(112, 2)])
    pair.put(1, [(100, 2)], [(102, 3)])
    assert pair.entries == []
    pair.put(2, [(9990, 1000)], [(10010, 1000)])
    assert only(pair).rule is Rule.OBSERVE_ONLY


def test_selling_the_first_leg_sells_its_quote_currency_at_the_bid_of_the_bridge():
    pair = Pair(SPOT, USD, BRIDGE)
    pair.put(2, [(9000, 10_000)], [(11000, 10_000)])
    pair.put(0, [(110, 2)], [(112, 2)])
    pair.put(1, [(90, 2)], [(98, 3)])
    entry = only(pair)
    assert entry.edge == f"{SPOT.id}>{USD.id}"
    assert pair.edge.amount(entry.profit) == "2"
    pair.put(2, [(8909, 10_000)], [(11000, 10_000)])
    assert pair.edge.amount(pair.edge.walk(0, forced=2).net) == "-0.002"


def test_buying_the_first_leg_buys_its_quote_currency_at_the_ask_of_the_bridge():
    pair = Pair(SPOT, USD, BRIDGE)
    pair.put(2, [(9000, 10_000)], [(11000, 10_000)])
    pair.put(0, [(99, 2)], [(100, 2)])
    pair.put(1, [(111, 2)], [(120, 3)])
    entry = only(pair)
    assert entry.edge == f"{USD.id}>{SPOT.id}"
    assert pair.edge.amount(entry.profit) == "2"


def test_a_bridge_quoted_the_other_way_round_converts_the_other_leg():
    """USD-USDT: the USD leg is the converted one, so it stands first."""
    pair = Pair(USD, SPOT, BACKWARDS)
    pair.put(2, [(9000, 10_000)], [(11000, 10_000)])
    pair.put(0, [(110, 2)], [(112, 2)])
    pair.put(1, [(90, 2)], [(98, 3)])
    assert pair.edge.amount(only(pair).profit) == "2"


def test_no_more_is_sold_than_the_touch_of_the_bridge_converts():
    pair = Pair(SPOT, USD, BRIDGE)
    pair.put(2, [(10000, 330)], [(10001, 330)])
    pair.put(0, [(110, 50)], [(112, 50)])
    pair.put(1, [(90, 50)], [(98, 50)])
    assert only(pair).base == 3


def test_a_bridge_whose_data_came_too_late_blocks_as_conversion():
    limits = EdgeLimits(margin_ppb=0, notional_min=0, lag_max_ns=50)
    pair = Pair(SPOT, USD, BRIDGE, limits=limits)
    pair.l1.set_offset(2, 0)
    pair.put(2, [(10000, 1000)], [(10001, 1000)], now=START + 60)
    pair.put(0, [(110, 2)], [(112, 2)], now=START + 60)
    pair.put(1, [(90, 2)], [(98, 3)], now=START + 60)
    assert only(pair).rule is Rule.CONVERSION


def test_a_bridge_that_was_silent_too_long_blocks_as_conversion():
    limits = EdgeLimits(margin_ppb=0, notional_min=0, silence_max_ns=50)
    pair = Pair(SPOT, USD, BRIDGE, limits=limits)
    pair.put(2, [(10000, 1000)], [(10001, 1000)], now=1000)
    pair.put(0, [(110, 2)], [(112, 2)], now=2000)
    pair.put(1, [(90, 2)], [(98, 3)], now=2000)
    entry = only(pair)
    assert entry.rule is Rule.CONVERSION
    assert BRIDGE.id in entry.detail


def test_the_conversion_pays_its_fee_too():
    pair = Pair(SPOT, USD, BRIDGE, fees=(FREE, FREE, TENTH))
    pair.put(2, [(10000, 1000)], [(10001, 1000)])
    pair.put(0, [(110, 2)], [(112, 2)])
    pair.put(1, [(90, 2)], [(98, 3)])
    entry = only(pair)
    assert pair.edge.amount(entry.profit) == "2"
    pair.put(1, [(90, 2)], [(99, 3)])
    assert only(pair).rule is Rule.FEES


# --- inverse contracts ---------------------------------------------------------------------------

INVERSE = instrument(
    "binance-coinm", quote="USD", kind=Kind.PERPETUAL, inverse=True, multiplier=100
)


def test_an_inverse_contract_is_worth_its_dollars_over_the_price_rounded_down():
    leg = Pair(INVERSE, USD).feeds[0].leg
    assert leg.base_decimals == 8
    assert leg.base_units(60000, 3, 8) == 300 * 10**8 // 60000
    assert leg.base_units(7, 1, 8) == 100 * 10**8 // 7


def test_an_edge_with_an_inverse_contract_sizes_both_legs_in_base():
    coin = replace(USD, size=Grid(8))
    pair = Pair(INVERSE, coin)
    pair.put(0, [(50_000, 10)], [(50_001, 10)])
    pair.put(1, [(39_999, 10**8)], [(40_000, 10**8)])
    entry = only(pair)
    assert entry.base == 1000 * 10**8 // 50_000
    assert pair.edge.amount(entry.profit) == "200"


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 3), st.integers(1, 50))
def test_base_units_never_exceed_the_exact_size(ticks, lots, decimals, step):
    for inverse in (False, True):
        one = replace(
            INVERSE if inverse else USD, price=Grid(decimals, step), size=Grid(decimals, step)
        )
        leg = Pair(one, OTHER).feeds[0].leg
        money = Fraction(lots * step * one.multiplier, 10**decimals)
        truth = money / Fraction(ticks * step, 10**decimals) if inverse else money
        units = leg.base_units(ticks, lots, 8)
        assert 0 <= truth * 10**8 - units < 1


# --- the whole against a model -------------------------------------------------------------------

RATES = st.integers(0, PPB // 50)
SIDE = st.tuples(st.integers(40, 60), st.integers(1, 9))


@settings(max_examples=examples(1.5))
@given(SIDE, SIDE, st.integers(9000, 11000), RATES, RATES, RATES, st.integers(0, PPB // 100))
def test_the_rule_at_the_touch_is_that_of_exact_fractions(
    sell, buy, rate, sell_ppb, buy_ppb, bridge_ppb, margin_ppb
):
    """One level a side: whether fees and margin are passed is decided without rounding."""
    limits = EdgeLimits(margin_ppb=margin_ppb, notional_min=0)
    fees = (Fees(0, sell_ppb), Fees(0, buy_ppb), Fees(0, bridge_ppb))
    pair = Pair(SPOT, USD, BRIDGE, fees=fees, limits=limits)
    pair.put(2, [(rate, 10**9)], [(rate + 5000, 10**9)])
    pair.put(0, [sell], [(10**6, 1)])
    pair.put(1, [(1, 1)], [buy])
    price = Fraction(sell[0] * rate, 10**4)
    kept = price * (1 - Fraction(sell_ppb, PPB)) * (1 - Fraction(bridge_ppb, PPB))
    paid = buy[0] * (1 + Fraction(buy_ppb, PPB))
    if price <= buy[0]:
        assert pair.entries == []
        return
    entry = only(pair)
    if kept <= paid:
        assert entry.rule is Rule.FEES
    elif kept <= paid + Fraction(buy[0] * margin_ppb, PPB):
        assert entry.rule is Rule.MARGIN
    else:
        assert (entry.rule, entry.base) == (Rule.OBSERVE_ONLY, min(sell[1], buy[1]))
    assert Fraction(entry.net, 10**4 * PPB * PPB) == kept - paid
    if entry.base == min(sell[1], buy[1]):
        truth = entry.base * (kept - paid)
        assert truth - Fraction(3, 10**4) <= Fraction(entry.profit, 10**4) <= truth


# --- finer grids ---------------------------------------------------------------------------------


def test_finer_grids_move_what_the_ledger_holds_to_the_finer_units():
    """The same opportunity before and after a refinement reads the same in decimal text."""
    pair = Pair(SPOT, OTHER)
    pair.put(0, [(110, 2)], [(112, 2)])
    pair.put(1, [(100, 2)], [(102, 3)])
    entry = only(pair)
    pair.ledger.awaiting[entry.id] = entry
    pair.ledger.value(entry, 50, entry.profit)
    before = pair.edge.amount(entry.profit)
    total = pair.ledger.totals[entry.edge, Rule.OBSERVE_ONLY]
    fine = SPOT.with_grids(Grid(2), Grid(3))
    pair.feeds[0].book.rescale(100, 1000)
    pair.edge.regrid(0, fine, 2000)
    assert (pair.edge.decimals, pair.edge.base_decimals) == (2, 3)
    assert pair.edge.amount(entry.profit) == before == "16"
    assert entry.base == 2000
    assert pair.edge.amount(entry.outcomes[50]) == "16"
    assert pair.edge.amount(total.outcomes[50][1]) == "16"
    assert pair.edge.amount(total.best_profit) == "16"
    again = only(pair)
    assert again is not entry
    assert (again.base, pair.edge.amount(again.profit)) == (2000, "16")
    assert pair.edge.net_bps(total.best_net) == pair.edge.net_bps(again.net)
