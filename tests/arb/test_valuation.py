"""What a world is worth, read without a trace, is what it works out for itself."""

import checkpoint
from arb import valuation
from tests.recorded_world import feed
from tests.trading_world import trading_node


def test_profit_is_the_traders_own_and_reading_it_changes_nothing():
    """At any time the breakers could ask, and nothing that they remember moves."""
    node = trading_node()
    compared = 0
    for number, item in enumerate(feed(4)):
        node.handle(*item)
        if number % 300 or not number:
            continue
        before = checkpoint.state_hash(node)
        found = [valuation.profit(world.trader) for world in node.desk.worlds.values()]
        assert checkpoint.state_hash(node) == before
        assert found == [world.trader.profit() for world in node.desk.worlds.values()]
        compared += any(found)
    assert compared > 1
