"""The compiled engine's own promises: limits, buffers, snapshots, the checksum."""

import pytest

from engine.code import Op
from engine.core import Engine, checksum
from engine.naive import NaiveEngine
from engine.record import COMMAND, COMMAND_DTYPE, EVENT, EVENT_DTYPE, Command, read_events
from engine.rules import ASSETS_MAX, BookRules
from engine.snapshot import SnapshotError

from .flow import random_commands

BOTH = pytest.mark.parametrize("kind", [Engine, NaiveEngine])


def with_book(kind, **limits):
    engine = kind(**limits)
    engine.add_instrument(BookRules())
    return engine


def packed(commands):
    return b"".join(command.pack() for command in commands)


@BOTH
def test_the_order_limit_is_a_refusal(kind):
    engine = with_book(kind, orders_max=2)
    codes = [engine.new(0, number, 1, 0, 100, 1) for number in (1, 2, 3)]
    assert codes == [0, 0, 12]
    engine.cancel(1)
    assert engine.new(0, 3, 1, 0, 100, 1) == 0


@BOTH
def test_a_command_while_too_many_events_wait_raises_and_does_nothing(kind):
    engine = with_book(kind, events_max=2)
    engine.new(0, 1, 1, 0, 100, 1)
    before = engine.state_hash()
    with pytest.raises(BufferError):
        engine.new(0, 2, 1, 0, 100, 1)
    assert engine.state_hash() == before
    engine.drain()
    assert engine.new(0, 2, 1, 0, 100, 1) == 0


@BOTH
def test_a_batch_stops_when_the_events_are_full_and_says_where(kind):
    engine = with_book(kind, events_max=4)
    batch = packed(Command(Op.NEW, account=1, id=n, price=9, qty=1) for n in range(1, 9))
    assert engine.batch(batch) == 2
    assert len(list(read_events(engine.drain()))) == 4
    assert engine.batch(batch[2 * 72 :]) == 2


@BOTH
def test_moving_time_has_run_even_when_its_own_events_fill_the_buffer(kind):
    engine = with_book(kind, events_max=4)
    gone = Command(Op.NEW, tif=4, account=1, id=1, price=9, qty=1, expire_at=5)
    late = Command(Op.NEW, account=1, id=2, price=9, qty=1, time=6)
    assert engine.batch(packed([gone, Command(Op.ADVANCE, time=6), late])) == 2
    assert engine.now == 6
    engine.drain()
    assert engine.batch(packed([gone._replace(expire_at=7), late._replace(time=8)])) == 1
    assert engine.now == 8, "the time of a command comes before the command"


@BOTH
def test_misuse_has_its_own_reasons(kind):
    engine = with_book(kind, accounts_max=10)
    assert engine.new(1, 1, 1, 0, 100, 1) == 14
    assert engine.new(0, 1, 0, 0, 100, 1) == 13
    assert engine.new(0, 1, 10, 0, 100, 1) == 13
    assert engine.new(0, 0, 1, 0, 100, 1) == 15
    assert engine.cancel_all(0, 10) == 13
    assert engine.set_state(0, 9) == 16
    assert engine.deposit(1, ASSETS_MAX, 1) == 16
    assert engine.deposit(1, 0, (1 << 62) + 1) == 5
    assert engine.batch(Command(99).pack()) == 1
    assert [event.code for event in read_events(engine.drain())][-1] == 16


@BOTH
def test_the_highest_asset_number_trades_and_survives_a_snapshot(kind):
    engine = kind()
    engine.add_instrument(BookRules(base=3, quote=ASSETS_MAX - 1))
    engine.deposit(1, ASSETS_MAX - 1, 500)
    engine.deposit(2, 3, 5)
    engine.new(0, 1, 1, 0, 100, 4)
    engine.new(0, 2, 2, 1, 100, 3)
    restored = Engine.restore(engine.snapshot())
    for each in (engine, restored):
        assert each.balance(1, ASSETS_MAX - 1) == (200, 100)
        assert each.balance(2, ASSETS_MAX - 1) == (300, 0)
    assert restored.state_hash() == engine.state_hash()


def test_a_batch_of_a_broken_length_is_refused():
    with pytest.raises(ValueError, match="72-byte"):
        with_book(Engine).batch(b"x" * 71)


def test_a_batch_need_not_be_aligned():
    rules, commands = random_commands(3, 200)
    straight, shifted = Engine(), Engine()
    for engine in (straight, shifted):
        engine.add_instrument(rules)
    data = packed(commands)
    straight.batch(data)
    shifted.batch(memoryview(b"x" + data)[1:])
    assert straight.drain() == shifted.drain()
    assert straight.snapshot() == shifted.snapshot()


def test_the_pending_events_can_be_looked_at_in_place():
    engine = with_book(Engine)
    engine.new(0, 1, 1, 0, 100, 1)
    with memoryview(engine) as view:
        shown = bytes(view)
        assert checksum(view) == checksum(engine) == checksum(shown)
        with pytest.raises(BufferError):
            engine.cancel(1)
        with pytest.raises(BufferError):
            engine.clear()
    assert engine.drain() == shown
    assert bytes(memoryview(engine)) == b""


def test_the_checksum_sees_every_word():
    data = bytearray(range(72)) * 3
    seen = {checksum(data)}
    for at in range(0, len(data), 8):
        changed = bytearray(data)
        changed[at] ^= 1
        seen.add(checksum(changed))
    assert len(seen) == 1 + len(data) // 8


def test_the_record_layouts_have_no_padding():
    assert COMMAND.size == EVENT.size == 72
    for layout in (COMMAND_DTYPE, EVENT_DTYPE):
        assert sum(int(kind[-1]) for _, kind in layout) == 72


def test_events_are_numbered_without_gaps():
    rules, commands = random_commands(11, 200)
    engine = Engine()
    engine.add_instrument(rules)
    engine.batch(packed(commands))
    sequences = [event.sequence for event in read_events(engine.drain())]
    assert sequences == list(range(1, engine.sequence + 1))


@BOTH
@pytest.mark.parametrize("seed", range(12))
def test_a_snapshot_and_the_commands_after_it_give_the_same_events(kind, seed):
    """Restart at any point: either twin continues from either twin's snapshot."""
    rules, commands = random_commands(seed, 300)
    engine = Engine()
    engine.add_instrument(rules)
    cut = 20 + seed * 20
    engine.batch(packed(commands[:cut]))
    engine.drain()
    restored = kind.restore(engine.snapshot())
    assert restored.state_hash() == engine.state_hash()
    for each in (engine, restored):
        each.batch(packed(commands[cut:]))
    assert restored.drain() == engine.drain()
    assert restored.snapshot() == engine.snapshot()


@BOTH
@pytest.mark.parametrize("at", [0, 9, 60, -1])
def test_an_altered_snapshot_is_refused(kind, at):
    data = bytearray(with_book(Engine).snapshot())
    data[at] ^= 1
    with pytest.raises(SnapshotError):
        kind.restore(bytes(data))
    with pytest.raises(SnapshotError):
        kind.restore(bytes(data[:5]))


def test_many_orders_cost_at_most_a_hundred_bytes_each():
    engine = with_book(Engine)
    orders = [
        Command(
            Op.NEW, side=n & 1, account=1 + n % 50, id=n, price=5000 + (n & 1) * 100 + n % 97, qty=1
        )
        for n in range(1, 30_001)
    ]
    for at in range(0, len(orders), 1000):
        engine.batch(packed(orders[at : at + 1000]))
        engine.clear()
    assert engine.open_count == 30_000
    assert engine.memory_bytes / engine.open_count <= 100


def test_an_order_visits_a_bounded_count_of_nodes_however_many_levels():
    """Seven levels of nodes: a search down, up and down again."""
    engine = with_book(Engine)
    for number in range(1, 3000):
        before = engine.visited_nodes
        engine.new(0, number, 1, 0, number * 7919 % (1 << 24) * 4096 + 1, 1)
        engine.clear()
        assert engine.visited_nodes - before <= 32
    for number in range(1, 3000):
        before = engine.visited_nodes
        engine.cancel(number)
        engine.clear()
        assert engine.visited_nodes - before <= 32


@pytest.mark.parametrize(
    "wrong",
    [
        {"base": 1},
        {"collar": -1},
        {"maker_fee": 60_000_000},
        {"base_unit": 0},
        {"quote": ASSETS_MAX},
    ],
)
def test_rules_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        BookRules(**wrong)
