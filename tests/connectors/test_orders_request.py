"""A request as the fields of an effect and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.orders import Request, is_order_source, source_of
from connectors.transport.orders import no_answer, not_sent, report
from market.inputs import NO_ANSWER, NOT_SENT, InputKind

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


@given(TEXTS, st.lists(st.tuples(TEXTS.filter(bool), TEXTS), max_size=5), TEXTS)
def test_a_request_is_the_same_after_its_way_through_an_effect(path, params, body):
    request = Request("place7", "order.place", path, tuple(params), body.encode())
    assert Request.of(request.tag, request.fields) == request


@pytest.mark.parametrize("fields", [(), ("GET", "/a", ""), ("GET", "/a", "=&", "", 1)])
def test_fields_that_are_no_request_are_refused(fields):
    with pytest.raises(ValueError, match="values to unpack"):
        Request.of("place7", fields)


def test_reports_say_whether_a_request_surely_never_left():
    request = Request("place7", "POST", "/orders")
    assert report("coinbase", request, 5, 200, b"{}")[1:] == (
        InputKind.REPORT, "coinbase.orders", b"{}", "place7", 200,
    )  # fmt: skip
    assert not_sent("binance", request, 5, "full").number == NOT_SENT
    assert no_answer("binance", request, 5, "timeout").number == NO_ANSWER


def test_only_order_channels_have_an_order_source():
    assert is_order_source(source_of("binance"))
    assert is_order_source("coinbase.orders#12")
    assert not is_order_source("binance.ws.1#3")
    assert not is_order_source("binance.rest")
