"""The world that is served and recorded when nothing else is asked for."""

from .flow import FlowSpec
from .latent import AssetSpec, PremiumSpec
from .listing import BINANCE, COINBASE, Listing
from .world import WorldSpec

WARM_UP_NS = 20 * 10**9  # after which books and recent trades are not those of an opening

# Jumps are rare and most are below two taker fees: an edge that pays is seen a few times a minute.
_MAJOR = PremiumSpec(noise_ppm=30.0, jump_ppm=1500.0, jump_interval_s=8.0)
_STABLE = PremiumSpec(noise_ppm=2.0, jump_ppm=30.0, jump_interval_s=30.0)

CALM = WorldSpec(
    assets=(
        AssetSpec("BTC", 61_800 * 10**8, step_ppm=20.0),
        AssetSpec("ETH", 2_650 * 10**8, step_ppm=25.0),
        AssetSpec("USDT", 99_932_000, step_ppm=1.5, pull_ppm=400),
    ),
    flows=(
        FlowSpec(
            Listing(BINANCE, "BTC", "USDT", price_decimals=2, size_decimals=5),
            lag_steps=0,
            half_spread=1,
            gap=30,
            levels=400,
            lots_mean=40_000,
            actions_per_s=160.0,
            premium=_MAJOR,
        ),
        FlowSpec(
            Listing(BINANCE, "ETH", "USDT", price_decimals=2, size_decimals=4),
            lag_steps=0,
            half_spread=1,
            gap=2,
            levels=400,
            lots_mean=60_000,
            actions_per_s=120.0,
            premium=_MAJOR,
        ),
        FlowSpec(
            Listing(COINBASE, "BTC", "USD", price_decimals=2, size_decimals=8),
            lag_steps=3,
            half_spread=40,
            gap=60,
            levels=500,
            lots_mean=15_000_000,
            actions_per_s=80.0,
            premium=_MAJOR,
        ),
        FlowSpec(
            Listing(COINBASE, "ETH", "USD", price_decimals=2, size_decimals=8),
            lag_steps=3,
            half_spread=3,
            gap=4,
            levels=400,
            lots_mean=200_000_000,
            actions_per_s=60.0,
            premium=_MAJOR,
        ),
        FlowSpec(
            Listing(COINBASE, "USDT", "USD", price_decimals=5, size_decimals=2),
            lag_steps=5,
            half_spread=1,
            gap=1,
            levels=300,
            lots_mean=2_000_000,
            actions_per_s=8.0,
            premium=_STABLE,
        ),
    ),
)
