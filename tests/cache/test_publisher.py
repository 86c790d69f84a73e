"""The compiled publisher leaves the same table as its plain twin, and says what did not fit."""

from contextlib import ExitStack

import pytest

from cache.l2_errors import L2ClosedError
from cache.l2_plain_reader import PlainL2Reader
from cache.l2_plain_writer import PlainL2Writer
from cache.l2_quote import Miss, Reason
from cache.l2_writer import L2Writer
from cache.plain_publisher import PlainPublisher
from cache.publisher import GRADE_FORBIDS, Publisher
from market.inputs import InputKind
from tests.node_world import START, World, book_ticker, diff, live_binance
from tests.recorded_world import feed, fresh_node

SLOTS, DEPTH, TTL_NS = 8, 5, 10**12


def publishers(folder, slots=SLOTS):
    """Return a compiled publisher and its twin, each with a table of its own."""
    compiled = L2Writer(folder / "compiled", slots, DEPTH, START, grade_forbids=GRADE_FORBIDS)
    plain = PlainL2Writer(folder / "plain", slots, DEPTH, START, grade_forbids=GRADE_FORBIDS)
    return Publisher(compiled, DEPTH), PlainPublisher(plain, DEPTH)


def publish(node, pair):
    """Hand what was touched to both."""
    for slot in node.touched:
        for one in pair:
            one.touch(slot, node.books[slot], node.instruments[slot], node.l1, node.now)
    node.touched.clear()


def words(folder):
    """Return the bytes of both tables."""
    return [(folder / name).read_bytes() for name in ("compiled", "plain")]


def test_a_generated_market_with_losses_leaves_the_same_table_at_each_step(tmp_path):
    node, pair = fresh_node(), publishers(tmp_path)
    with ExitStack() as stack:
        for one in pair:
            stack.callback(one.close)
        for number, item in enumerate(feed()):
            node.handle(*item)
            if number % 1500 == 900:
                node.handle(item.ts_recv, InputKind.CLOSE, item.source, note="lost")
            publish(node, pair)
            if number % 50 == 0:
                for one in pair:
                    one.depth(node.books)
                    one.beat(node.l1, node.now)
                compiled, plain = words(tmp_path)
                assert compiled == plain
        assert pair[0].left_out == pair[1].left_out == 0


def test_what_finds_no_room_is_counted_once_and_not_published(tmp_path):
    world, pair = World(), publishers(tmp_path, slots=1)
    source = live_binance(world, "BTCUSDT", "ETHUSDT")
    with ExitStack() as stack:
        for one in pair:
            stack.callback(one.close)
        for number in range(3):
            publish(world.node, pair)
            world.frame(source, book_ticker("ETHUSDT", 200 + number, ("100.5", "1"), ("101", "1")))
        reader = PlainL2Reader(tmp_path / "compiled")
        stack.callback(reader.close)
        assert pair[0].left_out == pair[1].left_out == 1
        assert reader.instruments() == ("BTC-USDT.BINANCE",)


def test_a_finer_grid_is_published_with_the_next_touch_and_a_lost_book_is_unreadable(tmp_path):
    world, pair = World(), publishers(tmp_path)
    source = live_binance(world, "BTCUSDT")
    with ExitStack() as stack:
        for one in pair:
            stack.callback(one.close)
        publish(world.node, pair)
        reader = PlainL2Reader(tmp_path / "compiled")
        stack.callback(reader.close)
        assert reader.quote("BTC-USDT.BINANCE", TTL_NS, world.now).bid_ticks == 10_000
        world.frame(source, diff("BTCUSDT", 102, 102, [("100.005", "1")]))
        publish(world.node, pair)
        assert reader.quote("BTC-USDT.BINANCE", TTL_NS, world.now).bid_ticks == 100_005
        world.close(source)
        publish(world.node, pair)
        answer = reader.quote("BTC-USDT.BINANCE", TTL_NS, world.now)
        assert isinstance(answer, Miss)
        assert answer.reason is Reason.GRADE
        assert len(set(words(tmp_path))) == 1


def test_nothing_is_published_after_close(tmp_path):
    world, (compiled, plain) = World(), publishers(tmp_path)
    live_binance(world, "BTCUSDT")
    plain.close()
    compiled.close()
    with pytest.raises(L2ClosedError):
        publish(world.node, (compiled,))


def test_readers_of_the_wall_clock_are_served_by_a_node_that_is_ahead_of_it(tmp_path):
    """What `ahead_ns` says is taken off all times by which a reader judges."""
    world, pair = World(), publishers(tmp_path)
    source = live_binance(world, "BTCUSDT")
    ahead_ns = 3600 * 10**9
    with ExitStack() as stack:
        for one in pair:
            stack.callback(one.close)
            one.ahead_ns = ahead_ns
        publish(world.node, pair)
        for one in pair:
            one.depth(world.node.books)
            one.beat(world.node.l1, world.now)
        reader = PlainL2Reader(tmp_path / "compiled")
        stack.callback(reader.close)
        quote = reader.quote("BTC-USDT.BINANCE", TTL_NS, world.now - ahead_ns)
        depth = reader.depth("BTC-USDT.BINANCE", TTL_NS, world.now - ahead_ns)
        for found in (quote, depth):
            assert found.ts_recv == world.now - ahead_ns
            assert found.ts_vouched == world.now - ahead_ns
        world.close(source)
        publish(world.node, pair)
        assert len(set(words(tmp_path))) == 1


@pytest.mark.parametrize("slot", [-1, 1 << 16])
def test_a_slot_that_no_node_has_is_refused(tmp_path, slot):
    world, (compiled, plain) = World(), publishers(tmp_path)
    live_binance(world, "BTCUSDT")
    node = world.node
    with pytest.raises(IndexError):
        compiled.touch(slot, node.books[0], node.instruments[0], node.l1, node.now)
    compiled.close()
    plain.close()
