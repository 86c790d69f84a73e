"""A schedule goes on from a checkpoint as if nothing had happened."""

from dataclasses import replace

import pytest

import checkpoint
from arb.strategy.spec import StrategySpec
from node import Node, NodeConfig
from tests.recorded_world import feed
from tests.trading_world import trading_config

KEYS = (("size", "0.5"), ("end_s", "5"), ("step_ms", "100"))
SPECS = (
    StrategySpec("twap", (), KEYS),
    StrategySpec("vwap", (), (*KEYS, ("period_s", "2.88"), ("side", "sell"))),
    StrategySpec("pov", (), (*KEYS, ("style", "aggressive"))),
)


@pytest.mark.parametrize("at", [150, 500, 800])
def test_a_restored_schedule_sends_the_same_children(at):
    config = NodeConfig(discover=True, trading=replace(trading_config(), strategies=SPECS))
    inputs = feed(7, 3)[:1000]
    whole = Node(config)
    for one in inputs[:at]:
        whole.handle(*one)
    image = checkpoint.dump(whole)
    again = checkpoint.load(image)
    assert checkpoint.dump(again) == image
    for one in inputs[at:]:
        assert again.handle(*one) == list(whole.handle(*one))
        assert int(again.digest) == int(whole.digest)
    for world in whole.desk.worlds.values():
        assert all(one.filled for one in world.trader.strategies.values())
        assert world.trader.violations == 0
