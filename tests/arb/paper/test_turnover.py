"""What was traded in thirty days chooses the fee tier."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.paper.turnover import DAY_NS, DAYS, Turnover
from market.fees import FeeLadder, Fees, FeeSchedule, FeeTier

LOWEST, MIDDLE, TOP = Fees(10, 20), Fees(8, 15), Fees(-1, 10)
LADDER = FeeLadder((FeeTier(100, MIDDLE), FeeTier(1_000, TOP)))


@given(trades=st.lists(st.tuples(st.integers(0, 10**40), st.integers(0, 5 * DAY_NS)), max_size=40))
def test_the_turnover_is_the_sum_over_thirty_days(trades):
    held = Turnover()
    now, all_trades = 100 * DAY_NS, []
    for amount, pause in trades:
        now += pause
        held.add(amount, now)
        all_trades.append((amount, now // DAY_NS))
        expected = sum(part for part, day in all_trades if day > now // DAY_NS - DAYS)
        assert held.at(now) == expected


def test_what_was_traded_before_ages_away():
    held = Turnover(before=500)
    assert held.at(7 * DAY_NS) == 500
    assert held.at(36 * DAY_NS) == 500
    assert held.at(37 * DAY_NS) == 0


def test_tiers_begin_at_their_volumes():
    found = [LADDER.rates(volume, LOWEST) for volume in (0, 99, 100, 999, 1_000, 10**9)]
    assert found == [LOWEST, LOWEST, MIDDLE, MIDDLE, TOP, TOP]


@pytest.mark.parametrize("volumes", [(0,), (5, 5), (9, 3)])
def test_tiers_that_no_volume_could_choose_between_are_refused(volumes):
    with pytest.raises(ValueError, match="growing volumes"):
        FeeLadder(tuple(FeeTier(one, LOWEST) for one in volumes))


def test_an_exception_for_an_instrument_holds_in_every_tier():
    fees = FeeSchedule().with_ladder("binance", LADDER)
    assert fees.ladder("binance", "BTCUSDT") is LADDER
    assert fees.with_instrument("binance", "BTCUSDT", TOP).ladder("binance", "BTCUSDT") is None
    assert fees.ladder("coinbase", "BTC-USD") is None
