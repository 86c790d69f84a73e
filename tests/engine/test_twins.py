"""The compiled engine and its naive twin give the same events and reach the same state."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.code import Op, Side, Type
from engine.core import Engine
from engine.naive import NaiveEngine
from engine.record import Command, read_events
from engine.rules import BookRules

from .checks import check_invariants
from .flow import random_commands


def twins(rules):
    pair = NaiveEngine(), Engine()
    for engine in pair:
        engine.add_instrument(rules)
    return pair


def run_both(rules, commands, *, check_every=7):
    naive, core = twins(rules)
    for step, command in enumerate(commands):
        data = command.pack()
        assert naive.batch(data) == core.batch(data) == 1
        events = naive.drain()
        assert core.drain() == events, f"events differ at step {step}: {command}"
        if step % check_every == 0:
            assert core.snapshot() == naive.snapshot(), f"states differ at step {step}: {command}"
            check_invariants(naive)
    assert core.state_hash() == naive.state_hash()
    return naive, core


@pytest.mark.parametrize("seed", range(60))
def test_seeded_streams_of_every_kind_leave_both_twins_equal(seed):
    run_both(*random_commands(seed, 300))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1100))
def test_many_seeded_streams_leave_both_twins_equal(seed):
    run_both(*random_commands(seed, 1500), check_every=50)


def a_command(**fields):
    return st.fixed_dictionaries(fields).map(lambda chosen: Command(**chosen))


PRICES = st.integers(95, 105)
LOTS = st.integers(1, 12)
ORDERS = a_command(
    op=st.just(int(Op.NEW)),
    side=st.sampled_from([0, 1]),
    tif=st.sampled_from([0, 0, 0, 1, 2, 3]),
    stp=st.integers(0, 4),
    account=st.integers(1, 3),
    price=PRICES,
    qty=LOTS,
    display=st.sampled_from([0, 0, 1]),
)
STOPS = a_command(
    op=st.just(int(Op.NEW)),
    side=st.sampled_from([0, 1]),
    type=st.just(int(Type.STOP)),
    account=st.integers(1, 3),
    qty=LOTS,
    stop_price=PRICES,
)
CHANGES = a_command(
    op=st.sampled_from([int(Op.CANCEL), int(Op.REPLACE)]),
    id=st.integers(1, 40),
    price=PRICES,
    qty=LOTS,
)
STATES = a_command(op=st.just(int(Op.SET_STATE)), qty=st.sampled_from([0, 0, 1, 2, 3]))


@given(
    commands=st.lists(st.one_of(ORDERS, ORDERS, STOPS, CHANGES, STATES), max_size=40),
    allocation=st.sampled_from([0, 1]),
    band=st.sampled_from([0, 2_000_000]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_stream_leaves_both_twins_equal(commands, allocation, band):
    numbered = [
        command._replace(id=number) if command.op == Op.NEW else command
        for number, command in enumerate(commands, start=1)
    ]
    run_both(BookRules(allocation=allocation, halt_band=band), numbered, check_every=1)


def test_one_call_an_order_and_a_batch_give_the_same_events():
    rules, commands = random_commands(7, 400)
    one, many = twins(rules)[1], twins(rules)[1]
    many.batch(b"".join(command.pack() for command in commands))
    calls = {
        Op.NEW: lambda c: one.new(
            c.instrument,
            c.id,
            c.account,
            c.side,
            c.price,
            c.qty,
            c.type,
            c.tif,
            c.stp,
            c.post_only,
            c.display,
            c.stop_price,
            c.expire_at,
        ),
        Op.CANCEL: lambda c: one.cancel(c.id),
        Op.REPLACE: lambda c: one.replace(c.id, c.price, c.qty),
        Op.CANCEL_ALL: lambda c: one.cancel_all(c.instrument, c.account),
        Op.END_OF_DAY: lambda c: one.end_of_day(c.instrument),
        Op.SET_STATE: lambda c: one.set_state(c.instrument, c.qty),
        Op.DEPOSIT: lambda c: one.deposit(c.account, c.price, c.qty),
        Op.EXTERNAL_SET: lambda c: one.external_set(c.instrument, c.side, c.price, c.qty),
        Op.EXTERNAL_PRINT: lambda c: one.external_print(c.instrument, c.side, c.price, c.qty),
        Op.EXTERNAL_CLEAR: lambda c: one.external_clear(c.instrument, c.side, c.price),
    }
    for command in commands:
        if command.time > one.now:
            one.advance(command.time)
        calls[Op(command.op)](command)
    assert one.drain() == many.drain()
    assert one.snapshot() == many.snapshot()


@pytest.mark.parametrize("kind", [Engine, NaiveEngine])
def test_a_result_code_is_the_code_of_the_rejected_event(kind):
    engine = kind()
    engine.add_instrument(BookRules())
    code = engine.new(0, 1, 1, Side.BUY, 0, 1)
    (event,) = read_events(engine.drain())
    assert (code, event.code, event.id) == (4, 4, 1)


@pytest.mark.parametrize("span", [1, 64, 4096, 1 << 30])
def test_levels_any_distance_apart_keep_their_order(span):
    """The price index gives the same best prices as a sorted dictionary, near and far."""
    naive, core = twins(BookRules())
    for number in range(1, 200):
        side = number % 2
        step = (number * 37 % 101) * span // 101 + 1
        price = (1 << 31) + (step if side else -step)
        for engine in (naive, core):
            engine.new(0, number, 1, side, price, 1)
    for number in range(1, 200, 3):
        for engine in (naive, core):
            engine.cancel(number)
    for side in (0, 1):
        assert core.depth(0, side, 1000) == naive.depth(0, side, 1000)
    for engine in (naive, core):
        engine.new(0, 1000, 2, 0, 1 << 32, 20, 0, 1)
        engine.new(0, 1001, 2, 1, 1, 500, 0, 1)
    assert core.drain() == naive.drain()
    assert core.state_hash() == naive.state_hash()
