"""Orders, fills and balances of the simulated Advanced Trade by REST."""

from decimal import Decimal

import pytest

from engine.code import State
from sim.server.coinbase_rate import Rate
from sim.server.coinbase_rest import RestRates
from sim.server.counts import Rule
from sim.wire.coinbase_id import order_uuid
from sim.wire.decimal import iso_time

from .coinbase_client import Advanced, session
from .coinbase_market import Venue
from .helpers import within

NAME = "BTC-USD.COINBASE"


@pytest.fixture
async def venue():
    made = Venue()
    made.market.busy = False
    async with made:
        yield made


@pytest.fixture
async def client(venue):
    async with within(), session() as opened:
        yield Advanced(venue, opened)


def limit(**fields):
    return {"base_size": "0.5", "limit_price": "50000.25", **fields}


async def placed(client, name="limit_limit_gtc", side="BUY", **fields):
    reply = await client.order(name, side, **(fields or limit()))
    assert reply["success"], reply
    return reply["order_id"]


async def row(client, order_id):
    return (await client.get(f"/orders/historical/{order_id}"))["order"]


async def test_a_limit_order_rests_and_is_told_as_it_was_sent(client, venue):
    fields = limit(post_only=True)
    reply = await client.order("limit_limit_gtc", client_id="mine", **fields)
    assert reply["success"]
    assert reply["order_configuration"] == {"limit_limit_gtc": fields}
    assert reply["success_response"]["client_order_id"] == "mine"
    told = await row(client, reply["order_id"])
    assert told["order_configuration"] == {"limit_limit_gtc": fields}
    assert (told["status"], told["filled_size"], told["order_type"]) == ("OPEN", "0", "LIMIT")
    assert told["time_in_force"] == "GOOD_UNTIL_CANCELLED"
    assert venue.exchange.book(NAME).side(0).lots_at(5_000_025) == 50_000_000


async def test_an_order_of_a_known_client_id_is_not_made_twice(client, venue):
    first = await client.order("limit_limit_gtc", client_id="mine", **limit())
    again = await client.order("limit_limit_gtc", client_id="mine", **limit(base_size="2"))
    assert again["success"]
    assert again["order_id"] == first["order_id"]
    assert len(venue.exchange.open_orders(venue.account)) == 1


async def test_money_is_held_while_an_order_is_open_and_given_back(client):
    order_id = await placed(client)
    wallets = (await client.get("/accounts"))["accounts"]
    usd = next(w for w in wallets if w["currency"] == "USD")
    held = Decimal(usd["hold"]["value"])
    assert held >= Decimal("25000.125")
    assert Decimal(usd["available_balance"]["value"]) + held == 1_000_000
    reply = await client.post("/orders/batch_cancel", order_ids=[order_id, "x", order_id])
    assert [r["success"] for r in reply["results"]] == [True, False, False]
    reasons = [r["failure_reason"] for r in reply["results"]]
    assert reasons[1:] == ["UNKNOWN_CANCEL_ORDER", "DUPLICATE_CANCEL_REQUEST"]
    found = (await client.get(f"/accounts/{usd['uuid']}"))["account"]
    assert (found["hold"]["value"], found["available_balance"]["value"]) == ("0", "1000000")
    assert (await row(client, order_id))["status"] == "CANCELLED"


@pytest.mark.parametrize(
    ("name", "fields", "status", "tif"),
    [
        ("sor_limit_ioc", limit(), "CANCELLED", "IMMEDIATE_OR_CANCEL"),
        ("sor_limit_ioc", limit(limit_price="60100"), "FILLED", "IMMEDIATE_OR_CANCEL"),
        ("limit_limit_fok", limit(), "CANCELLED", "FILL_OR_KILL"),
        ("limit_limit_fok", limit(limit_price="60100"), "FILLED", "FILL_OR_KILL"),
        ("market_market_ioc", {"base_size": "0.5"}, "FILLED", "IMMEDIATE_OR_CANCEL"),
        ("market_market_ioc", {"quote_size": "1000"}, "FILLED", "IMMEDIATE_OR_CANCEL"),
    ],
)
async def test_an_order_that_does_not_rest_is_over_at_once(client, name, fields, status, tif):
    told = await row(client, await placed(client, name, **fields))
    assert (told["status"], told["time_in_force"]) == (status, tif)
    assert told["completion_percentage"] == ("100" if status == "FILLED" else "0")


async def test_a_market_order_for_money_spends_it_and_no_more_fees_included(client):
    told = await row(client, await placed(client, "market_market_ioc", quote_size="1000"))
    spent = Decimal(told["total_value_after_fees"])
    assert Decimal("999.99") < spent <= 1000
    assert spent == Decimal(told["filled_value"]) + Decimal(told["total_fees"])
    assert told["order_configuration"] == {"market_market_ioc": {"quote_size": "1000"}}
    assert told["size_in_quote"]


async def test_fills_add_up_to_the_order_and_to_the_balances(client):
    order_id = await placed(client, "market_market_ioc", "SELL", base_size="0.5")
    told = await row(client, order_id)
    fills = (await client.get(f"/orders/historical/fills?order_id={order_id}"))["fills"]
    assert str(len(fills)) == told["number_of_fills"]
    assert len(fills) > 1
    value = sum(Decimal(f["size"]) * Decimal(f["price"]) for f in fills)
    fees = sum(Decimal(f["commission"]) for f in fills)
    assert (value, fees) == (Decimal(told["filled_value"]), Decimal(told["total_fees"]))
    average = Decimal(told["average_filled_price"])
    assert abs(average - value / Decimal("0.5")) < Decimal("1e-10")
    wallets = (await client.get("/accounts"))["accounts"]
    free = {w["currency"]: Decimal(w["available_balance"]["value"]) for w in wallets}
    assert free["BTC"] == Decimal("9.5")
    assert free["USD"] == 1_000_000 + value - fees
    assert {f["liquidity_indicator"] for f in fills} == {"TAKER"}


async def test_a_stop_waits_until_the_market_comes(client, venue):
    await placed(client, "market_market_ioc", base_size="0.001")
    fields = {"base_size": "0.1", "limit_price": "59000", "stop_price": "59999.5"}
    order_id = await placed(client, "stop_limit_stop_limit_gtc", "SELL", **fields)
    told = await row(client, order_id)
    assert (told["status"], told["trigger_status"]) == ("OPEN", "STOP_PENDING")
    stop = told["order_configuration"]["stop_limit_stop_limit_gtc"]
    assert stop == fields | {"stop_direction": "STOP_DIRECTION_STOP_DOWN"}
    await placed(client, "market_market_ioc", "SELL", base_size="3")
    told = await row(client, order_id)
    assert (told["status"], told["trigger_status"]) == ("FILLED", "STOP_TRIGGERED")


async def test_an_order_with_an_end_expires(client, venue):
    end_ns = venue.market.now_ns + 60 * 10**9
    order_id = await placed(client, "limit_limit_gtd", **limit(end_time=iso_time(end_ns)))
    told = await row(client, order_id)
    assert (told["status"], told["time_in_force"]) == ("OPEN", "GOOD_UNTIL_DATE_TIME")
    venue.exchange.advance(end_ns)
    assert (await row(client, order_id))["status"] == "EXPIRED"


async def test_an_edit_changes_price_and_whole_size(client, venue):
    order_id = await placed(client)
    reply = await client.post("/orders/edit", order_id=order_id, price="50001", size="0.25")
    assert reply["success"]
    assert not reply["errors"]
    told = await row(client, order_id)
    fields = told["order_configuration"]["limit_limit_gtc"]
    assert (fields["limit_price"], fields["base_size"]) == ("50001", "0.25")
    assert venue.exchange.book(NAME).side(0).lots_at(5_000_100) == 25_000_000


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"order_id": "x", "price": "1"}, "ORDER_NOT_FOUND"),
        ({}, "UNCHANGED_PRICE_AND_SIZE_IN_EDIT_REQUEST"),
        ({"price": "50000.25"}, "UNCHANGED_PRICE_AND_SIZE_IN_EDIT_REQUEST"),
        ({"size": "x"}, "INVALID_EDITED_SIZE"),
        ({"price": "50000.001"}, "CANNOT_EDIT_ORDER"),
        ({"size": "4000"}, "CANNOT_EDIT_ORDER"),
        ({"price": "59900", "size": "100"}, "CANNOT_EDIT_ORDER"),
    ],
)
async def test_an_edit_that_cannot_be_says_why_and_changes_nothing(client, fields, reason):
    order_id = await placed(client)
    reply = await client.post("/orders/edit", **{"order_id": order_id, **fields})
    assert not reply["success"]
    assert reply["errors"][0]["edit_failure_reason"] == reason
    told = (await row(client, order_id))["order_configuration"]["limit_limit_gtc"]
    assert (told["limit_price"], told["base_size"]) == ("50000.25", "0.5")


async def test_only_open_limit_orders_are_edited(client):
    order_id = await placed(client, "sor_limit_ioc", **limit())
    reply = await client.post("/orders/edit", order_id=order_id, price="2")
    assert reply["errors"][0]["edit_failure_reason"] == "CAN_ONLY_EDIT_OPEN_ORDERS"


REFUSED = [
    (
        "limit_limit_gtc",
        limit(post_only=True, limit_price="60100"),
        "INVALID_LIMIT_PRICE_POST_ONLY",
    ),
    ("limit_limit_gtc", limit(base_size="100"), "INSUFFICIENT_FUND"),
    ("limit_limit_gtc", limit(limit_price="1.001"), "INVALID_PRICE_PRECISION"),
    ("limit_limit_gtc", limit(base_size="0.000000001"), "INVALID_SIZE_PRECISION"),
    ("limit_limit_gtc", limit(base_size="-1"), "INVALID_REQUEST"),
    ("limit_limit_gtc", limit(base_size=None), "INVALID_REQUEST"),
    ("limit_limit_gtc", limit(post_only="yes"), "INVALID_REQUEST"),
    ("limit_limit_gtd", limit(end_time="soon"), "INVALID_REQUEST"),
    ("limit_limit_gtd", limit(end_time="2020-01-01T00:00:00Z"), "INVALID_REQUEST"),
    ("market_market_ioc", {}, "INVALID_REQUEST"),
    ("market_market_ioc", {"quote_size": "1", "base_size": "1"}, "INVALID_REQUEST"),
    ("market_market_ioc", {"quote_size": "10.001"}, "INVALID_PRICE_PRECISION"),
    ("trigger_bracket_gtc", limit(), "UNSUPPORTED_ORDER_CONFIGURATION"),
    (
        "stop_limit_stop_limit_gtc",
        limit(stop_price="1", stop_direction="STOP_DIRECTION_STOP_DOWN"),
        "UNSUPPORTED_ORDER_CONFIGURATION",
    ),
]
PREVIEW_REFUSED = [
    (limit(base_size="3401"), "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE"),
    (limit(base_size="0.00001"), "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL"),
]


@pytest.mark.parametrize(("name", "fields", "reason"), REFUSED)
async def test_a_refused_order_is_answered_with_200_and_a_reason(
    client, venue, name, fields, reason
):
    status, _, reply = await client.call(
        "POST",
        "/orders",
        {
            "client_order_id": "c",
            "product_id": "BTC-USD",
            "side": "BUY",
            "order_configuration": {name: fields},
        },
    )
    assert (status, reply["success"], reply["order_id"]) == (200, False, "")
    assert reply["error_response"]["error"] == reason
    assert reply["error_response"]["new_order_failure_reason"] == reason
    assert reply["order_configuration"] == {name: fields}
    assert not venue.exchange.history(venue.account)


@pytest.mark.parametrize(("fields", "reason"), PREVIEW_REFUSED)
async def test_a_size_beyond_the_products_limits_is_refused(client, fields, reason):
    reply = await client.order("limit_limit_gtc", **fields)
    assert reply["error_response"]["preview_failure_reason"] == reason


@pytest.mark.parametrize(
    ("side", "stop", "reason"),
    [
        ("SELL", "60000.2", "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE"),
        ("SELL", "58000", "PREVIEW_STOP_PRICE_BELOW_LIMIT_PRICE"),
        ("BUY", "59000", "PREVIEW_STOP_PRICE_BELOW_LAST_TRADE_PRICE"),
        ("BUY", "60100", "PREVIEW_STOP_PRICE_ABOVE_LIMIT_PRICE"),
    ],
)
async def test_a_stop_that_would_trigger_at_once_or_never_trade_is_refused(
    client, side, stop, reason
):
    await placed(client, "market_market_ioc", base_size="0.001")
    price = "59000" if side == "SELL" else "60050"
    fields = limit(stop_price=stop, limit_price=price, base_size="0.1")
    reply = await client.order("stop_limit_stop_limit_gtc", side, **fields)
    assert reply["error_response"]["preview_failure_reason"] == reason


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"product_id": "NO-SUCH"}, "INVALID_PRODUCT_ID"),
        ({"side": "HOLD"}, "INVALID_SIDE"),
        ({"client_order_id": 5}, "INVALID_REQUEST"),
        ({"order_configuration": {}}, "UNSUPPORTED_ORDER_CONFIGURATION"),
        ({"order_configuration": {"limit_limit_gtc": 5}}, "UNSUPPORTED_ORDER_CONFIGURATION"),
    ],
)
async def test_a_body_that_makes_no_order_is_refused(client, changed, reason):
    body = {"product_id": "BTC-USD", "side": "BUY", "client_order_id": "c"}
    body["order_configuration"] = {"limit_limit_gtc": limit()}
    reply = await client.post("/orders", **(body | changed))
    assert reply["error_response"]["error"] == reason


async def test_a_trading_state_that_takes_no_orders_refuses_them(client, venue):
    order_id = await placed(client)
    venue.exchange.set_state(NAME, State.CANCEL_ONLY)
    reply = await client.order("limit_limit_gtc", **limit())
    assert reply["error_response"]["error"] == "ORDER_ENTRY_DISABLED"
    assert reply["error_response"]["message"] == "Cancel only mode"
    cancel = await client.post("/orders/batch_cancel", order_ids=[order_id])
    assert cancel["results"][0]["success"]
    venue.exchange.set_state(NAME, State.HALTED)
    product = await client.get("/products/BTC-USD")
    assert product["trading_disabled"]


async def test_a_preview_says_what_the_order_would_come_to(client):
    configuration = {"market_market_ioc": {"base_size": "0.5"}}
    body = {"product_id": "BTC-USD", "side": "BUY", "order_configuration": configuration}
    preview = await client.post("/orders/preview", **body)
    told = await row(client, await placed(client, "market_market_ioc", base_size="0.5"))
    assert not preview["errs"]
    assert Decimal(preview["order_total"]) == Decimal(told["total_value_after_fees"])
    assert Decimal(preview["commission_total"]) == Decimal(told["total_fees"])


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        (limit(base_size="100"), "PREVIEW_INSUFFICIENT_FUND"),
        (
            limit(post_only=True, limit_price="60100", base_size="0.1"),
            "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY",
        ),
        (limit(base_size="x"), "PREVIEW_INVALID_ORDER_CONFIG"),
    ],
)
async def test_a_preview_names_what_would_be_refused(client, venue, fields, error):
    body = {"product_id": "BTC-USD", "side": "BUY"}
    preview = await client.post(
        "/orders/preview", **body, order_configuration={"limit_limit_gtc": fields}
    )
    assert preview["errs"] == [error]
    assert not venue.exchange.history(venue.account)


async def test_a_preview_of_an_edit_changes_nothing(client):
    order_id = await placed(client)
    preview = await client.post("/orders/edit_preview", order_id=order_id, price="49000")
    assert (preview["errors"], preview["quote_size"]) == ([], "24500")
    told = (await row(client, order_id))["order_configuration"]["limit_limit_gtc"]
    assert told["limit_price"] == "50000.25"
    bad = await client.post("/orders/edit_preview", order_id="x")
    assert bad["errors"][0]["edit_failure_reason"] == "ORDER_NOT_FOUND"


async def test_orders_are_listed_newest_first_by_pages_and_filters(client):
    ids = [await placed(client, **limit(base_size=f"0.{n}")) for n in range(1, 6)]
    await client.post("/orders/batch_cancel", order_ids=ids[:2])
    page = await client.get("/orders/historical/batch?limit=2")
    assert [o["order_id"] for o in page["orders"]] == [ids[4], ids[3]]
    assert page["has_next"]
    rest = await client.get(f"/orders/historical/batch?limit=9&cursor={page['cursor']}")
    assert [o["order_id"] for o in rest["orders"]] == ids[2::-1]
    assert not rest["has_next"]
    for query, count in (
        ("order_status=OPEN", 3),
        ("order_status=CANCELLED", 2),
        ("product_ids=ETH-USD", 0),
        ("product_id=BTC-USD", 5),
        ("order_side=SELL", 0),
        (f"order_ids={ids[0]}&order_ids={ids[1]}", 2),
        ("end_date=2020-01-01T00:00:00Z", 0),
        ("start_date=2020-01-01T00:00:00Z", 5),
    ):
        found = await client.get(f"/orders/historical/batch?{query}")
        assert len(found["orders"]) == count, query


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/orders/historical/x", 404),
        ("GET", "/accounts/x", 404),
        ("GET", "/orders/historical/batch?cursor=x", 400),
        ("GET", "/orders/historical/batch?start_date=x", 400),
        ("GET", "/accounts?limit=x", 400),
        ("POST", "/orders/batch_cancel", 400),
        ("POST", "/orders", 400),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(client, method, path, status):
    found, _, reply = await client.call(method, path)
    assert found == status
    assert list(reply) == ["error", "error_details", "message"]


async def test_balances_come_in_pages(client):
    first = await client.get("/accounts?limit=2")
    assert ([w["currency"] for w in first["accounts"]], first["has_next"]) == (["BTC", "ETH"], True)
    second = await client.get(f"/accounts?limit=2&cursor={first['cursor']}")
    assert [w["currency"] for w in second["accounts"]] == ["USD"]
    assert not second["has_next"]


async def test_fees_permissions_and_portfolios_are_told(client):
    summary = await client.get("/transaction_summary")
    tier = summary["fee_tier"]
    assert (tier["maker_fee_rate"], tier["taker_fee_rate"]) == ("0.004", "0.006")
    assert (await client.get("/key_permissions"))["can_trade"]
    assert (await client.get("/portfolios"))["portfolios"][0]["type"] == "DEFAULT"


async def test_nobody_sees_or_cancels_the_orders_of_another_account(client, venue):
    other = venue.exchange.account_of("agent 0")
    foreign = venue.exchange.open_orders(other)[0]
    uuid = order_uuid(foreign.id)
    assert (await client.call("GET", f"/orders/historical/{uuid}"))[0] == 404
    reply = await client.post("/orders/batch_cancel", order_ids=[uuid])
    assert not reply["results"][0]["success"]


async def test_a_private_path_without_a_signature_is_401(venue):
    async with session() as opened:
        wrong = Advanced(venue, opened, iss="me")
        status, _, text = await wrong.call("GET", "/accounts")
        assert (status, text.strip()) == (401, "Unauthorized")
        # The private twin of a public path checks what it is given.
        assert (await wrong.call("GET", "/products"))[0] == 401
        url = f"{venue.http}/api/v3/brokerage/products"
        async with opened.get(url) as reply:
            assert reply.status == 200
    assert venue.server.counts.refused == 2


async def test_requests_beyond_the_rate_of_an_account_are_refused_and_headers_tell_of_it():
    rates = RestRates(private=Rate(0.001, 3))
    async with Venue(rates=rates) as venue, session() as opened:
        client = Advanced(venue, opened)
        replies = [await client.call("GET", "/portfolios") for _ in range(5)]
        statuses = [status for status, *_ in replies]
        assert statuses[:3] == [200, 200, 200]
        assert 429 in statuses
        headers = replies[0][1]
        assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("3", "2")
        refused = replies[statuses.index(429)]
        assert refused[2]["errors"][0]["id"] == "rate_limit_exceeded"
        assert refused[1]["Retry-After"] == "1000"
        assert venue.server.counts.violations[Rule.REST_RATE]
