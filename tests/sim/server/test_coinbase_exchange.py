"""The simulated Coinbase Exchange over real sockets: its feed."""

import aiohttp
import pytest

from engine.code import Side as OrderSide
from engine.code import State, Tif, Type
from sim.exchange.order import Request
from sim.server.counts import Rule
from sim.wire.coinbase_id import order_uuid

from .coinbase_keys import COINBASE_KEYS, exchange_auth
from .coinbase_market import Market, Venue, dial
from .helpers import closed, read, read_many, send, until, within

PRODUCTS = ["BTC-USD", "ETH-USD"]


@pytest.fixture
async def venue():
    async with Venue() as opened:
        yield opened


async def get(venue, path):
    async with aiohttp.ClientSession() as session, session.get(venue.http + path) as reply:
        return await reply.json()


def kind(*names):
    return lambda frame: frame["type"] in names


async def subscribe(venue, socket, *channels, signed=False, products=("BTC-USD",), **more):
    auth = exchange_auth(venue.now_s) if signed else {}
    fields = {"product_ids": list(products), "channels": list(channels)}
    await send(socket, type="subscribe", **fields, **auth, **more)


class Orders:
    """A book of single orders, kept by the rules that the venue documents."""

    def __init__(self, snapshot):
        self.sequence = snapshot["sequence"]
        self.sides = {
            side: {order: [price, round(float(size) * 1e8)] for price, size, order in snapshot[key]}
            for side, key in (("buy", "bids"), ("sell", "asks"))
        }

    def take(self, message):
        if "sequence" not in message or message["sequence"] <= self.sequence:
            return
        assert message["sequence"] == self.sequence + 1
        self.sequence += 1
        orders = self.sides[message["side"]]
        match message["type"]:
            case "open":
                lots = round(float(message["remaining_size"]) * 1e8)
                orders[message["order_id"]] = [message["price"], lots]
            case "match":
                held = orders[message["maker_order_id"]]
                assert held[0] == message["price"]
                held[1] -= round(float(message["size"]) * 1e8)
                if not held[1]:
                    del orders[message["maker_order_id"]]
            case "change":
                if message["order_id"] in orders:
                    orders[message["order_id"]][1] = round(float(message["new_size"]) * 1e8)
            case "done":
                orders.pop(message["order_id"], None)

    def rows(self, side):
        sign = -1 if side == "buy" else 1
        rows = [(price, lots, order) for order, (price, lots) in self.sides[side].items()]
        return sorted(rows, key=lambda row: float(row[0]) * sign)


def orders_of(venue, side):
    return [
        (f"{price / 100:.2f}", lots, order_uuid(order))
        for price, lots, order in venue.exchange.book("BTC-USD.COINBASE").orders(side)
    ]


async def test_full_rebuilds_the_very_book_order_by_order(venue):
    """The queue is begun before the snapshot, and each number follows the last."""
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket, "full", "heartbeat", signed=True)
        queue = await read_many(socket, 40, kind("received", "open", "done", "match", "change"))
        book = Orders(await get(venue, "/products/BTC-USD/book?level=3"))
        assert book.sequence >= queue[0]["sequence"]
        for message in queue:
            book.take(message)
        seen = set()
        while not {"received", "open", "match", "change", "done"} <= seen or len(seen) < 5:
            message = await read(socket, kind("received", "open", "done", "match", "change"))
            seen.add(message["type"])
            book.take(message)
        venue.market.busy = False
        async with within():
            while not all(book.rows(s) == orders_of(venue, i) for i, s in enumerate(book.sides)):
                book.take(await read(socket, lambda frame: frame["type"] != "heartbeat"))


async def test_heartbeats_tickers_and_the_rest_book_share_the_sequence_of_full(venue):
    async with dial(venue.ws) as socket:
        channels = ("full", "heartbeat", "ticker", "matches")
        await subscribe(venue, socket, *channels, signed=True)
        numbers, kinds = {}, set()
        while len(kinds & {"heartbeat", "ticker", "match"}) < 3 or len(numbers) < 50:
            message = await read(socket)
            kinds.add(message["type"])
            begun = numbers or message["type"] in ("received", "open", "done", "change")
            if begun and message["type"] in ("received", "open", "done", "match", "change"):
                numbers.setdefault(message["sequence"], []).append(message)
            elif message["type"] == "ticker" and message["sequence"] in numbers:
                traded = numbers[message["sequence"]][0]
                assert (traded["type"], traded["trade_id"]) == ("match", message["trade_id"])
            elif message["type"] == "heartbeat" and numbers:
                assert min(numbers) - 1 <= message["sequence"] <= max(numbers)
        book = await get(venue, "/products/BTC-USD/book?level=3")
        assert book["sequence"] >= max(numbers)
    assert sorted(numbers) == list(range(min(numbers), max(numbers) + 1))


async def test_level3_says_the_same_in_arrays(venue):
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket, "full", "level3", signed=True)
        schema = (await read(socket, lambda f: isinstance(f, dict) and f["type"] == "level3"))[
            "schema"
        ]
        told, rows = {}, {}
        while len(set(told) & set(rows)) < 60:
            frame = await read(socket)
            if isinstance(frame, list):
                row = dict(zip(schema[frame[0]], frame, strict=True))
                rows[int(row["sequence"])] = row
            elif frame["type"] in ("received", "open", "done", "match", "change"):
                told[frame["sequence"]] = frame
    for number in set(told) & set(rows):
        message, row = told[number], rows[number]
        named = "noop" if message["type"] == "received" else message["type"]
        assert (row["type"], row["product_id"]) == (named, "BTC-USD")
        ids = ("order_id", "maker_order_id", "taker_order_id", "price", "time")
        assert all(row[key] == message[key] for key in ids if key in row)
        sizes = {"open": "remaining_size", "match": "size", "change": "new_size"}
        if named in sizes:
            assert row["size"] == message[sizes[named]]


async def test_the_side_of_a_match_is_the_makers(venue):
    venue.market.busy = False
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket, "matches", "ticker")
        await read(socket, kind("subscriptions"))
        venue.exchange.place(
            venue.account,
            Request("BTC-USD.COINBASE", OrderSide.BUY, Type.MARKET, 1000, tif=Tif.IOC),
        )
        match = await read(socket, kind("match"))
        ticker = await read(socket, kind("ticker"))
    assert (match["side"], ticker["side"]) == ("sell", "buy")
    assert (match["trade_id"], match["sequence"]) == (ticker["trade_id"], ticker["sequence"])
    assert match["size"] == "0.00001000"


@pytest.mark.parametrize(("channel", "signed"), [("level2", True), ("level2_batch", False)])
async def test_levels_end_equal_to_the_book(venue, channel, signed):
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket, channel, signed=signed)
        snapshot = await read(socket, kind("snapshot"))
        book = {side: dict(snapshot[key]) for side, key in (("buy", "bids"), ("sell", "asks"))}

        async def step():
            update = await read(socket, kind("l2update"))
            for side, price, size in update["changes"]:
                book[side][price] = size
                if float(size) == 0:
                    del book[side][price]

        for _ in range(10):
            await step()
        venue.market.busy = False
        async with within():
            while [book["buy"], book["sell"]] != [venue.truth("BTC-USD", s) for s in (0, 1)]:
                await step()


async def test_heartbeats_come_each_second_and_name_the_last_trade(venue):
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket, "heartbeat", products=PRODUCTS)
        beats = await read_many(socket, 4, kind("heartbeat"))
    assert [beat["product_id"] for beat in beats] == PRODUCTS * 2
    assert beats[2]["sequence"] > beats[0]["sequence"]
    assert beats[2]["last_trade_id"] >= beats[0]["last_trade_id"] > 0


async def test_channels_may_be_texts_and_objects_and_the_ack_lists_all(venue):
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket, "heartbeat", {"name": "ticker", "product_ids": ["ETH-USD"]})
        first = await read(socket, kind("subscriptions"))
        named = {row["name"]: row["product_ids"] for row in first["channels"]}
        assert named == {"heartbeat": ["BTC-USD"], "ticker": ["ETH-USD"]}
        await send(socket, type="unsubscribe", channels=["heartbeat"])
        second = await read(socket, kind("subscriptions"))
        assert [row["name"] for row in second["channels"]] == ["ticker"]


async def test_status_lists_products_and_currencies(venue):
    async with dial(venue.ws) as socket:
        await send(socket, type="subscribe", channels=[{"name": "status"}])
        status = await read(socket, kind("status"))
    assert [row["id"] for row in status["products"]] == PRODUCTS
    assert {row["id"] for row in status["currencies"]} == {"BTC", "ETH", "USD"}


@pytest.mark.parametrize("channel", ["level2", "full", "level3", "user"])
async def test_some_channels_need_a_signature(venue, channel):
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket, channel)
        error = await read(socket)
    assert (error["type"], error["message"]) == ("error", "Failed to subscribe")
    assert "require authentication" in error["reason"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"channels": ["nope"]}, "Failed to subscribe"),
        ({"channels": ["ticker"], "product_ids": ["NO-SUCH"]}, "Failed to subscribe"),
        ({"channels": ["ticker"]}, "Failed to subscribe"),
        ({"channels": []}, "Failed to subscribe"),
        ({"channels": [5]}, "Failed to subscribe"),
        ({"channels": ["ticker"], "product_ids": "BTC-USD"}, "Failed to subscribe"),
        ({"channels": ["ticker"], "type": "shout"}, "Malformed JSON"),
        ({"channels": ["ticker"], "signature": "x", "key": "pro"}, "Authentication Failed"),
    ],
)
async def test_a_message_that_makes_no_sense_is_answered_with_a_reason(venue, fields, message):
    async with dial(venue.ws) as socket:
        await send(socket, **{"type": "subscribe", **fields})
        error = await read(socket)
    assert (error["type"], error["message"]) == ("error", message)
    assert error["reason"]
    assert venue.server.counts.refused == 1


async def test_a_refused_message_subscribes_nothing(venue):
    async with dial(venue.ws) as socket:
        named = [{"name": "ticker", "product_ids": ["BTC-USD"]}, "heartbeat"]
        await send(socket, type="subscribe", channels=named)
        assert (await read(socket))["reason"] == "product_ids is required"
        await subscribe(venue, socket, "ticker")
        assert await read(socket, kind("ticker"))


async def test_a_path_settles_which_product_a_broken_message_is_for():
    async with Venue() as venue, dial(f"{venue.ws}/exchange") as socket:
        await socket.send('{"type":"hello"}')
        assert "reason" in await read(socket)


async def test_one_socket_each_speaks_its_own_product(venue):
    async with dial(venue.ws) as one, dial(venue.ws) as other:
        await subscribe(venue, one, "ticker")
        await send(other, type="subscribe", channel="ticker", product_ids=["BTC-USD"])
        assert (await read(one, kind("ticker")))["best_bid"]
        assert (await read(other))["channel"] == "ticker"


async def test_messages_beyond_the_rate_are_refused_and_counted():
    async with Venue(exchange_messages_per_s=2) as venue, dial(venue.ws) as socket:
        for _ in range(40):
            await subscribe(venue, socket, "ticker")
        error = await read(socket, kind("error"))
        assert error["message"] == "rate limit exceeded"
        assert venue.server.counts.violations[Rule.MESSAGE_RATE]


async def test_a_client_that_does_not_subscribe_in_time_is_closed():
    async with Venue(subscribe_s=0.05) as venue, dial(f"{venue.ws}/exchange") as socket:
        assert await closed(socket) == 1008


async def test_user_tells_only_ones_own_orders_with_the_numbers_of_full(venue):
    async with dial(venue.ws) as mine, dial(venue.ws) as all_:
        await subscribe(venue, mine, "user", signed=True)
        await subscribe(venue, all_, "full", signed=True)
        await read(all_, kind("open"))
        request = Request("BTC-USD.COINBASE", OrderSide.BUY, Type.LIMIT, 5000, price=5_900_000)
        order = venue.exchange.place(venue.account, request)
        uuid = order_uuid(order.id)
        own = await read_many(mine, 2, kind("received", "open", "done"))
        theirs = await read(all_, lambda f: f.get("order_id") == uuid and f["type"] == "open")
        venue.exchange.cancel(venue.account, order.id)
        done = await read(mine, kind("done"))
    assert [(m["type"], m["order_id"]) for m in own] == [("received", uuid), ("open", uuid)]
    assert own[1]["sequence"] == theirs["sequence"]
    assert own[0]["user_id"]
    assert (done["order_id"], done["reason"]) == (uuid, "canceled")


async def test_a_stop_that_waits_is_told_to_its_owner_without_a_number(venue):
    async with dial(venue.ws) as mine:
        await subscribe(venue, mine, "user", signed=True)
        await read(mine, kind("subscriptions"))
        stop = Request(
            "BTC-USD.COINBASE",
            OrderSide.SELL,
            Type.STOP_LIMIT,
            5000,
            price=5_000_000,
            stop_price=5_000_100,
        )
        venue.exchange.place(venue.account, stop)
        told = await read(mine, kind("activate"))
    assert (told["stop_type"], told["stop_price"]) == ("loss", "50001.00")
    assert "sequence" not in told


async def test_products_tell_their_trading_state(venue):
    venue.exchange.set_state("ETH-USD.COINBASE", State.CANCEL_ONLY)
    rows = {row["id"]: row for row in await get(venue, "/products")}
    assert (rows["BTC-USD"]["cancel_only"], rows["ETH-USD"]["cancel_only"]) == (False, True)


async def test_a_paused_venue_makes_up_for_it_and_the_book_is_right(venue):
    async with dial(venue.ws) as socket:
        await subscribe(venue, socket, "full", signed=True)
        await read(socket, kind("open"))
        venue.server.pause()
        book = Orders(await get(venue, "/products/BTC-USD/book?level=3"))
        await until(lambda: venue.exchange.book("BTC-USD.COINBASE").update_id % 50 == 0)
        venue.server.resume()
        venue.market.busy = False
        async with within():
            while not all(book.rows(s) == orders_of(venue, i) for i, s in enumerate(book.sides)):
                book.take(await read(socket, lambda frame: "sequence" in frame))


async def test_a_market_without_keys_serves_public_channels():
    async with Venue(Market(), keys=COINBASE_KEYS[3:]) as venue, dial(venue.ws) as socket:
        await subscribe(venue, socket, "ticker")
        assert await read(socket, kind("ticker"))
