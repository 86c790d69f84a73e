"""Fields of an answer, present, absent and odd."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import fields

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "-"), (0.04, "0.0ms"), (3.21, "3.2ms"), (12.4, "12ms"), (999.4, "999ms"),
     (4_200, "4.2s"), (59_400, "59s"), (200_000, "3m20s"), (7_500_000, "2h05m"),
     (273_600_000, "3d04h"), (-0.5, "-0.5ms")],
)  # fmt: skip
def test_an_age_is_said_in_two_units_at_most(value, said):
    assert fields.millis(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "-"), (0, "0 B"), (1_023, "1023 B"), (12_582_912, "12.0 MiB"), (5 << 40, "5.0 TiB")],
)
def test_bytes_are_said_in_binary_units(value, said):
    assert fields.size_of_bytes(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [("2649.4", "2649.40"), ("2649.449", "2649.44"), ("x", "x"), ("NaN", "NaN"), ("1e40", "1e40")],
)
def test_prices_are_aligned_to_a_number_of_places_and_odd_ones_left_alone(value, said):
    assert fields.aligned(value, 2) == said


def test_what_a_terminal_obeys_is_never_passed_on():
    assert fields.text({"detail": "a\x1b[2Jb\nc\u202e"}, "detail") == "a?[2Jb?c?"


@pytest.mark.parametrize("value", [True, "x", [], float("inf"), float("nan"), "1e999", 10**400])
def test_what_is_no_finite_number_is_absent(value):
    assert fields.number({"n": value}, "n") is None


@given(ANYTHING)
def test_no_value_of_a_field_is_an_error(value):
    for row in (value, {"k": value}):
        said = fields.text(row, "k")
        assert said.isprintable()
        assert isinstance(fields.mapping(row, "k"), dict)
        assert all(isinstance(one, dict) for one in fields.rows(row))
        assert all(len(level) == 2 for level in fields.levels(row, "k"))
        assert fields.grade_of({"grade": value}).isprintable()
        assert fields.errors_of({"errors": value}).isprintable()
        fields.millis(fields.number(row, "k"))
