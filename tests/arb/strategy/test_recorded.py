"""Every strategy over the recorded feeds: repeatable, within its bound, and explained exactly."""

import pytest

from arb.desk import TradingConfig
from arb.risk.limits import RiskLimits
from arb.strategy.spec import STRATEGIES, StrategySpec
from node import NodeConfig
from tests.node_world import feed, needs_feeds, replayed

PAIRS = ("xemm", "arbitrage")
SINGLES = tuple(name for name in STRATEGIES if name not in PAIRS)
#: Keys that make a strategy trade even where its own margin would keep it out.
EAGER = {"xemm": (("margin_bps", "-8"),), "arbitrage": (("margin_bps", "-30"),)}
RECORDINGS = {
    "binance-spot-2021-04-04": "binance",
    "binance-spot-2021-08": "binance",
    "binance-spot-2023-04": "binance",
    "binance-spot-2024-08": "binance",
    "binance-us-2021-04-17": "binance-us",
    "binance-us-2021-10": "binance-us",
    "binance-usdm-2021-07": "binance-usdm",
    "binance-usdm-2024-08": "binance-usdm",
    "coinbase-advanced-2026-08": "coinbase",
    "coinbase-exchange-2021-04": "coinbase-exchange",
}


def trade(name, sources, keys=()):
    """Return the digest of a run after looking at what must hold in each of its worlds."""
    limits = RiskLimits(loss_max=0, drawdown_max=0, jump_ppb=0, doubt_ns=0)
    trading = TradingConfig((StrategySpec(name, (), keys),), limits=limits)
    node = replayed(*sources, config=NodeConfig(discover=True, trading=trading))
    assert node.desk is not None
    for world in node.desk.worlds.values():
        trader = world.trader
        assert trader.violations == 0
        assert all(one.violation() == "" for one in trader.strategies.values())
        for slot, strategy in trader.portfolio.positions:
            gain = trader.portfolio.gain(slot, strategy)
            assert gain.total == gain.spread - gain.slippage - gain.fees + gain.inventory
    return node.digest.hex


@needs_feeds
@pytest.mark.slow
@pytest.mark.parametrize("keys", [(), "eager"])
@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_of_recordings_is_traded_alike_each_time(name, keys):
    chosen = EAGER[name] if keys else ()
    spot = [path for path in feed("binance-spot-2024-08") if "20240808" in path.name]
    sources = [("binance", spot), ("binance-usdm", feed("binance-usdm-2024-08"))]
    assert trade(name, sources, chosen) == trade(name, sources, chosen)


@needs_feeds
@pytest.mark.slow
@pytest.mark.parametrize("recording", RECORDINGS)
@pytest.mark.parametrize("name", SINGLES)
def test_a_single_recording_is_traded_alike_each_time(name, recording):
    sources = [(RECORDINGS[recording], feed(recording))]
    assert trade(name, sources) == trade(name, sources)
