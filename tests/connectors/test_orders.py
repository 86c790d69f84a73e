"""What all order gateways share."""

import pytest

from connectors import orders
from connectors.orders import Balance, ClientIds, Counts, StrangerError, Tag
from market.grid import BadNumberError
from market.rows import RowError

UNIT = 10**27


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:01Z", 10**9),
        ("2026-08-09T21:05:48.1703Z", 1_786_309_548_170_300_000),
        ("2026-08-09T21:05:48.000000001+00:00", 1_786_309_548_000_000_001),
        ("0001-01-01T00:00:00Z", 0),
    ],
)
def test_times_are_read_to_the_nanosecond(text, ns):
    assert orders.iso_ns(text) == ns


@pytest.mark.parametrize(
    "value", [None, 5, "", "2026-08-09", "2026-13-09T21:05:48Z", "2026-08-09T21:05:48.1234567890Z"]
)
def test_what_is_no_utc_time_is_refused(value):
    with pytest.raises(RowError):
        orders.iso_ns(value)


@pytest.mark.parametrize(
    ("text", "units"), [("", 0), ("0.5", UNIT // 2), ("-0.1", -UNIT // 10), ("1", UNIT)]
)
def test_amounts_are_exact(text, units):
    assert orders.amount(text) == units


@pytest.mark.parametrize("value", ["1e3", "--1", "+1", " 1", "0x1", "\u0661"])
def test_what_is_no_plain_number_is_refused(value):
    with pytest.raises(BadNumberError):
        orders.amount(value)


@pytest.mark.parametrize("value", [None, 1, 1.5, [], "1" * 65])
def test_a_number_is_text_of_a_sane_length(value):
    with pytest.raises(RowError):
        orders.amount(value)


@pytest.mark.parametrize("prefix", ["", "a-b", "x" * 17, "caf\u00e9"])
def test_a_prefix_is_short_and_plain(prefix):
    with pytest.raises(ValueError, match="prefix"):
        ClientIds(prefix)


@pytest.mark.parametrize("value", [None, 7, "cq-0", "cq-01", "cq-", "cq7", "xcq-7", "cq-7x"])
def test_client_ids_of_others_are_strangers(value):
    with pytest.raises(StrangerError):
        ClientIds("cq").read(value)


@pytest.mark.parametrize("number", [0, -1, 10**18])
def test_an_order_id_has_limits(number):
    with pytest.raises(ValueError, match="digits"):
        ClientIds("cq").of(number)


@pytest.mark.parametrize("value", [None, 7, "", "7", "place7n", "place-7", "Place7", "p" * 13])
def test_tags_of_others_are_refused(value):
    with pytest.raises(RowError):
        Tag.read(value)


def test_errors_are_counted_by_name():
    counts = Counts()
    for error in (RowError(), BadNumberError(), StrangerError(), ValueError()):
        counts.error(error)
    assert counts == {"row": 2, "number": 1, "stranger": 1}


def test_what_is_remembered_has_a_limit(monkeypatch):
    monkeypatch.setattr(orders, "KEPT_MAX", 2)
    kept = {}
    for number in (1, 2, 1, 3):
        orders.keep(kept, number, Balance("X", number, 0))
    assert list(kept) == [1, 3]
