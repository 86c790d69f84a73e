"""A node that trades on paper over the generated feed, with each kind of strategy."""

from dataclasses import replace

from arb.desk import TradingConfig
from arb.risk.limits import RiskLimits
from arb.strategy.spec import StrategySpec
from arb.world import PaperConfig
from market.fees import Fees, FeeSchedule
from node import Node, NodeConfig

SPECS = (
    StrategySpec("xemm", (), (("size", "0.05"), ("margin_bps", "0"))),
    StrategySpec("glft", (), (("size", "0.05"),)),
    StrategySpec("arbitrage", (), (("margin_bps", "0"),)),
)
SCHEDULES = (
    StrategySpec("twap", (), (("size", "0.5"), ("end_s", "6"), ("style", "aggressive"))),
    StrategySpec("vwap", (), (("size", "0.5"), ("side", "sell"), ("end_s", "5"))),
    StrategySpec("pov", (), (("size", "0.5"), ("at_end", "cross"), ("end_s", "4"))),
)
#: One that is at work for as long as the feed goes.
SLOW = StrategySpec("twap", (), (("size", "0.5"), ("end_s", "60"), ("style", "aggressive")))


def trading_config(specs=SPECS, **limits) -> TradingConfig:
    """Return what trades; limits are wide, so that it goes on trading, unless given."""
    wide = {"notional_max": 100_000, "exposure_max": 100_000, "position_max": 0} | limits
    paper = PaperConfig((5_000_000, 9_000_000), (4_000_000, 7_000_000))
    return TradingConfig(specs, "USDT", replace(RiskLimits(), **wide), paper)


def trading_node(specs=SPECS, **limits) -> Node:
    """Return a node at whose venues makers are paid a little, so that there is much to do."""
    fees = FeeSchedule()
    for venue in ("binance", "coinbase"):
        fees = fees.with_venue(venue, Fees(-100_000, 0))
    return Node(NodeConfig(discover=True, fees=fees, trading=trading_config(specs, **limits)))
