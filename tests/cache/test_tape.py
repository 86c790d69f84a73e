"""The tape of public trades keeps the newest, by slot, and counts them all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.plain_tape import PlainTape
from cache.tape import TRADES_MAX, Tape
from tests.node_world import World, live_binance, trade

SLOTS = st.integers(0, 20)
LOTS = st.one_of(st.integers(0, 1000), st.integers((1 << 62), (1 << 63) - 1))
ADDS = st.tuples(st.just("add"), SLOTS, LOTS, LOTS, st.booleans())
RESCALES = st.tuples(st.just("rescale"), SLOTS, st.integers(1, 10**9), st.integers(1, 10**9))


@given(st.lists(st.one_of(ADDS, RESCALES), max_size=60), SLOTS, st.integers(-5, 70))
def test_the_compiled_tape_holds_what_its_plain_twin_holds(acts, slot, number):
    tapes = Tape(), PlainTape()
    for at, (name, *values) in enumerate(acts):
        for tape in tapes:
            if name == "add":
                *fields, buyer = values
                tape.add(*fields, at, at + 1, buyer=buyer)
            else:
                tape.rescale(*values)
    compiled, plain = tapes
    assert compiled.count == plain.count
    for chosen in (-1, slot):
        for limit in (0, 3, 100):
            assert compiled.before(number, chosen, limit) == plain.before(number, chosen, limit)
            assert compiled.since(number, chosen, limit) == plain.since(number, chosen, limit)
    assert [compiled.total(one) for one in range(25)] == [plain.total(one) for one in range(25)]


def test_only_the_newest_trades_are_kept_and_all_are_counted():
    tapes = Tape(), PlainTape()
    for tape in tapes:
        for at in range(TRADES_MAX + 10):
            tape.add(at % 3, at, 1, 0, 0, buyer=False)
        assert tape.before(1 << 62, -1, 2)[0][0] == TRADES_MAX + 10
        assert len(tape.before(1 << 62, -1, TRADES_MAX + 1)) == TRADES_MAX
        assert tape.before(11, -1, 1) == []
        assert tape.since(0, -1, TRADES_MAX)[0][0] == 11
    assert tapes[0].total(0) == tapes[1].total(0)


@pytest.mark.parametrize("make", [Tape, PlainTape])
def test_what_no_node_can_have_is_refused(make):
    tape = make()
    for slot in (-1, 1 << 16):
        with pytest.raises(IndexError):
            tape.add(slot, 1, 1, 0, 0, buyer=True)
    with pytest.raises(ValueError, match="negative"):
        tape.add(0, -1, 1, 0, 0, buyer=True)
    with pytest.raises(ValueError, match="factors"):
        tape.rescale(0, 0, 1)
    assert tape.count == 0


def test_a_node_puts_each_trade_on_its_tape():
    world = World()
    live_binance(world, "BTCUSDT")
    world.frame("binance.ws.1", trade("BTCUSDT", 1, "100.5", "2"))
    world.frame("binance.ws.1", trade("BTCUSDT", 2, "100.75", "0.5"))
    slot = world.node.slot_of("BTC-USDT.BINANCE")
    found = world.node.tape.since(0, slot, 10)
    grid = world.node.instruments[slot].price
    assert [grid.format(one[2]) for one in found] == ["100.5", "100.75"]
    assert world.node.tape.total(slot)[0] == 2
