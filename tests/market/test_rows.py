"""Typed access to rows of JSON."""

import pytest

from market import rows
from market.grid import Grid
from market.instrument import Instrument


def read(payload):
    def reader(row, venue):
        return Instrument(venue, rows.name(row, "id"), "A", "B", Grid(0), Grid(0))

    return rows.read(payload, "coinbase", ("products", "id"), reader)


def test_rows_are_read_in_order_and_a_single_row_stands_for_a_list():
    found, problems = read(b'{"products":[{"id":"B-A"},{"id":"A-B"}]}')
    assert ([one.native for one in found], problems) == (["B-A", "A-B"], [])
    found, problems = read(b'{"id":"B-A"}')
    assert ([one.native for one in found], problems) == (["B-A"], [])


def test_an_oversized_reply_is_one_problem(monkeypatch):
    monkeypatch.setattr(rows, "PAYLOAD_MAX", 10)
    assert read(b" " * 11) == ([], ["coinbase: a reply of 11 bytes, the limit is 10"])


def test_too_many_rows_are_one_problem(monkeypatch):
    monkeypatch.setattr(rows, "ROWS_MAX", 1)
    assert read(b'{"products":[{},{}]}') == (
        [],
        ["coinbase: expected a list of at most 1 rules, got 2 rows"],
    )


@pytest.mark.parametrize("name", ["A B", "A.B", "A\nB", "", "A" * 65, 7, None])
def test_a_name_has_letters_digits_dash_and_underscore_only(name):
    with pytest.raises(rows.RowError, match=r"^id: expected"):
        rows.name({"id": name}, "id")


@pytest.mark.parametrize("number", [0, -1, 11, 1.0, "1", True, None])
def test_a_whole_number_is_from_one_to_the_limit(number):
    assert rows.whole({"n": 10}, "n", most=10) == 10
    with pytest.raises(rows.RowError, match=r"^n: expected a whole number"):
        rows.whole({"n": number}, "n", most=10)


@pytest.mark.parametrize("value", [None, "", "0", "0.000"])
def test_no_limit_in_any_spelling_is_empty(value):
    assert rows.limit({"most": value}, "most") == ""
    assert rows.limit({}, "most") == ""
    assert rows.limit({"most": "0.10"}, "most") == "0.10"


def test_what_is_shown_of_a_value_is_short():
    assert len(rows.shown("x" * 10**6)) < 100
    assert len(rows.shown(10**400)) < 100
    assert (rows.shown({}), rows.shown([]), rows.shown(None)) == ("an object", "a list", "nothing")
