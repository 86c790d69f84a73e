"""The weight budget of a venue's REST interface, in given time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.transport.budget import Budget, BudgetParameters
from connectors.transport.limits import limits

S = 1_000_000_000
MINUTE = 60 * S
PARAMETERS = BudgetParameters(burst=100, per_second=10.0, per_minute=400)


def test_the_burst_may_be_spent_at_once_and_refills():
    budget = Budget(PARAMETERS)
    assert budget.wait_ns(100, 0, 5 * S) == 0
    budget.spend(100, 0, 5 * S)
    assert budget.wait_ns(25, 0, 5 * S) == 2_500_000_000
    assert budget.wait_ns(25, 2_499_999_999, 7 * S) == 1
    assert budget.wait_ns(25, 2_500_000_000, 7 * S) == 0


def test_a_weight_over_the_burst_waits_for_a_full_bucket():
    budget = Budget(PARAMETERS)
    budget.spend(50, 0, 5 * S)
    assert budget.wait_ns(250, 0, 5 * S) == 5 * S
    budget.spend(250, 5 * S, 10 * S)
    assert budget.wait_ns(1, 5 * S, 10 * S) > 0


def test_spending_beyond_the_budget_is_a_fault():
    budget = Budget(PARAMETERS)
    budget.spend(100, 0, 0)
    with pytest.raises(AssertionError, match="beyond"):
        budget.spend(1, 0, 0)


def test_what_the_venue_counted_for_others_is_heeded_until_its_minute_is_over():
    budget = Budget(PARAMETERS)
    budget.observe(390, 0, 30 * S)
    assert budget.wait_ns(10, 0, 30 * S) == 0
    # 30 s of this minute and 2 s for a clock that differs.
    assert budget.wait_ns(11, 0, 30 * S) == 32 * S
    assert budget.wait_ns(11, 32 * S, 62 * S) == 0


@pytest.mark.parametrize(
    ("status", "asked_s", "pause_s"),
    [(429, 7.0, 7.0), (429, 0.0, 60.0), (418, 0.0, 120.0), (418, 1e9, 3 * 86400.0)],
)
def test_a_pause_is_as_long_as_asked_or_as_is_usual(status, asked_s, pause_s):
    budget = Budget(PARAMETERS)
    assert budget.pause(status, asked_s, S) == pause_s
    assert budget.wait_ns(1, S, S) == round(pause_s * S)
    assert budget.quiet_ns(S + round(pause_s * S)) == 0
    assert budget.wait_ns(1, S + round(pause_s * S), S) == 0


def test_a_shorter_pause_does_not_cut_a_longer_one():
    budget = Budget(PARAMETERS)
    budget.pause(418, 100.0, 0)
    budget.pause(429, 1.0, 0)
    assert budget.quiet_ns(0) == 100 * S


@given(
    st.lists(
        st.tuples(st.integers(0, 3 * S), st.sampled_from([1, 5, 25, 50, 250, 20])), max_size=200
    ),
    st.integers(0, MINUTE),
)
def test_binance_never_counts_more_than_its_limit_in_any_minute(requests, start_ns):
    """Whatever is asked when, every minute of the venue stays under 6000."""
    budget = Budget(limits("binance").budget)
    monotonic_ns, spent = 0, []
    for gap_ns, weight in requests:
        monotonic_ns += gap_ns
        while wait_ns := budget.wait_ns(weight, monotonic_ns, start_ns + monotonic_ns):
            monotonic_ns += wait_ns
        budget.spend(weight, monotonic_ns, start_ns + monotonic_ns)
        spent.append((monotonic_ns, weight))
    for begin_ns, _ in spent:
        window = [w for at_ns, w in spent if begin_ns <= at_ns < begin_ns + MINUTE]
        assert sum(window) <= 4800 + 250


@pytest.mark.parametrize(
    ("path", "weight"),
    [
        ("/api/v3/depth?symbol=A", 5),
        ("/api/v3/depth?symbol=A&limit=100", 5),
        ("/api/v3/depth?symbol=A&limit=101", 25),
        ("/api/v3/depth?symbol=A&limit=500", 25),
        ("/api/v3/depth?symbol=A&limit=1000", 50),
        ("/api/v3/depth?symbol=A&limit=1001", 250),
        ("/api/v3/depth?symbol=A&limit=99999", 250),
        ("/api/v3/depth?symbol=A&limit=x", 5),
        ("/api/v3/exchangeInfo", 20),
        ("/api/v3/time", 1),
        ("/api/v3/anything", 20),
    ],
)
def test_a_path_costs_what_binance_says(path, weight):
    assert limits("binance").weight(path) == weight


def test_futures_and_coinbase_have_weights_of_their_own():
    assert limits("binance-usdm").weight("/fapi/v1/depth?symbol=A&limit=1000") == 20
    assert limits("binance-coinm").weight("/dapi/v1/depth?symbol=A") == 10
    assert limits("coinbase").weight("/api/v3/brokerage/time") == 1


def test_an_unknown_venue_is_refused_by_name():
    with pytest.raises(ValueError, match="coinbase-exchange"):
        limits("mtgox")


@pytest.mark.parametrize("bad", [(0, 1.0, 0), (1, 0.0, 0), (1, 1.0, -1)])
def test_parameters_out_of_range_are_refused(bad):
    with pytest.raises(ValueError, match="expected"):
        BudgetParameters(*bad)


@given(
    own=st.integers(25, 400),
    steps=st.lists(
        st.tuples(st.integers(0, 20 * S), st.integers(1, 25), st.integers(0, 500)), max_size=60
    ),
)
def test_in_no_minute_is_more_spent_than_was_allowed_us(own, steps):
    budget = Budget(PARAMETERS.within(own))
    now, spent = 0, {}
    for pause, weight, used in steps:
        now += pause
        budget.observe(used, now, now)
        if budget.wait_ns(weight, now, now) == 0:
            budget.spend(weight, now, now)
            minute = (now - 2 * S) // MINUTE
            spent[minute] = spent.get(minute, 0) + weight
    assert all(total <= own for total in spent.values())


def test_a_bound_of_our_own_changes_nothing_where_the_venue_allows_less():
    tight = PARAMETERS.within(100_000)
    assert (tight.burst, tight.per_second, tight.per_minute) == (100, 10.0, 400)


def test_what_others_spend_at_our_address_leaves_us_our_own_share():
    """The venue's limit counts all, ours counts us."""
    budget = Budget(PARAMETERS.within(40))
    budget.observe(300, 0, 30 * S)
    assert budget.wait_ns(10, 0, 30 * S) == 0
    for at in range(4):
        budget.spend(10, at * 20 * S, 30 * S)
    assert budget.wait_ns(1, 2 * MINUTE, 40 * S) == 22 * S


@pytest.mark.parametrize("own", [1, 3, 7])
def test_the_smallest_bounds_still_let_something_through(own):
    budget = Budget(PARAMETERS.within(own))
    assert budget.wait_ns(1, 0, 0) == 0
