"""How venues spell numbers and times."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.wire.decimal import go_time, iso_time, padded, trimmed


@given(units=st.integers(0, 10**15), decimals=st.integers(0, 8))
def test_both_spellings_give_the_value_back(units, decimals):
    value = Decimal(units).scaleb(-decimals)
    assert Decimal(padded(units, decimals)) == value
    assert len(padded(units, decimals).partition(".")[2]) == 8
    assert Decimal(trimmed(units, decimals)) == value
    assert trimmed(units, decimals) == (f"{value.normalize():f}" if value else "0")


@pytest.mark.parametrize(
    ("units", "decimals", "text"),
    [(6506250, 2, "65062.5"), (191800, 2, "1918"), (0, 8, "0"), (99932, 5, "0.99932")],
)
def test_trailing_zeros_are_dropped(units, decimals, text):
    assert trimmed(units, decimals) == text


def test_a_negative_change_keeps_its_sign():
    assert trimmed(-25, 3) == "-0.025"


@pytest.mark.parametrize(
    ("ts_ns", "digits", "text"),
    [
        (1_786_309_548_170_326_000, 6, "2026-08-09T21:05:48.170326Z"),
        (1_786_309_548_278_410_999, 6, "2026-08-09T21:05:48.27841Z"),
        (1_786_309_548_483_587_501, 9, "2026-08-09T21:05:48.483587501Z"),
        (1_786_309_548_000_000_000, 9, "2026-08-09T21:05:48Z"),
    ],
)
def test_a_time_drops_trailing_zeros(ts_ns, digits, text):
    assert iso_time(ts_ns, digits) == text


def test_a_heartbeat_has_the_time_as_go_prints_it():
    text = go_time(1_786_309_548_854_840_045, 41_691_260_485_341)
    assert text == "2026-08-09 21:05:48.854840045 +0000 UTC m=+41691.260485341"
