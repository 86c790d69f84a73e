"""Levels are spelled as exactly as one number is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import plain_spell, spell
from market.grid import Grid

GRIDS = st.builds(Grid, st.integers(0, 18), st.integers(1, 10**6))
UNITS = st.one_of(st.integers(0, 10**6), st.integers(0, (1 << 63) - 1))


@given(st.lists(st.tuples(UNITS, UNITS), max_size=5), GRIDS, GRIDS)
def test_the_compiled_spelling_is_that_of_its_plain_twin(levels, price, size):
    try:
        expected = plain_spell.spell_levels(levels, price, size)
    except OverflowError:
        with pytest.raises(OverflowError):
            spell.spell_levels(levels, price, size)
    else:
        assert spell.spell_levels(levels, price, size) == expected


def test_zeros_stand_only_where_they_mean_something():
    levels = [(0, 1), (100, 10**18), (5, 10**17)]
    found = spell.spell_levels(levels, Grid(2), Grid(18))
    assert found == [("0", "0.000000000000000001"), ("1", "1"), ("0.05", "0.1")]


@pytest.mark.parametrize("module", [spell, plain_spell])
@pytest.mark.parametrize("level", [(-1, 1), (1, -1)])
def test_a_negative_value_is_refused(module, level):
    with pytest.raises(ValueError, match="negative"):
        module.spell_levels([level], Grid(2), Grid(2))
