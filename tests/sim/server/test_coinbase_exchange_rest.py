"""REST of the simulated Coinbase Exchange."""

from decimal import Decimal

import pytest

from engine.code import State
from sim.server.coinbase_rate import Rate
from sim.server.coinbase_rest import RestRates
from sim.wire.coinbase_id import order_uuid

from .coinbase_client import Exchange, session
from .coinbase_market import FAST, Venue
from .helpers import within

NAME = "BTC-USD.COINBASE"
LIMIT = {"price": "50000.25", "size": "0.5"}


@pytest.fixture
async def venue():
    made = Venue()
    made.market.busy = False
    async with made:
        yield made


@pytest.fixture
async def client(venue):
    async with within(), session() as opened:
        yield Exchange(venue, opened)


async def placed(client, **fields):
    status, _, reply = await client.order(**fields)
    assert status == 200, reply
    return reply["id"]


async def test_a_new_order_is_pending_and_then_open(client, venue):
    _, _, reply = await client.order(**LIMIT, client_oid="mine", stp="cn", post_only=True)
    assert (reply["status"], reply["settled"], reply["filled_size"]) == (
        "pending",
        False,
        "0.00000000",
    )
    told = await client.get(f"/orders/{reply['id']}")
    assert told == await client.get("/orders/client:mine")
    assert (told["status"], told["price"], told["size"]) == ("open", "50000.25", "0.50000000")
    assert (told["stp"], told["post_only"], told["type"]) == ("cn", True, "limit")
    assert venue.exchange.book(NAME).side(0).lots_at(5_000_025) == 50_000_000


async def test_a_canceled_order_is_done_and_cannot_be_canceled_again(client):
    order_id = await placed(client, **LIMIT)
    status, _, reply = await client.call("DELETE", f"/orders/{order_id}")
    assert (status, reply) == (200, order_id)
    told = await client.get(f"/orders/{order_id}")
    assert (told["status"], told["done_reason"], told["settled"]) == ("done", "canceled", True)
    status, _, reply = await client.call("DELETE", f"/orders/{order_id}")
    assert (status, reply) == (400, {"message": "Order already done"})


async def test_an_order_is_canceled_by_the_clients_id_and_all_by_product(client):
    await placed(client, **LIMIT, client_oid="mine")
    status, _, reply = await client.call("DELETE", "/orders/client:mine")
    assert status == 200
    ids = [await placed(client, **LIMIT) for _ in range(2)]
    assert reply not in ids
    assert (await client.call("DELETE", "/orders?product_id=ETH-USD"))[2] == []
    assert (await client.call("DELETE", "/orders?product_id=BTC-USD"))[2] == ids
    assert await client.get("/orders") == []


async def test_a_post_only_order_that_would_take_is_a_normal_reply(client, venue):
    status, _, reply = await client.order(price="60100", size="0.1", post_only=True)
    assert (status, reply["status"], reply["reject_reason"]) == (200, "rejected", "post only")
    assert not venue.exchange.history(venue.account)
    assert (await client.call("GET", f"/orders/{reply['id']}"))[0] == 404


async def test_a_market_order_fills_and_its_fills_add_up(client):
    order_id = await placed(client, type="market", side="sell", size="0.5")
    told = await client.get(f"/orders/{order_id}")
    assert (told["status"], told["done_reason"], told["type"]) == ("done", "filled", "market")
    fills = await client.get(f"/fills?order_id={order_id}")
    assert fills == await client.get("/fills?product_id=BTC-USD")
    assert sum(Decimal(f["size"]) for f in fills) == Decimal("0.5")
    value = sum(Decimal(f["size"]) * Decimal(f["price"]) for f in fills)
    assert value == Decimal(told["executed_value"])
    assert sum(Decimal(f["fee"]) for f in fills) == Decimal(told["fill_fees"])
    assert {(f["liquidity"], f["side"]) for f in fills} == {("T", "sell")}


async def test_funds_buy_no_more_than_they_are_fees_included(client):
    order_id = await placed(client, type="market", funds="1000")
    told = await client.get(f"/orders/{order_id}")
    spent = Decimal(told["executed_value"]) + Decimal(told["fill_fees"])
    assert Decimal("999.99") < spent <= 1000
    assert told["specified_funds"] == "1000"


async def test_pages_of_fills_and_trades_follow_each_other(client):
    await placed(client, type="market", side="sell", size="0.5")
    every = await client.get("/fills?product_id=BTC-USD")
    assert len(every) > 3
    _, headers, first = await client.call("GET", "/fills?product_id=BTC-USD&limit=2")
    assert first == every[:2]
    after = headers["CB-AFTER"]
    assert after == str(first[-1]["trade_id"])
    second = await client.get(f"/fills?product_id=BTC-USD&after={after}&limit=1")
    assert second == every[2:3]
    before = await client.get(f"/fills?product_id=BTC-USD&before={after}")
    assert before == every[:1]
    trades = []
    while len(trades) < 3:  # public with the next step of the market
        trades = await client.get("/products/BTC-USD/trades?limit=3")
    assert [t["trade_id"] for t in trades] == [f["trade_id"] for f in every[:3]]
    assert trades[0]["side"] == "buy"  # the maker's


async def test_orders_are_listed_by_status_and_product(client):
    open_id = await placed(client, **LIMIT)
    done_id = await placed(client, type="market", size="0.01")
    assert [o["id"] for o in await client.get("/orders")] == [open_id]
    assert [o["id"] for o in await client.get("/orders?status=done")] == [done_id]
    every = await client.get("/orders?status=all")
    assert [o["id"] for o in every] == [done_id, open_id]
    assert await client.get("/orders?status=all&product_id=ETH-USD") == []


async def test_a_stop_is_active_until_it_is_triggered(client):
    await placed(client, type="market", size="0.001")
    fields = {"price": "59000", "size": "0.1", "stop": "loss", "stop_price": "59999.5"}
    order_id = await placed(client, side="sell", **fields)
    told = await client.get(f"/orders/{order_id}")
    assert (told["status"], told["stop"], told["stop_price"]) == ("active", "loss", "59999.50")
    await placed(client, type="market", side="sell", size="3")
    assert (await client.get(f"/orders/{order_id}"))["status"] == "done"


@pytest.mark.parametrize(
    ("fields", "tif", "status"),
    [
        ({"time_in_force": "IOC"}, "IOC", "done"),
        ({"time_in_force": "FOK"}, "FOK", "done"),
        ({"time_in_force": "GTT", "cancel_after": "hour"}, "GTT", "open"),
        ({"max_floor": "0.1"}, "GTC", "open"),
    ],
)
async def test_an_order_keeps_its_time_in_force(client, fields, tif, status):
    told = await client.get(f"/orders/{await placed(client, **LIMIT, **fields)}")
    assert (told["time_in_force"], told["status"]) == (tif, status)
    if "max_floor" in fields:
        assert told["max_floor"] == "0.10000000"


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"size": "100"}, 400, "Insufficient funds"),
        ({"price": "1.001"}, 400, "price too precise: 1.001"),
        ({"size": "0.00001"}, 400, "funds is too small"),
        ({"size": "1e-9"}, 400, "size is too accurate"),
        ({"size": "4000"}, 400, "size is too large"),
        ({"size": None}, 400, "Invalid size"),
        ({"product_id": "NO-SUCH"}, 404, "Product not found"),
        ({"side": "hold"}, 400, "Invalid side"),
        ({"type": "twap"}, 400, "Invalid order type: twap"),
        ({"time_in_force": "NOW"}, 400, "Invalid time_in_force"),
        ({"time_in_force": "GTT"}, 400, "Invalid cancel_after"),
        ({"time_in_force": "IOC", "post_only": True}, 400, "Invalid post_only"),
        ({"stp": "xx"}, 400, "Invalid stp"),
        ({"stop": "loss", "stop_price": "1"}, 400, "Invalid stop"),
        ({"type": "market", "size": None}, 400, "size or funds is required"),
        ({"type": "market", "size": None, "funds": "0.01"}, 400, "funds is too small"),
        ({"client_oid": 5}, 400, "Invalid client_oid"),
    ],
)
async def test_a_refused_order_says_why_and_leaves_nothing(client, venue, fields, status, message):
    found, _, reply = await client.order(**(LIMIT | fields))
    assert (found, reply) == (status, {"message": message})
    assert not venue.exchange.history(venue.account)


async def test_trading_states_refuse_orders(client, venue):
    venue.exchange.set_state(NAME, State.AUCTION)
    assert (await client.order(type="market", size="1"))[2] == {"message": "Limit only mode"}
    book = await client.get("/products/BTC-USD/book")
    assert book["auction_mode"]
    venue.exchange.set_state(NAME, State.CANCEL_ONLY)
    assert (await client.order(**LIMIT))[2] == {"message": "Cancel only mode"}
    venue.exchange.set_state(NAME, State.HALTED)
    assert (await client.order(**LIMIT))[2] == {"message": "Trading pair not available"}


async def test_books_of_all_levels_agree(client, venue):
    first, second, third = [
        await client.get(f"/products/BTC-USD/book?level={level}") for level in (1, 2, 3)
    ]
    for number, side in ((0, "bids"), (1, "asks")):
        truth = venue.truth("BTC-USD", number)
        assert {price: size for price, size, _ in second[side]} == truth
        assert first[side] == second[side][:1]
        counts, sizes = {}, {}
        for price, size, _ in third[side]:
            counts[price] = counts.get(price, 0) + 1
            sizes[price] = sizes.get(price, 0) + Decimal(size)
        assert {price: count for price, _, count in second[side]} == counts
        assert {price: f"{size:.8f}" for price, size in sizes.items()} == truth
        ids = [order for *_, order in third[side]]
        orders = venue.exchange.book(NAME).orders(number)
        assert ids == [order_uuid(order) for _, _, order in orders]
    assert first["sequence"] == third["sequence"]
    assert (await client.call("GET", "/products/BTC-USD/book?level=4"))[0] == 400


async def test_money_is_held_and_told(client):
    await placed(client, **LIMIT)
    wallets = {row["currency"]: row for row in await client.get("/accounts")}
    usd = wallets["USD"]
    assert Decimal(usd["balance"]) == 1_000_000
    assert Decimal(usd["available"]) + Decimal(usd["hold"]) == 1_000_000
    assert Decimal(usd["hold"]) > 25_000
    assert await client.get(f"/accounts/{usd['id']}") == usd
    assert (await client.call("GET", "/accounts/x"))[0] == 404
    fees = await client.get("/fees")
    assert (fees["maker_fee_rate"], fees["taker_fee_rate"]) == ("0.004", "0.006")
    assert (await client.get("/profiles"))[0]["is_default"]


async def test_public_data_is_there(client, venue):
    assert [row["id"] for row in await client.get("/products")] == ["BTC-USD", "ETH-USD"]
    product = await client.get("/products/ETH-USD")
    assert (product["quote_increment"], product["base_increment"]) == ("0.01", "0.00000001")
    assert product["min_market_funds"] == "1"
    assert {row["id"] for row in await client.get("/currencies")} == {"BTC", "ETH", "USD"}
    assert (await client.get("/currencies/BTC"))["max_precision"] == "0.00000001"
    time = await client.get("/time")
    assert abs(time["epoch"] - venue.now_s) < 5
    await placed(client, type="market", size="0.001")
    ticker = await client.get("/products/BTC-USD/ticker")
    while ticker["size"] != "0.00100000":  # public with the next step of the market
        ticker = await client.get("/products/BTC-USD/ticker")
    stats = await client.get("/products/BTC-USD/stats")
    assert stats["last"] == ticker["price"]
    candles = await client.get("/products/BTC-USD/candles?granularity=60")
    assert candles[0][4] == float(ticker["price"])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/products/NO-SUCH", "NotFound"),
        ("/products/NO-SUCH/book", "NotFound"),
        ("/currencies/XXX", "NotFound"),
        ("/orders/x", "NotFound"),
        ("/fills", "product_id or order_id is required"),
        ("/products/BTC-USD/candles?granularity=7", "Unsupported granularity"),
        ("/products/BTC-USD/trades?limit=x", "limit is not a number"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(client, path, message):
    status, _, reply = await client.call("GET", path)
    assert status in (400, 404)
    assert reply == {"message": message}


async def test_unknown_query_parameters_are_no_error_and_are_signed(client):
    assert (await client.call("GET", "/accounts?no-cache=1"))[0] == 200


async def test_an_unsigned_request_is_401_with_a_reason(venue):
    async with session() as opened, opened.get(f"{venue.http}/accounts") as reply:
        assert reply.status == 401
        assert await reply.json() == {"message": "Invalid API Key"}


async def test_each_kind_of_request_has_its_rate():
    rates = RestRates(FAST, FAST, FAST, Rate(0.001, 2), Rate(0.001, 1))
    async with Venue(rates=rates) as venue, session() as opened:
        client = Exchange(venue, opened)
        statuses = [(await client.call("GET", "/accounts"))[0] for _ in range(4)]
        assert statuses[:2] == [200, 200]
        assert 429 in statuses
        assert (await client.call("GET", "/fills?product_id=BTC-USD"))[0] == 200
        assert (await client.call("GET", "/products"))[0] == 200
