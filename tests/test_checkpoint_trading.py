"""A node that trades goes on from a checkpoint with the same orders, positions and decisions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import checkpoint
from arb.image import parts
from arb.portfolio.position import Position
from checkpoint import UnknownStateError
from market.inputs import Input, InputKind
from node import Node
from tests.effort import examples
from tests.recorded_world import feed
from tests.test_checkpoint import faulty
from tests.trading_world import SCHEDULES, SPECS, trading_node

COMMANDS = ("halt", "resume", "cancel-all", "flatten", "recording-stopped")


def commanded(inputs, commands) -> list[Input]:
    """Return the inputs with an operator's commands, each (place, name)."""
    out = list(inputs)
    for place, name in sorted(commands, reverse=True):
        at = place % len(out)
        out.insert(at, Input(out[at].ts_recv, InputKind.COMMAND, "user", b"", name))
    return out


def goes_on_alike(inputs, at, specs=SPECS) -> Node:
    """Check the law for one prefix: same effects, same digests, same state."""
    whole = trading_node(specs)
    for one in inputs[:at]:
        whole.handle(*one)
    image = checkpoint.dump(whole)
    again = checkpoint.load(image)
    assert checkpoint.dump(again) == image
    for one in inputs[at:]:
        effects = list(whole.handle(*one))
        assert again.handle(*one) == effects
        assert int(again.digest) == int(whole.digest)
    assert checkpoint.state_hash(again) == checkpoint.state_hash(whole)
    return whole


FAULTS = ("drop", "repeat", "cut", "finer", "close", "open", "late")


@settings(max_examples=examples(0.24))
@given(
    faults=st.lists(st.tuples(st.integers(0, 1200), st.sampled_from(FAULTS)), max_size=5),
    commands=st.lists(st.tuples(st.integers(0, 1200), st.sampled_from(COMMANDS)), max_size=3),
    at=st.integers(0, 1200),
)
def test_a_node_restored_at_any_input_goes_on_with_the_same_digests(faults, commands, at):
    goes_on_alike(commanded(faulty(feed(7, 3)[:1200], faults), commands), at)


@pytest.mark.parametrize("at", [100, 500, 900])
def test_a_node_that_executes_schedules_goes_on_with_the_same_digests(at):
    whole = goes_on_alike(feed(7, 3)[:1200], at, SCHEDULES)
    for world in whole.desk.worlds.values():
        filled = {name: one.filled for name, one in world.trader.strategies.items()}
        assert filled.keys() == {"twap", "vwap", "pov"}
        assert filled["twap"] > 0


def test_the_feed_trades_so_that_the_law_means_something():
    node = trading_node()
    under_way = open_orders = 0
    for one in feed(7, 3)[:1200]:
        node.handle(*one)
        for world in node.desk.worlds.values():
            under_way = max(under_way, len(world.paper._waiting))
            open_orders = max(open_orders, len(world.trader.store.open))
    assert under_way > 2
    assert open_orders > 2
    for world in node.desk.worlds.values():
        assert world.trader.store.totals.fills > 10
        assert set(world.trader.strategies) == {"xemm", "glft", "arbitrage"}
        assert any(one.base for one in world.trader.portfolio.positions.values())


def test_orders_positions_hedges_and_profit_are_those_of_the_checkpoint():
    node = trading_node()
    for one in feed(7, 3)[:1200]:
        node.handle(*one)
    again = checkpoint.load(checkpoint.dump(node))
    for name, world in node.desk.worlds.items():
        old, new = world.trader, again.desk.worlds[name].trader
        assert {n: o.price for n, o in new.store.open.items()} == {
            n: o.price for n, o in old.store.open.items()
        }
        assert new.portfolio.positions == old.portfolio.positions
        assert new.portfolio.balances == old.portfolio.balances
        assert new.strategies["xemm"].hedger.open == old.strategies["xemm"].hedger.open
        assert new.strategies["xemm"].hedger.state == old.strategies["xemm"].hedger.state
        assert new.profit() == old.profit()
        assert again.desk.worlds[name].paper._engine.state_hash() == (
            world.paper._engine.state_hash()
        )


def test_what_checkpoints_do_not_know_is_an_error_and_never_left_out():
    node = trading_node()
    trader = node.desk.worlds["pessimistic"].trader
    for unknown in (object(), [Position(), print]):
        trader.strategies["new"] = unknown
        with pytest.raises(UnknownStateError):
            checkpoint.dump(node)


def test_every_part_of_a_desk_is_one_that_checkpoints_fill():
    node = trading_node()
    found = list(parts(node.desk))
    assert len(found) == 2 + 8 * len(node.desk.worlds)
    assert len({id(one) for one in found}) == len(found)
