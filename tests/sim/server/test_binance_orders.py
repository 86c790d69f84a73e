"""Orders at the simulated Binance, over REST."""

import pytest

from engine.code import Side

from .binance_world import OTHER_KEY, OTHER_SECRET, serving

LIMIT = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.5", "price": "49000"}


@pytest.fixture
async def venue():
    async with serving() as served:
        yield served


async def locked(venue, asset):
    account = await venue.ok("GET", "account")
    return next(row["locked"] for row in account["balances"] if row["asset"] == asset)


async def test_a_resting_limit_order_is_answered_in_full(venue):
    body = await venue.order(**LIMIT, newClientOrderId="mine")
    stamp = body.pop("transactTime")
    assert abs(stamp - venue.stamp()) < 60_000
    assert body.pop("workingTime") == stamp
    order_id = body.pop("orderId")
    assert order_id > 0
    assert body == {
        "symbol": "BTCUSDT",
        "orderListId": -1,
        "clientOrderId": "mine",
        "price": "49000.00000000",
        "origQty": "0.50000000",
        "executedQty": "0.00000000",
        "origQuoteOrderQty": "0.00000000",
        "cummulativeQuoteQty": "0.00000000",
        "status": "NEW",
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "fills": [],
    }
    asked = await venue.ok("GET", "order", symbol="BTCUSDT", orderId=order_id)
    del body["fills"]
    assert asked == body | {
        "orderId": order_id,
        "stopPrice": "0.00000000",
        "icebergQty": "0.00000000",
        "time": stamp,
        "updateTime": stamp,
        "isWorking": True,
        "workingTime": stamp,
    }


async def test_a_market_order_walks_the_book_and_pays_its_fee_in_quote(venue):
    body = await venue.order(side="BUY", type="MARKET", quantity="1.5")
    assert body["status"] == "FILLED"
    assert body["executedQty"] == "1.50000000"
    assert body["cummulativeQuoteQty"] == "75020.00000000"
    assert [(f["price"], f["qty"], f["commission"]) for f in body["fills"]] == [
        ("50010.00000000", "1.00000000", "50.01000000"),
        ("50020.00000000", "0.50000000", "25.01000000"),
    ]
    assert {f["commissionAsset"] for f in body["fills"]} == {"USDT"}
    account = await venue.ok("GET", "account")
    held = {row["asset"]: row["free"] for row in account["balances"]}
    assert held == {"BTC": "11.50000000", "ETH": "100.00000000", "USDT": "924904.98000000"}


@pytest.mark.parametrize(
    ("side", "amount", "lots", "quote"),
    [
        ("BUY", "100030", "2.00000000", "100030.00000000"),
        ("SELL", "24995", "0.50000000", "24995.00000000"),
    ],
)
async def test_a_quote_amount_buys_or_sells_what_it_is_worth(venue, side, amount, lots, quote):
    body = await venue.order(side=side, type="MARKET", quoteOrderQty=amount)
    assert body["status"] == "FILLED"
    assert (body["origQty"], body["executedQty"]) == (lots, lots)
    assert body["cummulativeQuoteQty"] == quote
    assert body["origQuoteOrderQty"] == f"{amount}.00000000"


@pytest.mark.parametrize(
    ("fields", "status", "filled", "reason"),
    [
        (
            {"timeInForce": "IOC", "price": "50010", "quantity": "3"},
            "EXPIRED",
            "1.00000000",
            "UNFILLED_IOC_QUANTITY_EXPIRED",
        ),
        (
            {"timeInForce": "FOK", "price": "50010", "quantity": "3"},
            "EXPIRED",
            "0.00000000",
            "UNFILLED_FOK_ORDER_EXPIRED",
        ),
        ({"timeInForce": "FOK", "price": "50020", "quantity": "3"}, "FILLED", "3.00000000", None),
        (
            {"timeInForce": "GTC", "price": "50010", "quantity": "3"},
            "PARTIALLY_FILLED",
            "1.00000000",
            None,
        ),
    ],
)
async def test_the_time_in_force_says_what_becomes_of_the_rest(
    venue, fields, status, filled, reason
):
    body = await venue.order(side="BUY", type="LIMIT", **fields)
    assert (body["status"], body["executedQty"]) == (status, filled)
    assert body.get("expiryReason") == reason


async def test_a_market_order_that_empties_the_book_expires(venue):
    body = await venue.order(side="SELL", type="MARKET", quantity="7")
    assert (body["status"], body["executedQty"]) == ("EXPIRED", "6.00000000")
    assert body["expiryReason"] == "INSUFFICIENT_LIQUIDITY"


@pytest.mark.parametrize(
    ("response", "keys"),
    [("ACK", 5), ("RESULT", 16), ("FULL", 17)],
)
async def test_the_client_says_how_much_it_wants_to_be_told(venue, response, keys):
    body = await venue.order(**LIMIT, newOrderRespType=response)
    assert len(body) == keys


async def test_a_post_only_order_rests_or_is_refused(venue):
    fields = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT_MAKER", "quantity": "1"}
    body = await venue.ok("POST", "order", **fields, price="50010")
    assert "status" not in body  # its default is ACK
    code = await venue.refused("POST", "order", **fields, price="49990")
    assert code == (-2010, "Order would immediately match and take.")


async def test_a_canceled_order_is_told_under_both_ids(venue):
    placed = await venue.order(**LIMIT, newClientOrderId="first")
    body = await venue.ok(
        "DELETE", "order", symbol="BTCUSDT", origClientOrderId="first", newClientOrderId="bye"
    )
    assert body["orderId"] == placed["orderId"]
    assert (body["origClientOrderId"], body["clientOrderId"]) == ("first", "bye")
    assert body["status"] == "CANCELED"
    again = await venue.refused("DELETE", "order", symbol="BTCUSDT", origClientOrderId="first")
    assert again == (-2011, "Unknown order sent.")
    asked = await venue.ok("GET", "order", symbol="BTCUSDT", orderId=placed["orderId"])
    assert (asked["status"], asked["clientOrderId"]) == ("CANCELED", "first")


async def test_ids_that_do_not_agree_find_no_order(venue):
    placed = await venue.order(**LIMIT, newClientOrderId="one")
    both = {"symbol": "BTCUSDT", "orderId": placed["orderId"]}
    await venue.ok("GET", "order", **both, origClientOrderId="one")
    code = await venue.refused("GET", "order", **both, origClientOrderId="two")
    assert code == (-2039, "Client order ID is not correct for this order ID.")
    code = await venue.refused("GET", "order", symbol="ETHUSDT", orderId=placed["orderId"])
    assert code[0] == -2013


async def test_a_client_id_is_free_again_once_its_order_has_ended(venue):
    await venue.order(**LIMIT, newClientOrderId="once")
    code = await venue.refused("POST", "order", symbol="BTCUSDT", **LIMIT, newClientOrderId="once")
    assert code == (-2010, "Duplicate order sent.")
    await venue.ok("DELETE", "order", symbol="BTCUSDT", origClientOrderId="once")
    await venue.order(**LIMIT, newClientOrderId="once")


async def test_another_account_sees_nothing_of_an_order(venue):
    placed = await venue.order(**LIMIT)
    code = await venue.refused(
        "DELETE",
        "order",
        symbol="BTCUSDT",
        orderId=placed["orderId"],
        key=OTHER_KEY,
        secret=OTHER_SECRET,
    )
    assert code[0] == -2011
    assert await venue.ok("GET", "openOrders", key=OTHER_KEY, secret=OTHER_SECRET) == []
    assert len(await venue.ok("GET", "openOrders")) == 1


async def test_cancel_restrictions_are_kept(venue):
    placed = await venue.order(**LIMIT)
    order = {"symbol": "BTCUSDT", "orderId": placed["orderId"]}
    code = await venue.refused(
        "DELETE", "order", **order, cancelRestrictions="ONLY_PARTIALLY_FILLED"
    )
    assert code == (-2011, "Order was not canceled due to cancel restrictions.")
    await venue.ok("DELETE", "order", **order, cancelRestrictions="ONLY_NEW")


async def test_all_open_orders_of_a_symbol_are_canceled_at_once(venue):
    first, second = await venue.order(**LIMIT), await venue.order(**LIMIT)
    kept = await venue.order(**LIMIT | {"price": "2900", "symbol": "ETHUSDT"})
    body = await venue.ok("DELETE", "openOrders", symbol="BTCUSDT")
    assert [row["orderId"] for row in body] == [first["orderId"], second["orderId"]]
    assert [row["orderId"] for row in await venue.ok("GET", "openOrders")] == [kept["orderId"]]
    assert (await venue.refused("DELETE", "openOrders", symbol="BTCUSDT"))[0] == -2011


async def test_an_order_is_reduced_in_place_under_a_new_id(venue):
    placed = await venue.order(**LIMIT | {"quantity": "2"}, newClientOrderId="old")
    body = await venue.ok(
        "PUT",
        "order/amend/keepPriority",
        symbol="BTCUSDT",
        orderId=placed["orderId"],
        newQty="0.7",
        newClientOrderId="new",
    )
    amended = body["amendedOrder"]
    assert (amended["origClientOrderId"], amended["clientOrderId"]) == ("old", "new")
    assert amended["qty"] == "0.70000000"
    await venue.ok("GET", "order", symbol="BTCUSDT", origClientOrderId="new")
    code = await venue.refused("GET", "order", symbol="BTCUSDT", origClientOrderId="old")
    assert code[0] == -2013
    await venue.order(**LIMIT, newClientOrderId="old")
    for qty in ("0.7", "0.8"):
        code = await venue.refused(
            "PUT",
            "order/amend/keepPriority",
            symbol="BTCUSDT",
            orderId=placed["orderId"],
            newQty=qty,
        )
        assert code[0] == -2038


async def test_an_amended_id_is_taken_while_its_order_is_open_and_then_free(venue):
    amend = {"symbol": "BTCUSDT", "newQty": "0.4"}
    await venue.order(**LIMIT, newClientOrderId="a")
    other = await venue.order(**LIMIT, newClientOrderId="c")
    path = "order/amend/keepPriority"
    await venue.ok("PUT", path, **amend, origClientOrderId="a", newClientOrderId="b")
    taken = (-2010, "Duplicate order sent.")
    refusals = [
        await venue.refused("POST", "order", symbol="BTCUSDT", **LIMIT, newClientOrderId="b"),
        await venue.refused("PUT", path, **amend, orderId=other["orderId"], newClientOrderId="b"),
    ]
    assert refusals == [taken, taken]
    await venue.ok("DELETE", "order", symbol="BTCUSDT", origClientOrderId="b")
    newest = await venue.order(**LIMIT, newClientOrderId="b")
    asked = await venue.ok("GET", "order", symbol="BTCUSDT", origClientOrderId="b")
    assert asked["orderId"] == newest["orderId"]
    found = await venue.refused("POST", "order", symbol="BTCUSDT", **LIMIT, newClientOrderId="b")
    assert found == taken


async def test_an_order_is_replaced_by_another(venue):
    placed = await venue.order(**LIMIT)
    body = await venue.ok(
        "POST",
        "order/cancelReplace",
        symbol="BTCUSDT",
        **LIMIT | {"price": "48000"},
        cancelReplaceMode="STOP_ON_FAILURE",
        cancelOrderId=placed["orderId"],
    )
    assert (body["cancelResult"], body["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    assert body["cancelResponse"]["orderId"] == placed["orderId"]
    assert body["newOrderResponse"]["price"] == "48000.00000000"


@pytest.mark.parametrize(
    ("mode", "found", "price", "status", "code", "results"),
    [
        ("STOP_ON_FAILURE", False, "48000", 400, -2022, ("FAILURE", "NOT_ATTEMPTED")),
        ("ALLOW_FAILURE", False, "48000", 409, -2021, ("FAILURE", "SUCCESS")),
        ("ALLOW_FAILURE", False, "50010", 400, -2022, ("FAILURE", "FAILURE")),
        ("STOP_ON_FAILURE", True, "50010", 409, -2021, ("SUCCESS", "FAILURE")),
    ],
)
async def test_a_replacement_may_go_wrong_in_part(venue, mode, found, price, status, code, results):
    placed = await venue.order(**LIMIT)
    replied, body, _ = await venue.signed(
        "POST",
        "order/cancelReplace",
        symbol="BTCUSDT",
        side="BUY",
        type="LIMIT_MAKER",
        quantity="0.1",
        price=price,
        cancelReplaceMode=mode,
        cancelOrderId=placed["orderId"] if found else 999_999,
    )
    assert (replied, body["code"]) == (status, code)
    assert (body["data"]["cancelResult"], body["data"]["newOrderResult"]) == results


async def test_an_iceberg_shows_its_part(venue):
    await venue.order(**LIMIT | {"quantity": "5", "price": "49995"}, icebergQty="0.5")
    depth = (await venue.request("GET", "depth", "symbol=BTCUSDT"))[1]
    assert depth["bids"][0] == ["49995.00000000", "0.50000000"]


async def test_a_stop_waits_and_then_enters(venue):
    placed = await venue.order(
        side="SELL",
        type="STOP_LOSS_LIMIT",
        timeInForce="GTC",
        quantity="0.5",
        price="49800",
        stopPrice="49990",
    )
    order = {"symbol": "BTCUSDT", "orderId": placed["orderId"]}
    asked = await venue.ok("GET", "order", **order)
    assert (asked["status"], asked["isWorking"], asked["stopPrice"]) == (
        "NEW",
        False,
        "49990.00000000",
    )
    assert asked["workingTime"] == -1
    await venue.order(
        side="SELL", type="MARKET", quantity="0.1", key=OTHER_KEY, secret=OTHER_SECRET
    )
    asked = await venue.ok("GET", "order", **order)
    assert (asked["status"], asked["executedQty"]) == ("FILLED", "0.50000000")


@pytest.mark.parametrize(
    ("kind", "extra"),
    [("TAKE_PROFIT", {}), ("TAKE_PROFIT_LIMIT", {"price": "50005", "timeInForce": "GTC"})],
)
async def test_a_take_profit_reserves_its_funds_waits_and_enters_under_its_id(venue, kind, extra):
    placed = await venue.order(
        side="SELL", type=kind, quantity="0.5", stopPrice="50010", newClientOrderId="tp", **extra
    )
    order = {"symbol": "BTCUSDT", "orderId": placed["orderId"]}
    asked = await venue.ok("GET", "order", **order)
    assert (asked["status"], asked["isWorking"], asked["type"]) == ("NEW", False, kind)
    assert asked["price"] == (f"{extra['price']}.00000000" if extra else "0.00000000")
    assert await locked(venue, "BTC") == "0.50000000"
    venue.quote(Side.BUY, 50_010, 1.5)  # trades at 50,010, and is then the best bid
    venue.step()
    asked = await venue.ok("GET", "order", **order)
    assert (asked["status"], asked["executedQty"]) == ("FILLED", "0.50000000")
    assert [o["orderId"] for o in await venue.ok("GET", "allOrders", symbol="BTCUSDT")] == [
        placed["orderId"]
    ]
    trades = await venue.ok("GET", "myTrades", symbol="BTCUSDT", orderId=placed["orderId"])
    assert [(t["orderId"], t["qty"]) for t in trades] == [(placed["orderId"], "0.50000000")]


async def test_a_take_profit_that_is_canceled_gives_its_funds_back(venue):
    await venue.order(
        side="BUY", type="TAKE_PROFIT", quantity="0.5", stopPrice="49000", newClientOrderId="tp"
    )
    assert await locked(venue, "USDT") == "24524.50000000"
    await venue.ok("DELETE", "order", symbol="BTCUSDT", origClientOrderId="tp")
    assert await locked(venue, "USDT") == "0.00000000"


@pytest.mark.parametrize(
    ("side", "kind", "stop"),
    [
        ("BUY", "STOP_LOSS", "49999"),
        ("SELL", "STOP_LOSS", "50001"),
        ("BUY", "TAKE_PROFIT", "50001"),
        ("SELL", "TAKE_PROFIT", "49999"),
    ],
)
async def test_a_stop_that_is_reached_already_is_refused(venue, side, kind, stop):
    code = await venue.refused(
        "POST", "order", symbol="BTCUSDT", side=side, type=kind, quantity="0.5", stopPrice=stop
    )
    assert code == (-2010, "Order would trigger immediately.")


@pytest.mark.parametrize(
    ("mode", "statuses"),
    [
        ("EXPIRE_MAKER", ("EXPIRED_IN_MATCH", "NEW")),
        ("EXPIRE_TAKER", ("NEW", "EXPIRED_IN_MATCH")),
        ("EXPIRE_BOTH", ("EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH")),
    ],
)
async def test_orders_of_one_account_do_not_trade_with_each_other(venue, mode, statuses):
    maker = await venue.order(**LIMIT | {"price": "50005"})
    taker = await venue.order(
        **LIMIT | {"price": "50005", "side": "SELL"}, selfTradePreventionMode=mode
    )
    rows = [
        await venue.ok("GET", "order", symbol="BTCUSDT", orderId=placed["orderId"])
        for placed in (maker, taker)
    ]
    assert tuple(row["status"] for row in rows) == statuses
    expired = [row for row in rows if row["status"] == "EXPIRED_IN_MATCH"]
    assert all(row["preventedQuantity"] == "0.50000000" for row in expired)
    assert all(row["preventedMatchId"] for row in expired)


async def test_a_test_order_is_checked_and_not_entered(venue):
    assert await venue.ok("POST", "order/test", symbol="BTCUSDT", **LIMIT) == {}
    assert await venue.ok("GET", "openOrders") == []
    body = await venue.ok(
        "POST", "order/test", symbol="BTCUSDT", **LIMIT, computeCommissionRates="true"
    )
    assert body["standardCommissionForOrder"] == {"maker": "0.00100000", "taker": "0.00100000"}


async def test_order_lists_are_refused_and_there_are_none(venue):
    code = await venue.refused("POST", "orderList/oco", symbol="BTCUSDT")
    assert code == (-2010, "OCO orders are not supported for this symbol.")
    assert await venue.ok("GET", "openOrderList") == []


async def test_trades_of_the_account_are_paged(venue):
    for _ in range(3):
        await venue.order(side="BUY", type="MARKET", quantity="0.1")
    trades = await venue.ok("GET", "myTrades", symbol="BTCUSDT")
    assert len(trades) == 3
    assert trades[0]["commission"] == "5.00100000"
    assert (trades[0]["isBuyer"], trades[0]["isMaker"]) == (True, False)
    later = await venue.ok("GET", "myTrades", symbol="BTCUSDT", fromId=trades[1]["id"], limit=1)
    assert later == trades[1:2]
    assert await venue.ok("GET", "myTrades", symbol="BTCUSDT", limit=2) == trades[1:]
    assert await venue.ok("GET", "myTrades", symbol="ETHUSDT") == []


async def test_all_orders_are_told_by_id(venue):
    ids = [(await venue.order(**LIMIT))["orderId"] for _ in range(3)]
    await venue.ok("DELETE", "order", symbol="BTCUSDT", orderId=ids[0])
    rows = await venue.ok("GET", "allOrders", symbol="BTCUSDT")
    assert [row["orderId"] for row in rows] == ids
    rows = await venue.ok("GET", "allOrders", symbol="BTCUSDT", orderId=ids[1], limit=1)
    assert [row["orderId"] for row in rows] == ids[1:2]


async def test_commission_is_what_the_market_charges(venue):
    body = await venue.ok("GET", "account/commission", symbol="BTCUSDT")
    assert body["standardCommission"]["taker"] == "0.00100000"
    account = await venue.ok("GET", "account")
    assert account["takerCommission"] == 10
    assert account["permissions"] == ["SPOT"]
