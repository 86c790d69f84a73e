"""The world that is served and recorded when nothing else is asked for."""

from market.fees import LOWEST_TIER

from .agents import Agents
from .latent import AssetSpec, PremiumSpec
from .listing import BINANCE, COINBASE, Listing
from .spec import FlowSpec, WorldSpec

WARM_UP_NS = 20 * 10**9  # after which books and recent trades are not those of an opening

# Jumps are rare and most are below two taker fees: an edge that pays is seen a few times a minute.
_MAJOR = PremiumSpec(noise_ppm=30.0, jump_ppm=1500.0, jump_interval_s=8.0)
_STABLE = PremiumSpec(noise_ppm=2.0, jump_ppm=30.0, jump_interval_s=30.0)

_BUSY = Agents(
    rate=110_000,
    maker_weight=330,
    noise_weight=450,
    taker_weight=80,
    informed_weight=100,
    momentum_weight=40,
    excite=250,
    fade_ms=120,
    spread=1,
    makers=4,
    layers=8,
    layer_gap=25,
    lean_lots=400_000,
    lean_max=40,
    levels=500,
    gap=20,
    curve=1000,
    near=20,
    lots=40_000,
    taker_lots=6_000,
    run=700,
    edge=2,
    chase=150,
)

CALM = WorldSpec(
    assets=(
        AssetSpec("BTC", 61_800 * 10**8, step_ppm=60.0),
        AssetSpec("ETH", 2_650 * 10**8, step_ppm=75.0),
        AssetSpec("USDT", 99_932_000, step_ppm=4.0, pull_ppm=400),
    ),
    flows=(
        FlowSpec(
            Listing(BINANCE, "BTC", "USDT", 2, 5, min_notional=5 * 10**7),
            _BUSY,
            lag_steps=0,
            premium=_MAJOR,
        ),
        FlowSpec(
            Listing(BINANCE, "ETH", "USDT", 2, 4, min_notional=5 * 10**6),
            _BUSY._replace(
                rate=80_000,
                layer_gap=2,
                lean_lots=600_000,
                lean_max=4,
                gap=2,
                curve=8,
                lots=60_000,
                taker_lots=9_000,
                chase=8,
            ),
            lag_steps=0,
            premium=_MAJOR,
        ),
        FlowSpec(
            Listing(COINBASE, "BTC", "USD", 2, 8, min_notional=10**10),
            _BUSY._replace(
                rate=60_000,
                spread=30,
                layer_gap=50,
                lean_lots=150_000_000,
                lean_max=60,
                levels=600,
                gap=40,
                curve=400,
                lots=15_000_000,
                taker_lots=3_000_000,
                edge=10,
            ),
            lag_steps=3,
            premium=_MAJOR,
        ),
        FlowSpec(
            Listing(COINBASE, "ETH", "USD", 2, 8, min_notional=10**10),
            _BUSY._replace(
                rate=45_000,
                spread=3,
                layer_gap=3,
                lean_lots=2_000_000_000,
                lean_max=6,
                levels=500,
                gap=3,
                curve=12,
                lots=200_000_000,
                taker_lots=40_000_000,
                edge=2,
                chase=10,
            ),
            lag_steps=3,
            premium=_MAJOR,
        ),
        FlowSpec(
            Listing(COINBASE, "USDT", "USD", 5, 2, min_notional=10**7),
            _BUSY._replace(
                rate=6_000,
                layers=4,
                layer_gap=1,
                lean_lots=20_000_000,
                lean_max=2,
                levels=300,
                gap=1,
                curve=0,
                lots=2_000_000,
                taker_lots=300_000,
                edge=1,
                chase=3,
            ),
            lag_steps=5,
            premium=_STABLE,
        ),
    ),
    fees={BINANCE: LOWEST_TIER["binance"], COINBASE: LOWEST_TIER["coinbase"]},
)
