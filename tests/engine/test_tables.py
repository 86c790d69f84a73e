"""The tables behind open orders: ids, rosters, large memory, and asking memory ahead."""

import random

from engine.code import Kind, Op
from engine.core import Engine
from engine.naive import NaiveEngine
from engine.record import Command, read_events
from engine.rules import BookRules

_KEY = 0x9E3779B97F4A7C15
_WORD = (1 << 64) - 1


def with_book(kind=Engine):
    engine = kind()
    engine.add_instrument(BookRules())
    return engine


def packed(commands):
    return b"".join(command.pack() for command in commands)


def id_of_hash(mixed):
    """Return the id that the engine's hash turns into a number."""
    folded = mixed * pow(_KEY, -1, 1 << 64) & _WORD
    return folded ^ (folded >> 32)


def test_ids_that_all_want_one_place_are_found_and_leave_no_trace():
    """Two hundred ids of one home and one tag, entered and cancelled in any order."""
    ids = [id_of_hash(0x8000_0000_5500_0000 | number) for number in range(200)]
    others = [id_of_hash(number << 57 | 7) for number in range(1, 100)]
    engine = with_book()
    mixed = random.Random(5)
    opened = set()
    for _ in range(4000):
        order_id = mixed.choice(ids + others)
        if order_id in opened:
            assert engine.cancel(order_id) == 0
            opened.discard(order_id)
        else:
            assert engine.new(0, order_id, 1, 0, 100, 1) == 0
            assert engine.new(0, order_id, 1, 0, 100, 1) == 7
            opened.add(order_id)
        engine.clear()
    assert [engine.is_open(order_id) for order_id in ids + others] == [
        order_id in opened for order_id in ids + others
    ]
    assert engine.cancel_all(0, 1) == 0
    assert engine.open_count == 0
    assert not any(engine.is_open(order_id) for order_id in ids + others)


def test_a_small_table_always_has_a_place():
    """However many orders have just left it; else a search would never end."""
    for resting in range(1, 80):
        engine = with_book()
        for order_id in range(1, resting + 1):
            assert engine.new(0, order_id, 1, 0, 100, 1) == 0
        for number in range(24):
            for order_id in (1000 + number, 900 - number):
                assert engine.new(0, order_id, 1, 0, 100, 1) == 0
                assert engine.cancel(order_id) == 0
            engine.clear()
        assert engine.open_count == resting


def test_cancel_all_keeps_the_order_of_acceptance_after_many_left():
    naive, core = with_book(NaiveEngine), with_book()
    mixed = random.Random(9)
    for order_id in range(1, 400):
        for engine in (naive, core):
            engine.new(0, order_id, 1 + order_id % 3, order_id & 1, 90 + 20 * (order_id & 1), 5)
    for order_id in mixed.sample(range(1, 400), 250):
        for engine in (naive, core):
            engine.cancel(order_id)
    naive.drain(), core.drain()
    for engine in (naive, core):
        engine.cancel_all(0, 2)
    events = core.drain()
    assert events == naive.drain()
    ended = [event.id for event in read_events(events) if event.kind == Kind.CANCELED]
    assert ended == sorted(ended)
    assert len(ended) > 20
    assert core.snapshot() == naive.snapshot()


def test_the_room_of_an_account_shrinks_with_its_orders():
    engine = with_book()
    for order_id in range(1, 2001):
        engine.new(0, order_id, 1, 0, 100, 1)
    full = engine.memory_bytes
    for order_id in range(1, 2001):
        engine.cancel(order_id)
    assert full - engine.memory_bytes > 4 * 1500


def test_tables_of_many_megabytes_hold_every_order():
    """Beyond four megabytes the tables are mapped on their own; nothing else changes."""
    count = 90_000
    engine = with_book()
    orders = packed(
        Command(Op.NEW, account=1 + n % 9, id=n * n, price=1 + n % 5000, qty=1 + n % 7)
        for n in range(1, count + 1)
    )
    engine.batch(orders)
    engine.clear()
    assert engine.memory_bytes > 6 << 20
    gone = packed(Command(Op.CANCEL, id=n * n) for n in range(1, count + 1, 2))
    assert engine.batch(gone) == count // 2
    codes = {event.kind for event in read_events(engine.drain())}
    assert codes == {Kind.CANCELED, Kind.BOOK}
    assert engine.open_count == count // 2
    assert engine.is_open(4)
    assert not engine.is_open(9)
    assert sum(lots for _, lots, _ in engine.depth(0, 0, count)) == sum(
        1 + n % 7 for n in range(2, count + 1, 2)
    )


def test_a_batch_beside_a_large_book_gives_the_events_of_its_commands_one_by_one():
    """Beside large books memory is asked ahead, for ids, instruments and sides of any kind."""
    resting = 5000
    straight, ahead = with_book(), with_book()
    fill = [
        Command(
            Op.NEW,
            side=n & 1,
            account=1 + n % 20,
            id=n,
            price=5000 + (n & 1) * 9000 + n % 4900,
            qty=9,
        )
        for n in range(1, resting + 1)
    ]
    mixed = random.Random(3)
    wild = [0, 1, -1, 255, 65535, (1 << 32) - 1, (1 << 40) + 1, (1 << 63) - 1, -(1 << 63)]
    commands = []
    for number in range(3000):
        op = mixed.choice([Op.NEW, Op.NEW, Op.CANCEL, Op.REPLACE, Op.NEW])
        order_id = mixed.randint(1, resting + 2000)
        price = mixed.choice([mixed.randint(5000, 19000), mixed.choice(wild)])
        commands.append(
            Command(
                op,
                side=mixed.choice([0, 1, 1, 0, 7]),
                account=1 + number % 20,
                id=order_id,
                price=price,
                qty=mixed.randint(1, 30),
                instrument=mixed.choice([0, 0, 0, 0, 9]),
            )
        )
    for engine in (straight, ahead):
        engine.batch(packed(fill))
        engine.clear()
    for command in commands:
        straight.batch(command.pack())
    ahead.batch(packed(commands))
    assert straight.drain() == ahead.drain()
    assert straight.snapshot() == ahead.snapshot()
