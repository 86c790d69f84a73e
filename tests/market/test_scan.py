"""The scanner reads numbers, times and values like its plain twins, and never too far."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.plain_frame import RefusedError, time
from market.grid import UNITS_MAX, BadNumberError, Grid, OffGridError
from market.scan import parse_time, parse_units, value_length
from tests.connectors.lenient import NoJsonError, skip

OK, BAD, OFF = 0, 1, 2
ABSURD = [
    "", ".", "-", "-1", "+1", "1e3", "1E9", "0.-10000", "1.", ".5", "1..2", "1.2.3", " 1", "1 ",
    "0x1", "1,5", "inf", "nan", "1_0", "9" * 40, "9" * 41, "0" * 40, "0" * 41, "0." + "0" * 40,
    "0." + "0" * 41, "0." + "0" * 17 + "1", "0." + "0" * 18 + "1", "999999999999999999",
    "1000000000000000000", "18446744073709551616", "9223372036854775808", "0.1" + "0" * 39,
    "1/2", "1:2", "12345678", "1234567.12345678", "12345678.1", "1234567.123456789", "0", "00.00",
]  # fmt: skip


def expected(text, grid):
    try:
        return OK, grid.parse(text)
    except BadNumberError:
        return BAD, 0
    except OffGridError:
        return OFF, 0


def agrees(text, grid):
    found = parse_units(f'"{text}"'.encode(), grid.decimals, grid.step)
    assert found == expected(text, grid), (text, grid)


GRIDS = [Grid(0), Grid(2), Grid(8), Grid(10), Grid(11), Grid(18), Grid(2, 5), Grid(0, UNITS_MAX)]


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_absurd_numbers_are_judged_like_the_grid_judges_them(grid):
    """Signs, exponents, 41 digits and the like: bad, off grid or exact, as market.grid says."""
    for text in ABSURD:
        agrees(text, grid)


digits = st.text("0123456789", max_size=12)
grids = st.builds(Grid, st.integers(0, 18), st.sampled_from([1, 1, 1, 5, 25, 7, 10**6]))


@given(digits, st.one_of(st.none(), digits), grids)
def test_numbers_of_any_shape_are_read_exactly(whole, fraction, grid):
    """Every shape of decimal gives the grid's own answer, on the fast and the slow path."""
    agrees(whole if fraction is None else f"{whole}.{fraction}", grid)


@given(st.text("0123456789.-+eE\x00 ", max_size=45), grids)
def test_text_that_resembles_numbers_is_judged_alike(text, grid):
    """Misplaced signs, points and blanks are refused as the grid refuses them."""
    agrees(text, grid)


@given(st.integers(0, 9_999_999), st.integers(0, 99_999_999), st.integers(0, 10), st.data())
def test_the_fast_path_and_the_slow_path_agree(whole, fraction, decimals, data):
    """Room behind a number decides which path reads it, and never what it reads."""
    text = f'"{whole}.{fraction:08}"'.encode()
    room = data.draw(st.integers(0, 30))
    near = parse_units(text, decimals, 1)
    far = parse_units(text[:-1] + b'"' + b"0" * room, decimals, 1)
    assert near == expected(text[1:-1].decode(), Grid(decimals))
    assert far == (near if room == 0 or near[0] != OK else (BAD, 0))


def test_every_prefix_of_a_number_is_refused():
    """Text without its closing quote is no number, wherever it ends."""
    text = b'"1234567.12345678"'
    for size in range(len(text)):
        assert parse_units(text[:size], 8, 1)[0] == BAD


def plain_time(text):
    try:
        return time(text)
    except RefusedError:
        return None


@given(st.integers(0, 361 * 366 * 86_400), st.one_of(st.none(), st.text("0123456789", max_size=11)))
def test_times_are_read_like_the_calendar_reads_them(seconds, fraction):
    """Any second from 1900 to 2261 with up to nine decimals gives its ns since the epoch."""
    moment = datetime(1900, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S") + ("Z" if fraction is None else f".{fraction}Z")
    found = parse_time(f'"{text}"'.encode())
    assert found == plain_time(text)
    if fraction is None and moment.year < 2262:
        assert found == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) * 10**9


@given(st.data())
def test_damaged_times_are_read_like_their_twin_reads_them(data):
    """One character put in the place of another never makes the two readings differ."""
    text = data.draw(st.sampled_from(["2024-02-29T23:59:60.123Z", "2262-01-01T00:00:00Z"]))
    at = data.draw(st.integers(0, len(text) - 1))
    stray = data.draw(st.sampled_from("0123456789-:TZ. "))
    changed = text[:at] + stray + text[at + 1 :]
    assert parse_time(f'"{changed}"'.encode()) == plain_time(changed)


def test_every_prefix_of_a_time_is_refused():
    """A time that is cut off is none."""
    text = b'"2026-08-09T21:05:48.483587501Z"'
    assert parse_time(text) is not None
    for size in range(len(text)):
        assert parse_time(text[:size]) is None


def plain_length(data):
    try:
        return skip(data, 0)
    except NoJsonError:
        return None


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(values, st.sampled_from([None, 1]), st.sampled_from([b"", b",", b"}", b" "]))
def test_a_json_value_is_stepped_over_whole(value, indent, rest):
    """The length of any JSON value is found, whatever follows it."""
    text = json.dumps(value, indent=indent).encode()
    assert value_length(text + rest) == len(text)


@given(st.binary(max_size=40))
def test_rubbish_is_stepped_over_like_its_twin_steps_over_it(data):
    """Arbitrary bytes give a length inside them, or none, as the plain reading says."""
    length = value_length(data)
    assert length == plain_length(data)
    assert length is None or 0 < length <= len(data)


@given(st.text('{}[]":,\\ 1a', max_size=60))
def test_brackets_and_quotes_are_balanced_like_the_twin_balances_them(text):
    """Any mix of brackets, quotes and escapes gives the same length in both."""
    assert value_length(text.encode()) == plain_length(text.encode())
