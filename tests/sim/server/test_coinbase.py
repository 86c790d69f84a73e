"""The simulated Coinbase Advanced Trade over real sockets."""

import aiohttp
import pytest

from sim.server.coinbase import CoinbaseRules
from sim.server.counts import Rule
from sim.server.world import SimulatedWorld

from .helpers import apply_levels, closed, dial, read, read_many, send, until, within


async def subscribe(socket, channel, *products, kind="subscribe"):
    await send(socket, type=kind, channel=channel, product_ids=list(products))


def is_channel(name):
    return lambda frame: frame.get("channel") == name


def is_ack(frame):
    return frame["channel"] == "subscriptions"


def acked(frame):
    return frame["events"][0]["subscriptions"]


def served(**rules):
    return SimulatedWorld(seed=3, coinbase_rules=CoinbaseRules(**rules))


async def test_a_book_kept_from_the_socket_is_the_markets(told):
    """Each state of the rebuilt book is one that the market was in, later each time."""
    world, truth = told
    frames = []
    async with dial(world.coinbase.ws_url) as socket:
        await subscribe(socket, "level2", "BTC-USD")
        frames = await read_many(socket, 6, is_channel("l2_data"))
    states = truth.books("BTC-USD.COINBASE")
    bids, asks = {}, {}
    held = None
    for frame in frames:
        for side, book in (("bid", bids), ("offer", asks)):
            rows = [u for u in frame["events"][0]["updates"] if u["side"] == side]
            apply_levels(book, [(u["price_level"], u["new_quantity"]) for u in rows])
        # A batch whose changes cancel out, or that the snapshot held already, leaves the book as
        # it was: the market is not asked for a later state then.
        if (bids, asks) != held:
            assert any((b, a) == (bids, asks) for _, b, a in states)
            held = dict(bids), dict(asks)
    assert not world.coinbase.counts.violations


async def test_a_snapshot_is_one_frame_in_no_order_and_comes_before_its_ack(world):
    async with dial(world.coinbase.ws_url) as socket:
        await subscribe(socket, "level2", "BTC-USD", "ETH-USD")
        first, second, ack = await read_many(socket, 3)
    for frame, product in ((first, "BTC-USD"), (second, "ETH-USD")):
        event = frame["events"][0]
        assert (event["type"], event["product_id"]) == ("snapshot", product)
        sides = [update["side"] for update in event["updates"]]
        assert set(sides) == {"bid", "offer"}
        assert sides not in (sorted(sides), sorted(sides, reverse=True))
        assert len(sides) > 600
    assert acked(ack) == {"level2": ["BTC-USD", "ETH-USD"]}


async def test_the_ack_may_be_switched_to_come_first():
    async with served(ack_first=True) as world, dial(world.coinbase.ws_url) as socket:
        await subscribe(socket, "level2", "BTC-USD")
        assert [f["channel"] for f in await read_many(socket, 2)] == ["subscriptions", "l2_data"]


async def test_frames_are_numbered_over_all_channels_of_a_connection(world):
    async with dial(world.coinbase.ws_url) as one, dial(world.coinbase.ws_url) as other:
        for channel in ("level2", "market_trades", "ticker", "heartbeats"):
            await subscribe(one, channel, "BTC-USD", "ETH-USD")
        await subscribe(other, "ticker", "BTC-USD")
        frames = await read_many(one, 60)
        assert [f["sequence_num"] for f in frames] == list(range(60))
        assert [f["sequence_num"] for f in await read_many(other, 3)] == [0, 1, 2]
    assert len({frame["channel"] for frame in frames}) >= 4


async def test_acks_list_every_subscription_so_far(world):
    async with dial(world.coinbase.ws_url) as socket:
        await send(socket, type="subscribe", channel="heartbeats")
        await subscribe(socket, "level2", "BTC-USD")
        await subscribe(socket, "level2", "ETH-USD")
        await subscribe(socket, "level2", "BTC-USD", kind="unsubscribe")
        await subscribe(socket, "heartbeats", kind="unsubscribe")
        acks = [acked(frame) for frame in await read_many(socket, 5, is_ack)]
    beats = {"heartbeats": ["heartbeats"]}
    assert acks == [
        beats,
        {**beats, "level2": ["BTC-USD"]},
        {**beats, "level2": ["BTC-USD", "ETH-USD"]},
        {**beats, "level2": ["ETH-USD"]},
        {"level2": ["ETH-USD"]},
    ]


async def test_after_an_unsubscribe_only_the_rest_is_sent_and_again_brings_a_new_snapshot(world):
    async with dial(world.coinbase.ws_url) as socket:
        await subscribe(socket, "level2", "BTC-USD", "ETH-USD")
        await subscribe(socket, "level2", "BTC-USD", kind="unsubscribe")
        await read_many(socket, 2, is_ack)
        frames = await read_many(socket, 5)
        assert {frame["events"][0]["product_id"] for frame in frames} <= {"ETH-USD", "USDT-USD"}
        await subscribe(socket, "level2", "BTC-USD")
        frame = await read(socket, lambda f: f["events"][0].get("product_id") == "BTC-USD")
        assert frame["events"][0]["type"] == "snapshot"


async def test_a_product_subscribed_twice_is_sent_once(world):
    async with dial(world.coinbase.ws_url) as socket:
        await subscribe(socket, "level2", "BTC-USD", "BTC-USD")
        await subscribe(socket, "level2", "BTC-USD")
        frames = await read_many(socket, 8)
    assert [f["sequence_num"] for f in frames] == list(range(8))
    snapshots = [f for f in frames if f["events"][0].get("type") == "snapshot"]
    assert len(snapshots) == 1


async def test_a_product_in_usdc_is_labelled_usd_and_an_unknown_one_is_left_out(world):
    async with dial(world.coinbase.ws_url) as socket:
        await subscribe(socket, "ticker", "ETH-USDC", "NO-SUCH", "USDT-USDC")
        frame = await read(socket, is_channel("ticker"))
        assert frame["events"][0]["tickers"][0]["product_id"] == "ETH-USD"
        assert acked(await read(socket, is_ack)) == {"ticker": ["ETH-USD"]}


async def test_heartbeats_count_seconds(world):
    async with dial(world.coinbase.ws_url) as socket:
        await send(socket, type="subscribe", channel="heartbeats", product_ids=[])
        first, second = await read_many(socket, 2, is_channel("heartbeats"))
    counts = [frame["events"][0]["heartbeat_counter"] for frame in (first, second)]
    assert counts[1] == counts[0] + 1


async def test_trades_come_in_batches_newest_first_after_the_recent_ones(world):
    async with dial(world.coinbase.ws_url) as socket:
        await subscribe(socket, "market_trades", "BTC-USD")
        snapshot, *updates = await read_many(socket, 3, is_channel("market_trades"))
    ids = []
    for frame in (snapshot, *updates):
        batch = [int(trade["trade_id"]) for trade in frame["events"][0]["trades"]]
        assert batch == sorted(batch, reverse=True)
        ids += batch[::-1]
    assert snapshot["events"][0]["type"] == "snapshot"
    assert ids == list(range(ids[0], ids[0] + len(ids)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"type":"subscribe","channel":"heartbeat","product_ids":[]}', "authentication failure"),
        ('{"type":"subscribe","channel":"user"}', "authentication failure"),
        ('{"type":"subscribe","channel":["level2"]}', "authentication failure"),
        ('{"type":"subscribe","channel":"level2","product_ids":"BTC-USD"}', "failed to parse"),
        ('{"type":"shout","channel":"level2"}', "unknown message type"),
        ('{"type":["subscribe"],"channel":"level2"}', "unknown message type"),
        ("{nope", "failed to parse"),
        ("[]", "failed to parse"),
    ],
)
async def test_a_message_that_makes_no_sense_is_answered_without_a_number(world, text, message):
    async with dial(world.coinbase.ws_url) as socket:
        await socket.send(text)
        answer = await read(socket)
        assert list(answer) == ["type", "message"]
        assert answer["message"].startswith(message)
    assert world.coinbase.counts.refused == 1


async def test_a_client_that_does_not_subscribe_in_time_is_closed():
    async with served(subscribe_s=0.05) as world:
        async with dial(world.coinbase.ws_url) as socket:
            assert await closed(socket) == 1008
        assert world.coinbase.counts.violations == {Rule.SUBSCRIBE_DEADLINE: 1}


async def test_a_refused_subscription_does_not_meet_the_deadline():
    async with served(subscribe_s=0.3) as world, dial(world.coinbase.ws_url) as socket:
        await subscribe(socket, "heartbeat")
        assert await closed(socket) == 1008


async def test_a_connection_without_updates_is_closed():
    """Not a broken rule of the client's, but it has to live with it."""
    async with served(idle_s=0.2) as world:
        async with dial(world.coinbase.ws_url) as socket:
            await subscribe(socket, "level2", "NO-SUCH")
            assert await closed(socket) == 1001
        assert world.coinbase.counts.idle_closed == 1
        assert not world.coinbase.counts.violations


async def test_a_connection_with_updates_outlives_the_idle_limit():
    async with served(idle_s=0.4) as world, dial(world.coinbase.ws_url) as socket:
        await subscribe(socket, "level2", "BTC-USD")
        await read_many(socket, 20)
        assert not world.coinbase.counts.idle_closed


async def test_level2_products_beyond_the_limit_are_refused():
    async with served(level2_products=2) as world, dial(world.coinbase.ws_url) as socket:
        await subscribe(socket, "level2", "BTC-USD", "ETH-USD", "USDT-USD")
        answer = await read(socket)
        assert answer["message"] == "too many L2 streams requested in a single session"
        assert world.coinbase.counts.violations == {Rule.STREAM_LIMIT: 1}


async def test_messages_beyond_the_rate_are_refused_and_counted():
    async with served(messages_per_s=1) as world, dial(world.coinbase.ws_url) as socket:
        for _ in range(4):
            await subscribe(socket, "ticker", "BTC-USD")
        assert (await read(socket, lambda f: "message" in f))["message"] == "rate limit exceeded"
        assert world.coinbase.counts.violations[Rule.MESSAGE_RATE]


async def test_connections_beyond_the_rate_are_refused_and_counted(world):
    statuses = []
    async with within(), aiohttp.ClientSession() as session:
        while 429 not in statuses:
            async with session.get(world.coinbase.http_url) as reply:
                statuses.append(reply.status)
    await until(lambda: world.coinbase.counts.violations[Rule.CONNECTION_RATE] == 1)


async def test_a_ping_is_answered(world):
    async with within(), dial(world.coinbase.ws_url) as socket:
        await (await socket.ping(b"there?"))
