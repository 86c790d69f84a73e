"""Order gateways read anything without failing, and what they tell is well formed."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.binance.orders import BinanceOrders
from connectors.coinbase.orders import CoinbaseOrders
from connectors.orders import PAYLOAD_MAX, Tag
from market.order import OrderEvent, OrderEventKind
from tests.connectors.binance import test_orders as binance
from tests.connectors.coinbase import test_orders as coinbase
from tests.connectors.order_world import BTC_USD, BTCUSDT, PREFIX, Heard, listings, order

ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["-1", "0", "0.1", "1e9", "9" * 41, "NaN", "\u0661", "cq7-7", "FILLED", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
ASKS = ["place", "cancel", "replace", "query", "trades", "find", "fills", "balances", "user", "x"]
TAGS = st.builds(
    lambda ask, number, other: Tag(ask, number, other).text,
    st.sampled_from(ASKS),
    st.sampled_from([0, 7, 8]),
    st.integers(0, 2),
) | st.text(max_size=20)
STATUSES = st.sampled_from([0, 200, 400, 401, 404, 408, 409, 418, 429, 500, 503])


def places(value, path=()):
    """Return the path of every value inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    return [path, *(found for key, one in inner for found in places(one, (*path, key)))]


@st.composite
def damaged(draw, samples):
    """A sample in which some values were replaced or left out."""
    value = copy.deepcopy(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, 3))):
        paths = [one for one in places(value) if one]
        if not paths:
            break
        *path, key = draw(st.sampled_from(paths))
        inner = value
        for one in path:
            inner = inner[one]
        if isinstance(inner, dict) and draw(st.booleans()):
            del inner[key]
        else:
            inner[key] = draw(ANY)
    return value


BINANCE = [
    {"subscriptionId": 0, "event": binance.REPORT},
    {"subscriptionId": 0, "event": binance.REPORT | binance.TRADE},
    {"subscriptionId": 0, "event": binance.REPORT | {"x": "CANCELED", "X": "CANCELED"}},
    {"event": {"e": "outboundAccountPosition", "B": [{"a": "BTC", "f": "1", "l": "0"}]}},
    {"id": "place7", "status": 200, "result": binance.FULL},
    {"id": "cancel7", "status": 400, "error": {"code": -2011, "msg": "Unknown order sent."}},
    {"id": "query7n1", "status": 200, "result": binance.OPEN},
    {"id": "query7n1", "status": 200, "result": binance.QUERIED},
    {"id": "trades7n1", "status": 200, "result": binance.ROWS},
]
USER = {"channel": "user", "timestamp": coinbase.TIME, "sequence_num": 3}
COINBASE_FRAMES = [
    USER | {"events": [{"type": "update", "orders": [coinbase.USER]}]},
    USER
    | {
        "events": [
            {"orders": [coinbase.USER | coinbase.filled("0.3", "15000", "1", status="FILLED")]}
        ]
    },
]
COINBASE_REPLIES = [
    {"success": True, "success_response": {"order_id": coinbase.ID}},
    coinbase.refused(error="INSUFFICIENT_FUND", message="poor"),
    {"results": [{"success": False, "order_id": coinbase.ID, "failure_reason": "X"}]},
    {"order": coinbase.ROW},
    {"order": coinbase.row("0.3", "15000.01", "60", status="CANCELLED")},
    {"orders": [coinbase.ROW], "has_next": False, "cursor": ""},
    {"fills": [coinbase.FILL], "cursor": ""},
    {"accounts": [{"currency": "USD", "available_balance": {"value": "1"}, "hold": {}}]},
]


def encoded(value):
    """Return JSON as a venue might send it, lone surrogates and all."""
    return json.dumps(value, allow_nan=True).encode(errors="surrogatepass")


def assert_well_formed(heard):
    for event in heard.events:
        assert isinstance(event, OrderEvent)
        for number in (event.order, event.ts_event, event.price, event.lots, event.cumulative):
            assert type(number) is int
        assert event.price >= 0
        assert event.lots >= 0
        assert type(event.fee) is int
        assert type(event.fee_asset) is str
        if event.kind is OrderEventKind.FILL:
            assert event.trade_id or event.cumulative > 0
    for balance in heard.balances:
        assert type(balance.free) is type(balance.locked) is int


def begun(kind, instrument):
    """Return a gateway in the middle of its work."""
    heard = Heard()
    gateway = kind(PREFIX, listings(instrument), heard.outlet)
    gateway.place(order())
    gateway.query(order(queries=1, venue_id="28"))
    return gateway, heard


@settings(deadline=None)
@given(st.lists(damaged(BINANCE), max_size=6))
def test_binance_frames(frames):
    gateway, heard = begun(BinanceOrders, BTCUSDT)
    for frame in frames:
        gateway.frame(encoded(frame))
    assert_well_formed(heard)


@settings(deadline=None)
@given(TAGS, STATUSES, damaged([one.get("result", one) for one in BINANCE]) | ANY)
def test_binance_replies(tag, status, body):
    gateway, heard = begun(BinanceOrders, BTCUSDT)
    gateway.reply(tag, status, encoded(body))
    assert_well_formed(heard)


@settings(deadline=None)
@given(st.lists(damaged(COINBASE_FRAMES), max_size=6))
def test_coinbase_frames(frames):
    gateway, heard = begun(CoinbaseOrders, BTC_USD)
    for frame in frames:
        gateway.frame(encoded(frame))
    assert_well_formed(heard)


@settings(deadline=None)
@given(st.lists(st.tuples(TAGS, STATUSES, damaged(COINBASE_REPLIES) | ANY), max_size=4))
def test_coinbase_replies(replies):
    gateway, heard = begun(CoinbaseOrders, BTC_USD)
    for tag, status, body in replies:
        gateway.reply(tag, status, encoded(body))
    assert_well_formed(heard)


@pytest.mark.parametrize(
    ("kind", "instrument"), [(BinanceOrders, BTCUSDT), (CoinbaseOrders, BTC_USD)]
)
@settings(deadline=None)
@given(st.binary(max_size=60))
def test_bytes_of_any_kind(kind, instrument, data):
    gateway, heard = begun(kind, instrument)
    gateway.frame(data)
    gateway.reply("query7n1", 200, data)
    gateway.reply("place7", 400, data)
    assert_well_formed(heard)


@pytest.mark.parametrize(
    ("kind", "instrument"), [(BinanceOrders, BTCUSDT), (CoinbaseOrders, BTC_USD)]
)
def test_a_frame_over_the_limit_is_not_looked_at(kind, instrument):
    gateway, heard = begun(kind, instrument)
    gateway.frame(b"[" * (PAYLOAD_MAX + 1))
    assert (heard.events, gateway.counts) == ([], {"row": 1})
