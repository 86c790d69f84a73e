"""Single calls beside many levels: what is put off there is seen by nobody."""

import random

import pytest

from engine.code import Allocation, Kind, Reason, State, Stp, Tif, Type
from engine.core import Engine
from engine.naive import NaiveEngine
from engine.record import read_events
from engine.rules import BookRules

from .calls import random_calls

LEVELS = 1100
MID = 5000
#: Levels of which orders come and go, so that they empty and fill again within a few commands.
BUSY = 3


def beside_many_levels(kind, **more):
    """Return an engine with a funded book of more levels than fit near the processor."""
    engine = kind()
    rules = BookRules(maker_fee=10_000, taker_fee=50_000, **more)
    engine.add_instrument(rules)
    engine.add_instrument(BookRules())
    for account in (1, 2):
        engine.deposit(account, rules.base, 1 << 40)
        engine.deposit(account, rules.quote, 1 << 50)
    for number in range(1, LEVELS + 1):
        engine.new(0, 2 * number - 1, 3, 0, MID - BUSY - number, 5)
        engine.new(0, 2 * number, 4, 1, MID + BUSY + number, 5)
    engine.drain()
    return engine


def new_arguments(mixed, order_id):
    side = mixed.randrange(2)
    away = mixed.randint(1, BUSY) if mixed.random() < 0.9 else mixed.randint(-BUSY, 3 * BUSY)
    tif = mixed.choice([Tif.GTC] * 8 + [Tif.IOC, Tif.FOK, Tif.DAY])
    stp = mixed.choice([Stp.NONE] * 8 + list(Stp))
    price = MID + away if side else MID - away
    return (0, order_id, mixed.randint(1, 4), side, price, mixed.randint(1, 9), 0, tif, stp)


def some_call(mixed, ids, newest):
    """Return a command's name and arguments; most are passive orders and their cancels."""
    chance = mixed.random()
    if chance < 0.55:
        return "new", new_arguments(mixed, newest if chance < 0.5 else mixed.choice(ids))
    if chance < 0.93:
        return "cancel", (mixed.choice(ids[-12:] if chance < 0.85 else ids),)
    if chance < 0.97:
        return "replace", (mixed.choice(ids), MID + mixed.randint(-BUSY, BUSY), mixed.randint(1, 9))
    return mixed.choice(
        [("cancel_all", (0, 1)), ("end_of_day", (0,)), ("depth", (0, 1, 9)), ("state_hash", ())]
    )


@pytest.mark.parametrize("seed", range(4))
def test_single_calls_beside_many_levels_equal_those_of_the_twin(seed):
    """Answers, events and state, however long the events wait to be read."""
    naive, core = beside_many_levels(NaiveEngine), beside_many_levels(Engine)
    mixed = random.Random(seed)
    ids = [1, 2]
    for number in range(700):
        newest = 10_000 + number
        name, arguments = some_call(mixed, ids, newest)
        if name == "state_hash" and mixed.random() < 0.7:
            continue
        assert getattr(core, name)(*arguments) == getattr(naive, name)(*arguments)
        if name == "new":
            ids.append(arguments[1])
        if mixed.random() < 0.02:
            assert core.drain() == naive.drain()
    assert core.drain() == naive.drain()
    assert core.snapshot() == naive.snapshot()


def taking_arguments(mixed, order_id):
    """Return an order that takes more often than not, rests in another book, or waits as a stop."""
    side = mixed.randrange(2)
    kind, stop = Type.LIMIT, 0
    tif = mixed.choice([Tif.GTC] * 8 + [Tif.IOC] * 8 + [Tif.DAY])
    away = -mixed.randint(1, 2 * BUSY) if tif == Tif.IOC else mixed.randint(-1, 2 * BUSY)
    if mixed.random() < 0.05 and tif != Tif.IOC:
        kind, stop = Type.STOP_LIMIT, MID + mixed.randint(-BUSY, BUSY)
    price = MID + away if side else MID - away
    book = mixed.choice([0] * 20 + [1])
    lots = mixed.randint(1, 9)
    return (book, order_id, mixed.randint(1, 4), side, price, lots, kind, tif, 0, 0, 0, stop)


def taking_call(mixed, ids, newest):
    """Return a command's name and arguments; levels near the touch come and go all the time."""
    chance = mixed.random()
    if chance < 0.6:
        return "new", taking_arguments(mixed, newest)
    if chance < 0.94:
        return "cancel", (mixed.choice(ids[-12:] if chance < 0.85 else ids),)
    if chance < 0.98:
        return "replace", (mixed.choice(ids), MID + mixed.randint(-BUSY, BUSY), mixed.randint(1, 9))
    return "set_state", (0, mixed.choice([State.OPEN, State.OPEN, State.AUCTION]))


RULES = [{}, {"halt_band": 20_000}, {"allocation": Allocation.PRO_RATA}]


@pytest.mark.parametrize("more", RULES)
@pytest.mark.parametrize("seed", range(2))
def test_orders_that_take_meet_what_the_twin_has_there(seed, more):
    """Although changes of other levels wait: none is of a level that they reach."""
    naive, core = beside_many_levels(NaiveEngine, **more), beside_many_levels(Engine, **more)
    mixed = random.Random(seed)
    ids = [1, 2]
    for number in range(600):
        name, arguments = taking_call(mixed, ids, 10_000 + number)
        assert getattr(core, name)(*arguments) == getattr(naive, name)(*arguments)
        if name == "new":
            ids.append(arguments[1])
    assert core.drain() == naive.drain()
    assert core.snapshot() == naive.snapshot()


def test_an_order_that_takes_past_its_level_meets_a_better_one_that_nobody_has_found_yet():
    core = beside_many_levels(Engine)
    core.new(0, 9001, 1, 1, MID + 1, 4)
    core.new(0, 9002, 1, 1, MID + 2, 4)
    core.drain()
    assert core.new(0, 9003, 2, 0, MID + BUSY + 9, 8, Type.LIMIT, Tif.IOC) == 0
    trades = [event for event in read_events(core.drain()) if event.kind == Kind.TRADE]
    assert [(event.price, event.qty) for event in trades] == [(MID + 1, 4), (MID + 2, 4)]


def test_a_level_that_self_trade_prevention_empties_gives_way_to_one_that_nobody_has_found_yet():
    core = beside_many_levels(Engine)
    core.new(0, 9001, 1, 1, MID + 1, 4)
    core.drain()
    core.new(0, 9002, 2, 1, MID + 2, 4)
    core.new(0, 9003, 1, 0, MID + 1, 4, Type.LIMIT, Tif.IOC, Stp.CANCEL_BOTH)
    core.new(0, 9004, 3, 0, MID + 2, 4)
    trades = [event for event in read_events(core.drain()) if event.kind == Kind.TRADE]
    assert [(event.id, event.price, event.qty) for event in trades] == [(9002, MID + 2, 4)]


def test_a_level_that_empties_and_fills_before_anyone_looks_keeps_its_new_order():
    core = beside_many_levels(Engine)
    core.new(0, 9001, 1, 0, MID - 1, 4)
    core.drain()
    core.cancel(9001)
    # As many changes as wait at once, the last of them at the level that empties.
    for number in range(7):
        core.new(0, 9100 + number, 1, 0, MID - 2, 1)
    core.new(0, 9002, 1, 0, MID - 1, 6)
    assert core.depth(0, 0, 2) == [(MID - 1, 6, 1), (MID - 2, 7, 7)]
    shown = [
        (event.id, event.remaining, event.other_remaining)
        for event in read_events(core.drain())
        if event.kind == Kind.BOOK
    ]
    assert shown[0] == (9001, 0, 0)
    assert shown[-1] == (9002, 6, 1)


def test_events_seen_through_a_view_are_whole():
    core = beside_many_levels(Engine)
    core.new(0, 9001, 1, 0, MID - 1, 4)
    with memoryview(core) as view:
        book = list(read_events(view))[-1]
    assert (book.kind, book.qty, book.remaining, book.other_remaining) == (Kind.BOOK, 4, 4, 1)


def look(mixed, naive, core):
    """Compare one of the things that anyone may look at."""
    way = mixed.randrange(6)
    if way == 0:
        assert core.drain() == naive.drain()
    elif way == 1:
        assert core.snapshot() == naive.snapshot()
    elif way == 2:
        assert core.depth(0, 0, 5) == naive.depth(0, 0, 5)
    elif way == 3:
        assert [core.balance(one, asset) for one in (1, 2) for asset in (0, 1)] == [
            naive.balance(one, asset) for one in (1, 2) for asset in (0, 1)
        ]
    elif way == 4:
        order_id = mixed.randint(1, 200)
        assert core.is_open(order_id) == naive.is_open(order_id)
    else:
        assert core.open_count == len(naive.open_orders())


def calls_leave_both_equal(seed):
    rules, near, calls = random_calls(seed)
    naive, core = NaiveEngine(), Engine(near=near)
    for engine in (naive, core):
        engine.add_instrument(rules)
        engine.add_instrument(BookRules())
    mixed = random.Random(seed)
    often = mixed.choice((0.0, 0.01, 0.05, 0.3))
    for step, (name, arguments) in enumerate(calls):
        answer = getattr(naive, name)(*arguments)
        assert getattr(core, name)(*arguments) == answer, f"step {step}: {name}{arguments}"
        if mixed.random() < often:
            look(mixed, naive, core)
    assert core.drain() == naive.drain()
    assert core.snapshot() == naive.snapshot()


@pytest.mark.parametrize("seed", range(150))
def test_an_engine_that_puts_everything_off_equals_its_twin(seed):
    """Every kind of call, poor accounts, ids of every size, and someone who looks now and then."""
    calls_leave_both_equal(seed)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_many_streams_of_calls_leave_both_twins_equal(part):
    for seed in range(1000 + 250 * part, 1250 + 250 * part):
        calls_leave_both_equal(seed)


def far(**funds):
    """Return an engine that puts all off it can, with one book, and what account 1 has."""
    core = Engine(near=0)
    core.add_instrument(BookRules())
    for asset, amount in funds.items():
        core.deposit(1, ("base", "quote").index(asset), amount)
    core.drain()
    return core


def test_what_a_cancelled_order_held_pays_for_the_next():
    core = far(quote=1000)
    assert core.new(0, 1, 1, 0, 100, 10) == 0
    assert core.cancel(1) == 0
    assert core.new(0, 2, 1, 0, 100, 10) == 0
    assert core.balance(1, 1) == (1000, 1000)
    assert core.cancel(2) == 0
    assert core.balance(1, 1) == (1000, 0)


def test_an_order_cancelled_before_it_was_looked_at_is_gone_for_all():
    core = far()
    for order_id in range(1, 40):
        core.new(0, order_id, 1, 0, 100, 1)
    assert core.cancel(1) == 0
    assert core.cancel(1) == Reason.UNKNOWN_ORDER
    assert core.replace(1, 101, 2) == Reason.UNKNOWN_ORDER
    assert not core.is_open(1)
    assert core.open_count == 38
    assert core.new(0, 1, 1, 0, 100, 7) == 0, "its id may be used again"
    kinds = [(event.kind, event.id, event.remaining) for event in read_events(core.drain())]
    assert (Kind.CANCELED, 1, 1) in kinds
    assert core.depth(0, 0, 1) == [(100, 45, 39)]


def test_an_order_of_a_halted_book_is_not_cancelled():
    core = far()
    core.new(0, 1, 1, 0, 100, 1)
    core.set_state(0, State.HALTED)
    assert core.cancel(1) == Reason.HALTED
    core.set_state(0, State.OPEN)
    assert core.cancel(1) == 0


def test_an_engine_restored_in_a_halt_knows_it():
    core = far()
    core.new(0, 1, 1, 0, 100, 1)
    core.set_state(0, State.HALTED)
    again = Engine.restore(core.snapshot())
    assert again.cancel(1) == Reason.HALTED
    again.set_state(0, State.OPEN)
    assert again.cancel(1) == 0
