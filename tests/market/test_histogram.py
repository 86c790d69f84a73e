"""The compiled histogram equals its plain twin, and says what its values were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.histogram import Histogram
from market.plain_histogram import EDGES, PlainHistogram

sizes = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 5_000),
    st.integers(0, 41).flatmap(lambda power: st.integers((1 << power) - 2, (1 << power) + 2)),
    st.sampled_from(EDGES),
)
values = st.lists(sizes, max_size=50)


def filled(kind, given_values):
    histogram = kind()
    for value in given_values:
        histogram.observe(value)
    return histogram


@given(values, st.floats(0, 1))
def test_any_values_give_what_the_twin_gives(given_values, share):
    """Buckets, sums, cumulative counts and quantiles are the twin's."""
    fast, plain = filled(Histogram, given_values), filled(PlainHistogram, given_values)
    assert fast.dump() == plain.dump()
    assert (fast.count, fast.sum, fast.max) == (plain.count, plain.sum, plain.max)
    assert fast.powers(3, 40) == plain.powers(3, 40)
    assert fast.quantile(share) == plain.quantile(share)


@given(st.lists(st.integers(0, (1 << 39)), min_size=1, max_size=50))
def test_cumulative_counts_are_exact_at_the_powers_of_two(given_values):
    """A value that is a power of two counts as at most that power, one more does not."""
    histogram = filled(Histogram, given_values)
    assert histogram.powers(8, 39) == [
        sum(value <= 1 << power for value in given_values) for power in range(8, 40)
    ]


@given(st.lists(st.integers(1, 1 << 39), min_size=1, max_size=50), st.floats(0.01, 1))
def test_a_quantile_is_at_most_an_eighth_too_large(given_values, share):
    """It is never less than the value of that rank, and close above it."""
    ordered = sorted(given_values)
    rank = min(max(1, int(share * len(ordered) + 0.999999)), len(ordered))
    found = filled(Histogram, given_values).quantile(share)
    assert ordered[rank - 1] <= found <= ordered[rank - 1] * 9 / 8 + 1


def test_values_beyond_the_last_edge_count_in_the_last_bucket():
    """They are in the count but below none of the powers."""
    histogram = filled(Histogram, [(1 << 40) + 1, (1 << 63) - 1, (1 << 63) - 1])
    assert histogram.dump()[-1] == histogram.count == 3
    assert histogram.powers(40, 40) == [0]
    assert histogram.sum == histogram.max == (1 << 63) - 1
    assert histogram.quantile(0.5) == histogram.max


def test_nothing_counted_is_zero_everywhere():
    histogram = Histogram()
    assert histogram.quantile(0.99) == histogram.max == histogram.sum == 0
    assert not any(histogram.powers(3, 40))


@pytest.mark.parametrize("bounds", [(2, 5), (5, 41), (9, 8)])
def test_powers_beyond_the_buckets_are_refused(bounds):
    for kind in (Histogram, PlainHistogram):
        with pytest.raises(ValueError, match="powers"):
            kind().powers(*bounds)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_beyond_one_is_refused(share):
    for kind in (Histogram, PlainHistogram):
        with pytest.raises(ValueError, match="share"):
            kind().quantile(share)
