"""What the simulated Binance takes for a request: signatures, times, parameters, limits."""

import base64
from urllib.parse import quote, urlencode

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from engine.code import State
from sim.market.listing import BINANCE
from sim.server.binance import BinanceRules
from sim.server.binance_auth import verifier
from sim.server.binance_error import ApiError
from sim.server.binance_limits import Meter, OrderCounts, OrderLimits, OverLimitError, WeightLimits
from sim.server.counts import Rule
from sim.server.keys import ApiKey

from .binance_world import FUNDS, KEY, SECRET, serving, sign

LIMIT = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.5", "price": "49000"}
NAMED = {"X-MBX-APIKEY": KEY}


@pytest.fixture
async def venue():
    async with serving() as served:
        yield served


def test_the_documented_example_is_signed_as_documented():
    secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    payload = (
        b"symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
        b"&recvWindow=5000&timestamp=1499827319559"
    )
    signature = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    verify = verifier(ApiKey(BINANCE, "k", "a", secret))
    assert verify(payload, signature)
    assert verify(payload, signature.upper())
    assert not verify(payload + b"0", signature)
    assert not verify(payload, "é")


def pem(key):
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
async def test_keys_of_a_pair_sign_too(kind):
    if kind == "rsa":
        private = rsa.generate_private_key(65_537, 2048)
        signed = lambda data: private.sign(data, padding.PKCS1v15(), hashes.SHA256())  # noqa: E731
    else:
        private = ed25519.Ed25519PrivateKey.generate()
        signed = private.sign
    key = ApiKey(BINANCE, "pair", "carol", public_key=pem(private), balances=FUNDS)
    async with serving(keys=[key]) as venue:
        query = f"timestamp={venue.stamp()}"
        for text, status in ((signed(query.encode()), 200), (signed(b"else"), 400), (b"?", 400)):
            signature = quote(base64.b64encode(text), safe="")
            reply = await venue.request(
                "GET", "account", f"{query}&signature={signature}", {"X-MBX-APIKEY": "pair"}
            )
            assert reply[0] == status
        assert reply[1]["code"] == -1022


async def test_parameters_may_be_split_between_query_and_body(venue):
    query = urlencode({"symbol": "BTCUSDT", **LIMIT})
    body = f"timestamp={venue.stamp()}"
    for signature in (sign(SECRET, query + body), sign(SECRET, f"{query}&{body}")):
        data = f"{body}&signature={signature}"
        headers = {**NAMED, "Content-Type": "application/x-www-form-urlencoded"}
        status, reply, _ = await venue.request("POST", "order", query, headers, data)
        if status == 200:
            assert reply["status"] == "NEW"
    assert (status, reply["code"]) == (400, -1022)  # they are joined without a sign between
    assert len(await venue.ok("GET", "openOrders")) == 1


async def test_the_query_wins_over_the_body(venue):
    query, body = "symbol=BTCUSDT", f"symbol=ETHUSDT&timestamp={venue.stamp()}"
    data = f"{body}&signature={sign(SECRET, query + body)}"
    headers = {**NAMED, "Content-Type": "application/x-www-form-urlencoded"}
    status, reply, _ = await venue.request("GET", "account/commission", query, headers, data)
    assert (status, reply["symbol"]) == (200, "BTCUSDT")


@pytest.mark.parametrize(
    ("headers", "code", "status"),
    [({}, -2014, 401), ({"X-MBX-APIKEY": "no!"}, -2014, 401), ({"X-MBX-APIKEY": "x"}, -2015, 401)],
)
async def test_a_request_without_a_known_key_is_refused(venue, headers, code, status):
    reply = await venue.request("GET", "account", f"timestamp={venue.stamp()}", headers)
    assert (reply[0], reply[1]["code"]) == (status, code)


async def test_a_request_must_be_signed_and_of_now(venue):
    stamp = venue.stamp()
    late = "Timestamp for this request is outside of the recvWindow."
    early = "Timestamp for this request was 1000ms ahead of the server's time."
    missing = "Mandatory parameter '{}' was not sent, was empty/null, or malformed."
    for query, code, text in (
        ("", -1102, missing.format("timestamp")),
        (f"timestamp={stamp}", -1102, missing.format("signature")),
        (f"timestamp={stamp}&signature=00", -1022, "Signature for this request is not valid."),
        (f"timestamp={stamp - 70_000}&recvWindow=60000", -1021, late),
        (f"timestamp={stamp + 60_000}", -1021, early),
        (f"timestamp={stamp}&recvWindow=60000.001", -1131, "recvWindow must be less than 60000."),
    ):
        status, body, _ = await venue.request("GET", "account", query, NAMED)
        assert (status, body) == (400, {"code": code, "msg": text})


async def test_times_may_be_in_microseconds(venue):
    body = await venue.ok(
        "GET", "account", timestamp=venue.pump.now_ns() // 1000, recvWindow="59999.5"
    )
    assert body["canTrade"]
    status, body, _ = await venue.request("GET", "time", headers={"X-MBX-TIME-UNIT": "microsecond"})
    assert abs(body["serverTime"] - venue.pump.now_ns() // 1000) < 60 * 10**6
    status, body, _ = await venue.request("GET", "time", headers={"X-MBX-TIME-UNIT": "HOUR"})
    assert (status, body["code"]) == (400, -1194)


@pytest.mark.parametrize(
    ("changes", "code", "part"),
    [
        ({"side": None}, -1102, "'side'"),
        ({"type": None}, -1102, "'type'"),
        ({"symbol": None}, -1102, "'symbol'"),
        ({"price": None}, -1102, "'price'"),
        ({"quantity": None}, -1102, "'quantity'"),
        ({"timeInForce": None}, -1102, "'timeInForce'"),
        ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
        ({"symbol": "btcusdt"}, -1100, "'symbol'"),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"type": "WISH"}, -1116, "Invalid orderType."),
        ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
        ({"price": "1e4"}, -1100, "legal range is"),
        ({"price": "-1"}, -1100, "'price'"),
        ({"quantity": ""}, -1105, "Parameter 'quantity' was empty."),
        ({"quantity": "0.123456789"}, -1111, "Parameter 'quantity' has too much precision."),
        ({"quantity": "0"}, -1013, "Invalid quantity."),
        ({"price": "0"}, -1013, "Invalid price."),
        ({"newClientOrderId": "ä"}, -1100, "'newClientOrderId'"),
        ({"newClientOrderId": "x" * 37}, -1100, "'newClientOrderId'"),
        ({"hello": "1"}, -1104, "read '7' parameter(s) but was sent '8'"),
        ({"stopPrice": "1"}, -1106, "Parameter 'stopPrice' sent when not required."),
        ({"quoteOrderQty": "1"}, -1106, "'quoteOrderQty'"),
        ({"type": "LIMIT_MAKER"}, -1106, "'timeInForce'"),
        ({"type": "MARKET"}, -1106, "'timeInForce'"),
        ({"type": "STOP_LOSS_LIMIT"}, -1102, "'stopPrice' or 'trailingDelta'"),
        ({"type": "STOP_LOSS_LIMIT", "trailingDelta": "100"}, -2010, "Trailing stop orders"),
        ({"icebergQty": "0.1", "timeInForce": "IOC"}, -1014, "Unsupported order combination."),
        ({"icebergQty": "0.6"}, -2010, "IcebergQty exceeds QTY."),
        ({"strategyType": "999999"}, -1134, "strategyType"),
        ({"selfTradePreventionMode": "TRANSFER"}, -1013, "self-trade prevention mode"),
        ({"newOrderRespType": "LOUD"}, -1130, "'newOrderRespType'"),
        ({"price": "49000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"quantity": "0.000001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0.0001", "price": "20000"}, -1013, "Filter failure: NOTIONAL"),
        ({"price": "9999.99"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"price": "250000.01"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "0.00101", "icebergQty": "0.00001"}, -1013, "Filter failure: ICEBERG_PARTS"),
        ({"quantity": "100"}, -2010, "Account has insufficient balance for requested action."),
    ],
)
async def test_an_order_that_breaks_a_rule_is_refused_by_its_code(venue, changes, code, part):
    params = {"symbol": "BTCUSDT", **LIMIT, **changes}
    found = await venue.refused(
        "POST", "order", **{name: value for name, value in params.items() if value is not None}
    )
    assert found[0] == code
    assert part in found[1]
    assert await venue.ok("GET", "openOrders") == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, -1102),
        ({"quantity": "1", "quoteOrderQty": "1"}, -1128),
        ({"quantity": "1", "price": "1"}, -1106),
        ({"quantity": "1", "icebergQty": "1"}, -1106),
        ({"quoteOrderQty": "0"}, -1013),
        ({"quoteOrderQty": "4.99"}, -1013),
        ({"quoteOrderQty": "0.01"}, -2010),
        ({"quantity": "0.00009"}, -1013),
    ],
)
async def test_a_market_order_that_breaks_a_rule_is_refused_by_its_code(venue, fields, code):
    found = await venue.refused(
        "POST", "order", symbol="BTCUSDT", side="BUY", type="MARKET", **fields
    )
    assert found[0] == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("symbol=BTCUSDT&symbol=BTCUSDT", -1101),
        ("symbol=BTCUSDT&x=1", -1101),
        ("&".join(f"p{i}=1" for i in range(101)), -1101),
        ("symbol=BTCUSDT&timestamp=1&signature=2", None),
        ("symbol=%42TCUSDT", None),
    ],
)
async def test_parameters_of_public_data_are_checked_too(venue, query, code):
    status, body, _ = await venue.request("GET", "depth", query)
    assert (body.get("code"), status) == (code, 400 if code else 200)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "userDataStream", 410),
        ("PUT", "userDataStream", 410),
        ("GET", "nowhere", 404),
        ("POST", "depth", 405),
    ],
)
async def test_paths_that_are_gone_or_never_were_say_so(venue, method, path, status):
    assert (await venue.request(method, path))[0] == status


async def test_a_halted_listing_takes_no_orders_and_says_so(venue):
    venue.exchange.set_state("BTC-USDT.BINANCE", State.HALTED)
    code = await venue.refused("POST", "order", symbol="BTCUSDT", **LIMIT)
    assert code == (-2010, "Market is closed.")
    info = (await venue.request("GET", "exchangeInfo"))[1]
    assert [row["status"] for row in info["symbols"]] == ["HALT", "TRADING"]
    info = (await venue.request("GET", "exchangeInfo", "symbolStatus=HALT"))[1]
    assert [row["symbol"] for row in info["symbols"]] == ["BTCUSDT"]


async def test_at_most_five_stops_of_a_symbol_wait(venue):
    stop = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_LOSS", "quantity": "0.1"}
    for _ in range(5):
        await venue.ok("POST", "order", **stop, stopPrice="45000")
    code = await venue.refused("POST", "order", **stop, stopPrice="45000")
    assert code == (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")


async def test_orders_are_counted_until_they_trade_and_limited():
    """The ten seconds may turn in between, hence the loop: it ends at the first refusal."""
    async with serving(rules=BinanceRules(orders=OrderLimits(per_10_s=3))) as venue:
        params = {"symbol": "BTCUSDT", **LIMIT}
        status, _, headers = await venue.signed("POST", "order", **params)
        assert headers["X-MBX-ORDER-COUNT-10S"] == headers["X-MBX-ORDER-COUNT-1D"] == "1"
        body = await venue.ok("GET", "rateLimit/order")
        assert [row["limit"] for row in body] == [3, 160_000]
        while status == 200:
            status, body, headers = await venue.signed("POST", "order", **params)
        assert (status, body["code"]) == (429, -1015)
        assert "Retry-After" not in headers
        assert venue.server.counts.violations == {Rule.ORDER_RATE: 1}


async def test_an_order_that_traded_at_once_does_not_count(venue):
    status, _, headers = await venue.signed(
        "POST", "order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.1"
    )
    assert (status, headers["X-MBX-ORDER-COUNT-1D"]) == (200, "0")


async def test_trading_costs_weight_only_where_it_fails(venue):
    used = []
    for params in (LIMIT, LIMIT | {"price": "49000.001"}, LIMIT):
        headers = (await venue.signed("POST", "order", symbol="BTCUSDT", **params))[2]
        used.append(int(headers["X-MBX-USED-WEIGHT-1M"]))
    assert used in ([0, 1, 1], [0, 0, 0], [0, 1, 0])  # the minute may turn in between


def test_an_interval_that_turns_forgets_what_was_counted():
    counts = OrderCounts(OrderLimits(per_10_s=1, per_day=2))
    counts.check(0)
    counts.entered(0)
    with pytest.raises(OverLimitError, match="1 orders per 10 SECOND"):
        counts.check(9 * 10**9)
    counts.check(10 * 10**9)
    counts.entered(10 * 10**9)
    with pytest.raises(OverLimitError, match="2 orders per 1 DAY"):
        counts.check(20 * 10**9)
    counts.filled(20 * 10**9)
    counts.check(20 * 10**9)
    assert counts.counts(86_400 * 10**9) == (0, 0)


def test_an_address_is_banned_for_a_while_and_then_forgiven():
    meter = Meter(WeightLimits(per_minute=1, refusals_to_ban=1, ban_s=120))
    meter.charge(1, 0)
    found = []
    for now_s in (1, 2, 3, 130):
        try:
            meter.charge(1, now_s * 10**9)
            found.append(200)
        except ApiError as error:
            found.append(error.status)
    assert found == [429, 418, 418, 200]


def test_requests_are_limited_whatever_they_weigh():
    meter = Meter(WeightLimits(requests_per_5_minutes=2))
    for _ in range(2):
        meter.charge(0, 0)
    with pytest.raises(OverLimitError, match="limit is 2 requests per 5 MINUTE") as refusal:
        meter.charge(0, 100 * 10**9)
    assert (refusal.value.status, refusal.value.wait_s) == (429, 200)
    meter.charge(0, 300 * 10**9)
