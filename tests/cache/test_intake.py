"""The compiled intake does with frames what its plain twin does, whatever the frames are."""

from random import Random

import pytest

import checkpoint
from books.audit_plan import AuditConfig
from cache.plain_intake import PlainIntake
from market.inputs import Input, InputKind
from node import Node, NodeConfig
from tests.node_world import (
    World,
    book_ticker,
    depth_reply,
    diff,
    live_advanced,
    live_binance,
    trade,
)
from tests.recorded_world import feed, fresh_node


def twins(make=fresh_node) -> tuple[Node, Node]:
    """Return two equal nodes, the second with the plain intake."""
    compiled, plain = make(), make()
    plain.take_frame = PlainIntake(plain).take
    return compiled, plain


def hand_in(nodes: tuple[Node, Node], item: Input) -> None:
    """Hand one input to both; they must answer alike."""
    effects = [list(node.handle(*item)) for node in nodes]
    assert effects[0] == effects[1]
    compiled, plain = nodes
    assert int(compiled.digest) == int(plain.digest)
    assert (compiled.now, compiled.inputs) == (plain.now, plain.inputs)
    assert list(compiled.touched) == list(plain.touched)
    compiled.touched.clear()
    plain.touched.clear()


def spoilt(item: Input, random: Random) -> list[Input]:
    """Return what arrives instead of an input on a bad day."""
    if item.kind is not InputKind.FRAME:
        return [item]
    fate = random.randrange(400)
    if fate == 0:
        return []
    if fate == 1:
        return [item, item]
    if fate == 2:
        return [item._replace(data=item.data[: random.randrange(len(item.data))])]
    if fate == 3:
        closed = item._replace(kind=InputKind.CLOSE, data=b"", note="lost")
        return [closed, item, closed._replace(kind=InputKind.OPEN, note="wss://venue")]
    if fate == 4:
        return [item._replace(data=item.data.replace(b"1", b"7"))]
    return [item]


def test_a_generated_market_leaves_both_in_the_same_state():
    nodes = twins()
    for item in feed():
        hand_in(nodes, item)
    assert nodes[0].events > 1000
    assert checkpoint.state_hash(nodes[0]) == checkpoint.state_hash(nodes[1])


@pytest.mark.parametrize("seed", range(4))
def test_lost_repeated_cut_and_altered_frames_leave_both_in_the_same_state(seed):
    random, nodes = Random(seed), twins()
    for item in feed():
        for one in spoilt(item, random):
            hand_in(nodes, one)
    errors = {name for link in nodes[0].links.values() for name in link.errors}
    assert {"frame_after_close", "bad_json"} <= errors
    assert checkpoint.state_hash(nodes[0]) == checkpoint.state_hash(nodes[1])


def test_a_book_under_audit_logs_the_same_diffs():
    config = NodeConfig(discover=True, audits=AuditConfig(interval_ns=10**9, soon_ns=1))
    nodes = twins(lambda: Node(config))
    worlds = [World(), World()]
    for node, world in zip(nodes, worlds, strict=True):
        world.node = node
        source = live_binance(world, "BTCUSDT")
        for number in range(200):
            world.frame(source, diff("BTCUSDT", 102 + number, 102 + number), wait=10**7)
    assert worlds[0].effects == worlds[1].effects
    assert any("audit" in str(effect.fields) for effect in worlds[0].effects)
    assert checkpoint.state_hash(nodes[0]) == checkpoint.state_hash(nodes[1])


def test_frames_of_two_venues_in_turn_go_to_their_own_books():
    world = World()
    binance = live_binance(world, "BTCUSDT")
    coinbase, number = live_advanced(world, "BTC-USD")
    for step in range(3):
        world.frame(binance, diff("BTCUSDT", 102 + step, 102 + step, [("99.50", "1")]))
        world.frame(binance, trade("BTCUSDT", step, "100.00", "1"))
        world.frame(coinbase, b'{"channel":"heartbeats","sequence_num":%d}' % (number + step))
    assert world.node.links[binance].trades == 3
    assert world.node.links[coinbase].frames == number + 3
    assert world.book("BTC-USDT.BINANCE").last_sequence == 104
    assert world.book("BTC-USD.COINBASE").live


def test_a_touch_near_the_end_of_what_the_snapshot_vouches_for_asks_for_a_fresh_one():
    world = World()
    source = "binance.ws.1"
    world.open(source)
    world.frame(source, diff("BTCUSDT", 95, 101))
    bids = [(f"{100 - i / 100:.2f}", "1") for i in range(1000)]
    asks = [(f"{101 + i / 100:.2f}", "1") for i in range(1000)]
    url = "https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000"
    world.reply("binance", url, depth_reply(100, bids, asks))
    asked = len(world.effects)
    gone = [(price, "0") for price, _ in bids[:900]]
    world.frame(source, diff("BTCUSDT", 102, 102, gone))
    assert [effect.kind.name for effect in world.effects[asked:]] == ["FETCH"]
    assert world.book("BTC-USDT.BINANCE").refreshing


def test_a_quote_that_moves_the_touch_is_in_l1_after_the_call():
    world = World()
    source = live_binance(world, "BTCUSDT")
    world.frame(source, book_ticker("BTCUSDT", 150, ("100.25", "1"), ("100.75", "2")))
    quote = world.node.l1.read(0, world.node.now)
    assert (quote.bid_price, quote.ask_price, quote.from_quote) == (10025, 10075, True)
    assert world.node.links[source].quotes == 1


def test_what_is_no_frame_of_bytes_is_refused():
    node = fresh_node()
    with pytest.raises(TypeError):
        node.take_frame(1, "binance.ws.1", bytearray(b"{}"))
    with pytest.raises(TypeError):
        node.take_frame(1, None, b"{}")
