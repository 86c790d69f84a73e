"""Decimal texts of a client as ticks, lots and times."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.wire.coinbase_units import UnitError, number, plain, time_ns, units
from sim.wire.decimal import iso_time, trimmed


@given(st.integers(min_value=1, max_value=2**40), st.integers(min_value=0, max_value=8))
def test_a_spelled_number_is_read_back_exactly(value, decimals):
    assert units(trimmed(value, decimals), decimals) == value


@pytest.mark.parametrize(
    "value",
    ["", "x", "-1", "0", "NaN", "Infinity", "1_000", "1e99", None, True, [], "1" * 50, -2, 0.0],
)
def test_what_is_no_positive_number_is_refused(value):
    with pytest.raises(UnitError) as refusal:
        number(value)
    assert not refusal.value.too_fine


def test_a_number_finer_than_the_step_is_refused_as_such():
    with pytest.raises(UnitError) as refusal:
        units("0.001", 2)
    assert refusal.value.too_fine


def test_a_number_beyond_the_engines_range_is_refused():
    with pytest.raises(UnitError, match="range"):
        units("1e20", 2)


@given(st.integers(min_value=0, max_value=4 * 10**15))
def test_a_time_is_read_back_to_the_microsecond(us):
    assert time_ns(iso_time(us * 1000)) == us * 1000


@pytest.mark.parametrize("value", ["", "yesterday", None, 5, "2" * 50])
def test_what_is_no_time_is_refused(value):
    with pytest.raises(ValueError, match=r"time|isoformat"):
        time_ns(value)


def test_a_decimal_is_spelled_plainly():
    texts = [plain(Decimal(text)) for text in ("1E+3", "1.500", "0.00", "1e-8", "100")]
    assert texts == ["1000", "1.5", "0", "0.00000001", "100"]
