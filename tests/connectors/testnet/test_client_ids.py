"""Ids in the form of a UUID say whose order it is."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.orders import ClientIds, StrangerError
from connectors.testnet.client_ids import UuidClientIds

PREFIXES = st.from_regex(r"[A-Za-z0-9_]{1,16}", fullmatch=True)


@given(PREFIXES, st.integers(1, 10**18 - 1))
def test_an_id_comes_back_and_looks_random_to_a_venue(prefix, order):
    ids = UuidClientIds(ClientIds(prefix))
    text = ids.of(order)
    assert ids.read(text) == order
    assert UUID(text).version == 4
    assert UUID(text).variant == "specified in RFC 4122"


@given(PREFIXES, PREFIXES, st.integers(1, 10**18 - 1))
def test_an_id_of_another_prefix_is_a_stranger(one, other, order):
    if one != other:
        with pytest.raises(StrangerError):
            UuidClientIds(ClientIds(one)).read(UuidClientIds(ClientIds(other)).of(order))


@pytest.mark.parametrize("value", [None, 7, "", "cq7-1", "0" * 36, str(UUID(int=2**128 - 1))])
def test_what_is_no_id_of_ours_is_a_stranger(value):
    with pytest.raises(StrangerError):
        UuidClientIds(ClientIds("cq7")).read(value)


def test_the_prefix_may_come_later_and_change():
    shared = ClientIds()
    ids = UuidClientIds(shared)
    with pytest.raises(ValueError, match="no prefix"):
        ids.of(1)
    shared.begin("a")
    first = ids.of(1)
    shared.begin("b")
    assert ids.of(1) != first
    with pytest.raises(StrangerError):
        ids.read(first)


@pytest.mark.parametrize("order", [0, -1, 10**18])
def test_an_order_id_has_bounds(order):
    with pytest.raises(ValueError, match="digits"):
        UuidClientIds(ClientIds("a")).of(order)
