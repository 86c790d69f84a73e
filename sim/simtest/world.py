"""The markets that simulation tests run on: small books, so that a seed is cheap."""

from dataclasses import replace

from sim.market.listing import Listing
from sim.market.scenario import ACTIVE_FEES, CALM
from sim.market.spec import FlowSpec, WorldSpec

_LISTINGS = {flow.listing.id: flow.listing for flow in CALM.flows}
BTC_USDT, ETH_USDT, BTC_USD, ETH_USD, USDT_USD = (
    _LISTINGS[name]
    for name in (
        "BTC-USDT.BINANCE",
        "ETH-USDT.BINANCE",
        "BTC-USD.COINBASE",
        "ETH-USD.COINBASE",
        "USDT-USD.COINBASE",
    )
)
_WANTED: tuple[Listing, ...] = (BTC_USDT, ETH_USDT, BTC_USD, ETH_USD)


def spec(
    *, levels: int = 45, pace: int = 1, actions_per_s: float = 8.0, traded: bool = False
) -> WorldSpec:
    """Return a world of four listings with so many levels a side and actions a second each.

    Prices move `pace` times as fast as they usually do. One that is `traded` has the conversion
    beside them, and fees that leave something to be earned.
    """
    wanted = (*_WANTED, USDT_USD) if traded else _WANTED

    def small(flow: FlowSpec) -> FlowSpec:
        usual = flow.agents
        agents = usual._replace(
            rate=round(actions_per_s * 1000),
            excite=500,
            levels=levels,
            near=levels,
            taker_weight=usual.taker_weight // 2,
            informed_weight=usual.informed_weight // 4,
            taker_lots=usual.taker_lots // 4,
        )
        return replace(flow, agents=agents)

    assets = tuple(replace(asset, step_ppm=asset.step_ppm * pace) for asset in CALM.assets)
    flows = tuple(small(flow) for flow in CALM.flows if flow.listing in wanted)
    return WorldSpec(assets, flows, ACTIVE_FEES if traded else CALM.fees)
