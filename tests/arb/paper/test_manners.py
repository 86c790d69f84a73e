"""Venues refuse what breaks their rules in their own words, and count by their own clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.manners import MANNERS, manners_of
from arb.paper.filters import refusal
from arb.paper.line import PaperLine
from arb.paper.requests import Requests
from arb.quoting.pace import Pace
from arb.risk.line import Line
from market.fees import LOWEST_TIER, Fees
from market.grid import Grid
from market.instrument import VENUES, Instrument
from market.order import Type

SECOND = 1_000_000_000
TOUCH = (6_000_000, 5, 6_000_100, 5)


def line_of(venue: str) -> PaperLine:
    instrument = Instrument(
        venue,
        "BTCUSDT",
        "BTC",
        "USDT",
        Grid(2),
        Grid(5),
        tick="0.05",
        lot="0.0001",
        min_size="0.0002",
        max_size="5",
        min_notional="20",
    )
    fees = Fees(0, 0)
    return PaperLine(instrument, 1, fees, Line.of(instrument, fees))


def test_every_venue_of_our_own_has_manners_and_others_refuse_what_breaks_an_instruments_rules():
    assert set(MANNERS) <= set(VENUES)
    assert set(MANNERS) <= set(LOWEST_TIER)
    assert len(MANNERS) == 6
    assert manners_of("elsewhere").price == "the price is off the tick"
    assert Pace.at("elsewhere").take(0)
    requests = Requests("elsewhere")
    for _ in range(1_000):
        assert (requests.ask(0), requests.order(0)) == ("", "")
        requests.entered(0)


@pytest.mark.parametrize(
    ("venue", "words"),
    [
        (
            "binance",
            (
                "-1013 Filter failure: PRICE_FILTER",
                "-1013 Filter failure: PERCENT_PRICE_BY_SIDE",
                "-1013 Filter failure: LOT_SIZE",
                "-1013 Filter failure: LOT_SIZE",
                "-1013 Filter failure: NOTIONAL",
            ),
        ),
        (
            "coinbase",
            (
                "INVALID_PRICE_PRECISION",
                "",
                "INVALID_SIZE_PRECISION",
                "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE",
                "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL",
            ),
        ),
        (
            "binance-usdm",
            (
                "-4014 Price not increased by tick size.",
                "-4016 Limit price can't be higher than the multiplier allows.",
                "-4023 Qty not increased by step size.",
                "-4005 Quantity greater than max quantity.",
                MANNERS["binance-usdm"].notional,
            ),
        ),
    ],
)
def test_each_rule_is_refused_in_the_words_of_the_venue(venue, words):
    line = line_of(venue)
    told = [
        refusal(line, price, lots, Type.LIMIT, TOUCH)
        for price, lots in (
            (6_000_001, 100),
            (6_000_000 * 6, 100),
            (6_000_000, 105),
            (6_000_000, 500_010),
            (6_000_000, 30),
        )
    ]
    assert tuple(told) == words
    assert refusal(line, 6_000_000, 100, Type.LIMIT, TOUCH) == ""


def test_a_price_far_below_the_market_is_out_of_the_band_and_none_holds_without_a_market():
    line = line_of("binance")
    assert refusal(line, 1_000_000, 500, Type.LIMIT, TOUCH).endswith("PERCENT_PRICE_BY_SIDE")
    assert refusal(line, 1_000_000, 500, Type.LIMIT, (6_000_000, 5, 0, 0)) == ""


def test_a_market_order_has_no_price_and_its_worth_is_that_of_the_touch():
    line = line_of("binance")
    assert refusal(line, 0, 100, Type.MARKET, TOUCH) == ""
    assert refusal(line, 0, 30, Type.MARKET, TOUCH).endswith("NOTIONAL")


def test_orders_are_counted_in_intervals_of_the_venues_clock():
    requests = Requests("binance")
    for _ in range(50):
        assert requests.order(9 * SECOND) == ""
        requests.entered(9 * SECOND)
    too_many = "-1015 Too many new orders; current limit is 50 orders per 10 SECOND."
    assert requests.order(10 * SECOND - 1) == too_many
    assert requests.order(10 * SECOND) == ""
    assert (requests.refused, requests.ask(0)) == (1, "")


def test_an_order_that_fills_is_given_back():
    requests = Requests("binance")
    for _ in range(50):
        requests.entered(0)
    requests.filled(1)
    assert requests.order(2) == ""
    requests.filled(10 * SECOND)
    assert requests.counts == [0, 48], "the day's count has gone down, the new ten seconds' not"


def test_a_day_has_its_own_limit():
    requests = Requests("binance")
    for number in range(160_000):
        requests.entered(number * SECOND // 5)
    assert requests.order(40_000 * SECOND).endswith("160000 orders per 1 DAY.")
    assert requests.order(86_400 * SECOND) == ""


def test_coinbase_counts_requests_of_every_kind_in_a_bucket():
    requests = Requests("coinbase")
    assert [requests.ask(SECOND) for _ in range(30)] == [""] * 30
    assert requests.ask(SECOND) == "429 rate_limit_exceeded: Too many requests"
    assert requests.ask(SECOND + SECOND // 30 + 1) == ""
    assert requests.order(SECOND) == ""


@given(
    venue=st.sampled_from(sorted(MANNERS)),
    pauses=st.lists(st.integers(0, SECOND // 2), min_size=80, max_size=200),
)
def test_quotes_at_the_pace_that_a_venue_leaves_room_for_are_never_refused(venue, pauses):
    pace, requests = Pace.at(venue), Requests(venue)
    now = 0
    for pause in pauses:
        now += pause
        if pace.take(now):
            assert requests.ask(now) == ""
            assert requests.order(now) == ""
            requests.entered(now)
