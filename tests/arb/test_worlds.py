"""Worlds share what they work out, and nothing else: each trades as it would alone."""

from dataclasses import replace

from arb.desk import MODELS
from market.effects import EffectKind
from node import Node
from tests.recorded_world import feed
from tests.trading_world import trading_node

INPUTS = 1_200


def told(models):
    """Return what each world did, in order."""
    config = trading_node().config
    node = Node(replace(config, trading=replace(config.trading, models=models)))
    found = {}
    for item in feed(7, 3)[:INPUTS]:
        for effect in node.handle(*item):
            if effect.kind is EffectKind.TRADING:
                found.setdefault(effect.target, []).append((effect.subject, effect.fields))
    return found


def test_a_world_does_alone_what_it_does_beside_the_others():
    together = told(MODELS)
    assert len(together) == len(MODELS)
    for model in MODELS:
        name = model.name.lower()
        assert told((model,)) == {name: together[name]}
        assert any(event == "fill" for event, _ in together[name])
