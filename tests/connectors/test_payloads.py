"""Raw replies of any venue."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.payloads import instruments, instruments_of_file
from market.instrument import VENUES
from market.rows import RowError
from tests.recorded_payloads import FILES, payload

OURS = [{"id": "BTC-USDT.BINANCE", "tick": "0.01", "lot": "0.00001"}]


@pytest.mark.parametrize("venue", list(FILES))
def test_each_recorded_reply_is_read_by_its_venue(venue):
    found, _ = instruments(payload(venue), venue)
    assert len(found) > 100
    assert {one.venue for one in found} == {venue}


def test_every_venue_has_a_reader():
    for venue in VENUES:
        assert "unknown venue" not in instruments(b"", venue)[1][0]
    assert "unknown venue 'kraken'" in instruments(b"", "kraken")[1][0]


@pytest.mark.parametrize("venue", [one for one in FILES if one != "binance-us"])
def test_a_file_with_a_raw_reply_tells_its_venue_by_its_shape(venue):
    found, _ = instruments_of_file(payload(venue))
    assert {(one.venue, one.origin) for one in found} == {(venue, "file")}


def test_a_named_venue_is_believed():
    found, _ = instruments_of_file(payload("binance-us"), "binance-us")
    assert {one.venue for one in found} == {"binance-us"}


def test_the_coin_margined_reply_and_single_products_are_told_by_shape():
    info = {"futuresType": "C_MARGINED", "symbols": [{}]}
    assert instruments_of_file(orjson.dumps(info))[1][0].startswith("binance-coinm ")
    info["futuresType"] = ["?"]
    assert instruments_of_file(orjson.dumps(info))[1][0].startswith("binance ")
    for name, venue in (("product_id", "coinbase"), ("id", "coinbase-exchange")):
        single = {name: "X-Y", "base_increment": "1"}
        assert instruments_of_file(orjson.dumps(single))[1][0].startswith(f"{venue} X-Y: ")


def test_our_own_form_is_read():
    found, problems = instruments_of_file(orjson.dumps({"instruments": OURS}))
    assert [one.id for one in found] == ["BTC-USDT.BINANCE"]
    assert problems == []


@pytest.mark.parametrize("body", [b"", b"{", b"7", b'{"instruments":1}'])
def test_a_file_that_is_neither_is_refused(body):
    with pytest.raises(RowError, match=r"^instruments"):
        instruments_of_file(body)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=70).filter(lambda text: text.isprintable()),
    st.sampled_from(["0.01", "1", "0", "-1", "1e5", "0.-10000", "9" * 40, "BTCUSDT", "PERPETUAL"]),
)
FILTER = st.fixed_dictionaries(
    {"filterType": st.sampled_from(["PRICE_FILTER", "LOT_SIZE", "NOTIONAL", "MIN_NOTIONAL"])},
    optional=dict.fromkeys(
        ("tickSize", "stepSize", "minQty", "maxQty", "notional", "minNotional"), SCALARS
    ),
)
KEYS = """
symbol baseAsset quoteAsset contractType contractSize filters product_id id base_increment
quote_increment price_increment alias base_currency_id quote_currency_id base_currency
quote_currency tick lot venue native product_type multiplier
"""
ROW = st.dictionaries(
    st.sampled_from(KEYS.split()),
    st.one_of(SCALARS, st.lists(st.one_of(FILTER, SCALARS), max_size=4)),
)
VALUE = st.one_of(
    SCALARS,
    ROW,
    st.lists(st.one_of(ROW, SCALARS), max_size=4),
    st.dictionaries(
        st.sampled_from(["symbols", "products", "instruments", "futuresType"]),
        st.one_of(SCALARS, ROW, st.lists(st.one_of(ROW, SCALARS), max_size=4)),
    ),
)


@settings(deadline=None)
@given(VALUE, st.sampled_from(list(VENUES)))
def test_any_reply_gives_sound_instruments_and_lines_about_the_rest(value, venue):
    found, problems = instruments(orjson.dumps(value), venue)
    for one in found:
        assert one.venue == venue
        assert one.price.parse(one.price.increment) == one.size.parse(one.size.increment) == 1
    assert all(line.isprintable() for line in problems)
    assert found or problems or not value or isinstance(value, list | dict)


@settings(deadline=None)
@given(VALUE)
def test_any_file_gives_instruments_and_lines_or_is_refused(value):
    try:
        found, problems = instruments_of_file(orjson.dumps(value))
    except RowError:
        return
    assert {one.origin for one in found} <= {"file"}
    assert all(isinstance(line, str) for line in problems)


@settings(deadline=None)
@given(st.sampled_from(list(FILES)), st.data())
def test_a_reply_cut_short_is_one_problem(venue, data):
    body = payload(venue)
    cut = body[: data.draw(st.integers(0, len(body.rstrip()) - 1))]
    found, problems = instruments(cut, venue)
    assert (found, len(problems)) == ([], 1)


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(list(VENUES)))
def test_any_bytes_are_a_problem_or_an_empty_list(body, venue):
    found, problems = instruments(body, venue)
    assert found == []
    assert len(problems) <= 1
