"""Fees."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.fees import LOWEST_TIER, PPB, Fees, FeeSchedule, fee, rate_ppb
from market.grid import BadNumberError
from market.instrument import VENUES


def test_each_venue_has_lowest_tier_rates_and_taking_costs_no_less_than_making():
    assert set(LOWEST_TIER) == set(VENUES)
    for fees in LOWEST_TIER.values():
        assert 0 < fees.maker_ppb <= fees.taker_ppb
    assert LOWEST_TIER["binance"] == Fees(rate_ppb("0.001"), rate_ppb("0.001"))
    assert LOWEST_TIER["coinbase"] == Fees(rate_ppb("0.006"), rate_ppb("0.012"))
    assert LOWEST_TIER["coinbase-exchange"] == Fees(rate_ppb("0.004"), rate_ppb("0.006"))


def test_an_exception_for_an_instrument_goes_before_its_venue():
    own, special = Fees(-50_000, 400_000), Fees(0, 1)
    schedule = FeeSchedule().with_venue("binance", own).with_instrument("binance", "X", special)
    assert schedule.rates("binance", "BTCUSDT") == own
    assert schedule.rates("binance", "X") == special
    assert schedule.rates("binance-usdm", "X") == LOWEST_TIER["binance-usdm"]
    assert FeeSchedule().rates("binance", "X") == LOWEST_TIER["binance"]


def test_a_zero_rate_exception_is_an_exception():
    schedule = FeeSchedule().with_instrument("binance", "X", Fees(0, 0))
    assert schedule.rates("binance", "X") == Fees(0, 0)


def test_a_venue_without_rates_is_a_key_error():
    with pytest.raises(KeyError):
        FeeSchedule().rates("kraken", "X")


@pytest.mark.parametrize(
    ("notional", "rate", "due"),
    [
        (10**9, 1_000_000, 10**6),
        (1, 1, 1),
        (0, 1_000_000, 0),
        (999, 1_000_000, 1),
        (1001, 1_000_000, 2),
        (1001, 0, 0),
        (999, -1_000_000, 0),
        (1999, -1_000_000, -1),
    ],
)
def test_a_fee_is_rounded_up_and_a_rebate_down(notional, rate, due):
    assert fee(notional, rate) == due


@settings(deadline=None)
@given(st.integers(0, 10**30), st.integers(1 - PPB, PPB - 1))
def test_a_fee_is_the_exact_value_rounded_against_us(notional, rate):
    exact = Fraction(notional * rate, PPB)
    assert 0 <= fee(notional, rate) - exact < 1


@settings(deadline=None)
@given(st.integers(1 - PPB, PPB - 1))
def test_every_rate_reads_back_from_its_decimal_text(rate):
    assert rate_ppb(f"{'-' if rate < 0 else ''}0.{abs(rate):09d}") == rate


def test_a_rate_finer_than_a_billionth_is_rounded_up():
    assert rate_ppb("0.0000000001") == 1
    assert rate_ppb("-0.0000000019") == -1


@pytest.mark.parametrize("text", ["", "-", "1", "-1", "1e-3", "+0.1", " 0.1", "0.-1", "nan", "--1"])
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(BadNumberError):
        rate_ppb(text)


@pytest.mark.parametrize("rates", [(PPB, 0), (-PPB, 0), (0, -1), (0, PPB)])
def test_absurd_rates_are_refused(rates):
    with pytest.raises(ValueError, match="expected a maker rate"):
        Fees(*rates)


def test_a_negative_notional_is_refused():
    with pytest.raises(ValueError, match="cannot be negative"):
        fee(-1, 1)
