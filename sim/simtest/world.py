"""The markets that simulation tests run on: small books, so that a seed is cheap."""

from sim.market.flow import FlowSpec
from sim.market.latent import AssetSpec, PremiumSpec
from sim.market.listing import BINANCE, COINBASE, Listing
from sim.market.world import WorldSpec

_PREMIUM = PremiumSpec(noise_ppm=30.0, jump_ppm=1500.0, jump_interval_s=8.0)

BTC_USDT = Listing(BINANCE, "BTC", "USDT", price_decimals=2, size_decimals=5)
ETH_USDT = Listing(BINANCE, "ETH", "USDT", price_decimals=2, size_decimals=4)
BTC_USD = Listing(COINBASE, "BTC", "USD", price_decimals=2, size_decimals=8)
ETH_USD = Listing(COINBASE, "ETH", "USD", price_decimals=2, size_decimals=8)


def _flow(
    listing: Listing, gap: int, lots_mean: int, *, levels: int, actions_per_s: float
) -> FlowSpec:
    lag = 0 if listing.venue == BINANCE else 3
    return FlowSpec(
        listing,
        lag_steps=lag,
        half_spread=max(1, gap // 2),
        gap=gap,
        levels=levels,
        lots_mean=lots_mean,
        actions_per_s=actions_per_s,
        premium=_PREMIUM,
    )


def spec(*, levels: int = 45, pace: int = 1, actions_per_s: float = 8.0) -> WorldSpec:
    """Return a world of four listings with so many levels a side and actions a second each.

    Prices move `pace` times as fast as they usually do.
    """
    assets = (
        AssetSpec("BTC", 61_800 * 10**8, step_ppm=20.0 * pace),
        AssetSpec("ETH", 2_650 * 10**8, step_ppm=25.0 * pace),
        AssetSpec("USDT", 99_932_000, step_ppm=1.5, pull_ppm=400),
    )
    flows = (
        _flow(BTC_USDT, 30, 40_000, levels=levels, actions_per_s=actions_per_s),
        _flow(ETH_USDT, 2, 60_000, levels=levels, actions_per_s=actions_per_s),
        _flow(BTC_USD, 60, 15_000_000, levels=levels, actions_per_s=actions_per_s),
        _flow(ETH_USD, 4, 200_000_000, levels=levels, actions_per_s=actions_per_s),
    )
    return WorldSpec(assets, flows)
