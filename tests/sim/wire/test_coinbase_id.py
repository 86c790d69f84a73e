"""Order ids of Coinbase as UUIDs."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.wire.coinbase_id import name_uuid, order_number, order_uuid

ids = st.integers(min_value=1, max_value=2**63 - 1)


@given(ids)
def test_an_id_is_spelled_as_a_version_4_uuid_and_read_back(order_id):
    text = order_uuid(order_id)
    assert UUID(text).version == 4
    assert str(UUID(text)) == text
    assert order_number(text) == order_id
    assert order_number(text.upper()) == order_id


@pytest.mark.parametrize("text", ["", "7", "x" * 36, "00000000-0000-4000-8000-000000000000"])
def test_a_text_that_spells_no_id_is_none(text):
    assert order_number(text) is None


def test_a_uuid_that_was_never_given_out_is_none():
    assert order_number("123e4567-e89b-42d3-a456-426614174000") is None


def test_a_name_has_one_uuid_of_its_own():
    assert UUID(name_uuid("wallet", 1, "BTC")).version == 4
    assert name_uuid("wallet", 1, "BTC") == name_uuid("wallet", 1, "BTC")
    assert name_uuid("wallet", 1, "BTC") != name_uuid("wallet", 1, "USD")
