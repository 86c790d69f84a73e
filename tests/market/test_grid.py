"""Grids: decimal text to integers and back."""

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from market.grid import (
    DECIMALS_MAX,
    UNITS_MAX,
    BadNumberError,
    Grid,
    OffGridError,
    plain_decimal,
    split_decimal,
)

GRIDS = st.builds(
    Grid, st.integers(0, DECIMALS_MAX), st.one_of(st.integers(1, 1000), st.integers(1, UNITS_MAX))
)
UNITS = st.integers(0, UNITS_MAX)
ABSURD = [
    "",
    " ",
    ".",
    ".5",
    "-1",
    "+1",
    "-0",
    "0.-10000",
    "1e5",
    "1E-8",
    "0x10",
    "1_000",
    "1,000",
    "1 ",
    " 1",
    "1\n",
    "1.2.3",
    "1.",
    "NaN",
    "Infinity",
    "null",
    "١٢",
    "²",
    "1\x00",
    "9" * 41,
    "0." + "1" * 41,
    "0." + "1" * 19,
]


def value(grid, units):
    return Fraction(units * grid.step, 10**grid.decimals)


@settings(deadline=None)
@given(GRIDS, UNITS)
def test_what_is_formatted_parses_back(grid, units):
    assume(units * grid.step <= UNITS_MAX)
    assert grid.parse(grid.format(units)) == units


@settings(deadline=None)
@given(GRIDS, UNITS)
def test_the_text_is_exact_plain_and_without_trailing_zeros(grid, units):
    text = grid.format(units)
    assert Fraction(text) == value(grid, units)
    assert set(text) <= set("0123456789.")
    assert "." not in text or text[-1] not in "0."


@settings(deadline=None)
@given(GRIDS, UNITS, st.integers(0, 5))
def test_trailing_zeros_and_leading_zeros_mean_nothing(grid, units, zeros):
    assume(units * grid.step <= UNITS_MAX)
    text = grid.format(units)
    padded = (text if "." in text else f"{text}.0") + "0" * zeros
    assume(len(padded.partition(".")[2]) <= 40)
    assert grid.parse("0" + padded) == units


@settings(deadline=None)
@given(GRIDS, GRIDS)
def test_a_merged_grid_holds_both_and_is_the_coarsest_that_does(one, other):
    both = one.merged(other)
    factors = one.factor_to(both), other.factor_to(both)
    assert value(both, factors[0]) == value(one, 1)
    assert value(both, factors[1]) == value(other, 1)
    # Factors with a common divisor would mean that a coarser grid holds both as well.
    assert Fraction(*factors).numerator == factors[0]


@settings(deadline=None)
@given(GRIDS, GRIDS, GRIDS)
def test_merging_is_idempotent_commutative_and_associative(one, two, three):
    def same(left, right):
        return value(left, 1) == value(right, 1)

    assert same(one.merged(one), one)
    assert one.merged(two) == two.merged(one)
    assert one.merged(two).merged(three) == one.merged(two.merged(three))


@settings(deadline=None)
@given(GRIDS, GRIDS, st.integers(0, 10**6))
def test_units_times_the_factor_are_the_same_value_on_the_finer_grid(one, other, units):
    finer = one.merged(other)
    assert value(finer, units * one.factor_to(finer)) == value(one, units)


@settings(deadline=None)
@given(GRIDS, GRIDS, GRIDS)
def test_factors_multiply_along_a_chain(one, two, three):
    mid = one.merged(two)
    fine = mid.merged(three)
    assert one.factor_to(mid) * mid.factor_to(fine) == one.factor_to(fine)


@settings(deadline=None)
@given(GRIDS, GRIDS)
def test_a_grid_that_does_not_refine_has_no_factor(one, other):
    assume(value(one, 1) / value(other, 1) != value(one, 1) // value(other, 1))
    with pytest.raises(ValueError, match="does not refine"):
        one.factor_to(other)


@settings(deadline=None)
@given(GRIDS, GRIDS, st.integers(0, 10**6))
def test_a_refined_grid_holds_the_value_and_the_old_grid_or_refuses_it(grid, other, units):
    text = other.format(units)
    try:
        finer = grid.refined(text)
    except BadNumberError:
        digits, decimals = split_decimal(text)
        if digits <= UNITS_MAX:
            both = grid.merged(Grid(decimals, digits))
            assert Fraction(text) * 10 ** max(grid.decimals, both.decimals) > UNITS_MAX
        return
    assert Fraction(text) == value(finer, finer.parse(text))
    assert grid.factor_to(finer) >= 1


def test_a_known_value_leaves_the_grid_as_it_is():
    grid = Grid(2, 5)
    assert grid.refined("0") is grid
    assert grid.refined("100.05") == grid
    assert grid.refined("0.01") == Grid(2)
    assert grid.refined("0.125") == Grid(3, 25)


@pytest.mark.parametrize("text", [*ABSURD, "9" * 40, "1000000000.000000000000000001"])
def test_an_absurd_value_never_refines_a_grid(text):
    with pytest.raises(BadNumberError):
        Grid(2).refined(text)


@pytest.mark.parametrize("text", ABSURD)
def test_an_absurd_number_is_refused_everywhere(text):
    with pytest.raises(BadNumberError):
        split_decimal(text)
    with pytest.raises(BadNumberError):
        Grid(8).parse(text)
    with pytest.raises(BadNumberError):
        Grid.of_increment(text)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_number_or_a_named_refusal(text):
    try:
        digits, decimals = split_decimal(text)
    except BadNumberError:
        return
    assert Fraction(digits, 10**decimals) == Fraction(text)
    assert text.isascii()


def test_a_number_over_the_units_limit_is_refused_and_the_limit_is_not():
    assert Grid(0).parse(str(UNITS_MAX)) == UNITS_MAX
    with pytest.raises(BadNumberError, match="too large"):
        Grid(0).parse(str(UNITS_MAX + 1))
    with pytest.raises(BadNumberError, match="too large"):
        Grid(18).parse("1")


def test_a_value_between_the_steps_is_off_the_grid():
    for text in ("0.001", "0.06"):
        with pytest.raises(OffGridError):
            Grid(2, 5).parse(text)


@pytest.mark.parametrize(
    ("text", "grid"),
    [
        ("0.01000000", Grid(2)),
        ("0.5", Grid(1, 5)),
        ("10", Grid(0, 10)),
        ("0.00000001", Grid(8)),
    ],
)
def test_increments_are_read_as_venues_spell_them(text, grid):
    assert Grid.of_increment(text) == grid


@pytest.mark.parametrize("text", ["0", "0.000", str(10**18), "9" * 40])
def test_an_increment_of_nothing_or_of_too_much_is_refused(text):
    with pytest.raises(BadNumberError):
        Grid.of_increment(text)


@pytest.mark.parametrize(("decimals", "step"), [(-1, 1), (19, 1), (0, 0), (0, -5), (0, 10**18)])
def test_a_grid_that_no_venue_can_mean_is_refused(decimals, step):
    with pytest.raises(ValueError, match="must be"):
        Grid(decimals, step)


@settings(deadline=None)
@given(st.integers(-(10**30), 10**30), st.integers(0, 30))
def test_plain_decimals_are_exact_and_signed(digits, decimals):
    assert Fraction(plain_decimal(digits, decimals)) == Fraction(digits, 10**decimals)
