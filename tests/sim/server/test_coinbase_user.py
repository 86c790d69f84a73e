"""The channels of the simulated Advanced Trade that tell of one's own orders, and the rest."""

import hashlib
import hmac

import pytest

from engine.code import Side, State, Tif, Type
from sim.exchange.order import Request
from sim.wire.coinbase_id import order_uuid

from .coinbase_keys import jwt
from .coinbase_market import Venue, dial
from .helpers import closed, read, read_many, send, within

NAME = "BTC-USD.COINBASE"


@pytest.fixture
async def venue():
    made = Venue()
    made.market.busy = False
    async with made:
        yield made


def place(venue, price=5_000_000, qty=5000, side=Side.BUY, listing=NAME, **more):
    kind = more.pop("type", Type.LIMIT)
    return venue.exchange.place(
        venue.account, Request(listing, side, kind, qty, price=price, **more)
    )


async def subscribe(venue, socket, channel="user", products=(), **more):
    fields = {"jwt": jwt(venue.now_s), **more}
    await send(socket, type="subscribe", channel=channel, product_ids=list(products), **fields)


def is_user(frame):
    return frame.get("channel") == "user"


def orders(frame):
    return frame["events"][0]["orders"]


def kind(frame):
    return frame["events"][0]["type"]


async def test_the_snapshot_holds_the_open_orders_fifty_a_frame(venue):
    made = [place(venue) for _ in range(120)]
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket)
        frames = await read_many(socket, 3, is_user)
    assert [len(orders(frame)) for frame in frames] == [50, 50, 20]
    assert {kind(frame) for frame in frames} == {"snapshot"}
    assert [frame["sequence_num"] for frame in frames] == [0, 1, 2]
    ids = [row["order_id"] for frame in frames for row in orders(frame)]
    assert ids == [order_uuid(order.id) for order in made]


async def test_updates_are_cumulative(venue):
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket)
        assert orders(await read(socket, is_user)) == []
        ask = venue.exchange.book(NAME).side(1).levels(2)
        place(venue, price=ask[1][0], qty=ask[0][1] + 1000)
        frames = await read_many(socket, 3, is_user)
    rows = [orders(frame)[0] for frame in frames]
    assert {kind(frame) for frame in frames} == {"update"}
    assert rows[0]["status"] == "OPEN"
    assert rows[0]["cumulative_quantity"] == "0"
    filled = [float(row["cumulative_quantity"]) for row in rows]
    left = [float(row["leaves_quantity"]) for row in rows]
    assert filled == sorted(filled)
    assert filled[1] > 0
    assert [int(row["number_of_fills"]) for row in rows] == [0, 1, 2]
    whole = (ask[0][1] + 1000) / 1e8
    assert all(abs(a + b - whole) < 1e-9 for a, b in zip(filled, left, strict=True))
    assert float(rows[2]["total_fees"]) > float(rows[1]["total_fees"]) > 0


async def test_each_way_in_which_an_order_ends_is_told(venue):
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket)
        await read(socket, is_user)
        order = place(venue)
        venue.exchange.cancel(venue.account, order.id)
        place(venue, tif=Tif.IOC)
        place(venue, type=Type.MARKET, price=0)
        seen = {}
        while len(seen) < 3 or "OPEN" in seen.values():
            for row in orders(await read(socket, is_user)):
                seen[row["order_id"]] = row["status"]
    assert list(seen.values()) == ["CANCELLED", "CANCELLED", "FILLED"]


async def test_a_client_that_comes_back_is_sent_the_last_updates_again(venue):
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket)
        await read(socket, is_user)
        order = place(venue)
        first = await read(socket, lambda f: is_user(f) and kind(f) == "update")
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket)
        snapshot, again = await read_many(socket, 2, is_user)
    assert [row["order_id"] for row in orders(snapshot)] == [order_uuid(order.id)]
    assert (kind(again), orders(again)) == ("update", orders(first))


async def test_only_the_products_asked_for_are_told(venue):
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket, products=["ETH-USD"])
        await read(socket, is_user)
        place(venue)
        wanted = place(venue, price=200_000, qty=10**7, listing="ETH-USD.COINBASE")
        update = await read(socket, lambda f: is_user(f) and kind(f) == "update")
    assert orders(update)[0]["order_id"] == order_uuid(wanted.id)
    assert update["sequence_num"] == 2


async def test_after_an_unsubscribe_nothing_more_is_told(venue):
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket)
        await send(socket, type="unsubscribe", channel="user", jwt=jwt(venue.now_s))
        acks = await read_many(socket, 2, lambda f: f["channel"] == "subscriptions")
        assert acks[1]["events"][0]["subscriptions"] == {}
        place(venue)
        await subscribe(venue, socket, "heartbeats")
        assert (await read(socket, lambda f: f["channel"] != "subscriptions"))["channel"] == (
            "heartbeats"
        )


async def test_others_are_told_nothing(venue):
    async with dial(venue.ws) as socket:
        stamp = str(venue.now_s)
        signature = hmac.new(b"another", f"{stamp}user".encode(), hashlib.sha256).hexdigest()
        auth = {"api_key": "other", "timestamp": stamp, "signature": signature}
        await send(socket, type="subscribe", channel="user", product_ids=[], **auth)
        assert orders(await read(socket, is_user)) == []
        place(venue)
        theirs = Request(NAME, Side.BUY, Type.LIMIT, 5000, price=3_000_000)
        order = venue.exchange.place(venue.exchange.account_of("other"), theirs)
        assert orders(await read(socket, is_user))[0]["order_id"] == order_uuid(order.id)


@pytest.mark.parametrize("more", [{"jwt": "x"}, {"jwt": None}, {"jwt": None, "signature": "x"}])
async def test_a_wrong_signature_is_refused_on_any_channel(venue, more):
    async with dial(venue.ws) as socket:
        for channel in ("user", "ticker"):
            await subscribe(venue, socket, channel, ["BTC-USD"], **more)
            assert await read(socket) == {"type": "error", "message": "authentication failure"}


async def test_a_token_that_was_accepted_may_expire_while_the_subscription_lives(venue):
    """A client signs each subscription afresh; the ones it has are not asked again."""
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket, jwt=jwt(venue.now_s - 60))
        await read(socket, is_user)
        await subscribe(venue, socket, "ticker", ["BTC-USD"], jwt=jwt(venue.now_s - 130))
        assert (await read(socket, lambda f: "message" in f))["message"] == "authentication failure"
        place(venue)
        assert kind(await read(socket, is_user)) == "update"


async def test_the_balance_summary_of_futures_is_accepted_and_empty(venue):
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket, "futures_balance_summary")
        frame, ack = await read_many(socket, 2)
    assert frame["events"] == [{"type": "snapshot", "fcm_balance_summary": {}}]
    assert list(ack["events"][0]["subscriptions"]) == ["futures_balance_summary"]


async def test_candles_status_and_batched_tickers_are_sent(venue):
    venue.market.busy = True
    async with dial(venue.ws) as socket:
        for channel in ("candles", "status", "ticker_batch"):
            await subscribe(venue, socket, channel, ["BTC-USD"])
        found = {}
        while ("candles", "update") not in found or len(found) < 4:
            frame = await read(socket)
            if frame["channel"] != "subscriptions":
                found[frame["channel"], kind(frame)] = frame["events"][0]
        candle = found["candles", "update"]["candles"][0]
        assert candle["product_id"] == "BTC-USD"
        assert int(candle["start"]) % 300 == 0
        assert float(candle["low"]) <= float(candle["close"]) <= float(candle["high"])
        status = found["status", "snapshot"]["products"][0]
        assert (status["id"], status["status"]) == ("BTC-USD", "online")
        ticker = found["ticker_batch", "snapshot"]["tickers"][0]
        assert "best_bid" not in ticker
        assert ticker["price"]


async def test_a_change_of_the_trading_state_is_told_by_status(venue):
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket, "status", ["BTC-USD"])
        await read(socket, lambda f: f["channel"] == "status")
        venue.exchange.set_state(NAME, State.CANCEL_ONLY)
        update = await read(socket, lambda f: f["channel"] == "status" and kind(f) == "update")
    assert update["events"][0]["products"][0]["cancel_only"]


async def test_an_empty_side_is_told_and_harms_nothing(venue):
    for agent in ("agent 0", "agent 1"):
        venue.exchange.cancel_all(venue.exchange.account_of(agent), NAME)
    async with dial(venue.ws) as socket:
        for channel in ("ticker", "level2"):
            await subscribe(venue, socket, channel, ["BTC-USD"])
        ticker = await read(socket, lambda f: f["channel"] == "ticker")
        assert ticker["events"][0]["tickers"][0]["best_bid"] == "0"
        snapshot = await read(socket, lambda f: f["channel"] == "l2_data")
        assert snapshot["events"][0]["updates"] == []
        place(venue)
        prices = []
        while "50000" not in prices:
            update = await read(socket, lambda f: f["channel"] == "l2_data")
            prices = [row["price_level"] for row in update["events"][0]["updates"]]


async def test_a_subscription_that_is_never_accepted_meets_the_deadline():
    async with Venue(subscribe_s=0.3) as venue, within(), dial(venue.ws) as socket:
        await subscribe(venue, socket, jwt="x")
        assert await closed(socket) == 1008
