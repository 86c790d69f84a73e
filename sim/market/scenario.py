"""The world that is served and recorded when nothing else is asked for."""

from market.fees import LOWEST_TIER, Fees

from .agents import Agents
from .latent import AssetSpec, PremiumSpec
from .listing import BINANCE, COINBASE, Listing
from .spec import FlowSpec, WorldSpec

WARM_UP_NS = 20 * 10**9  # after which books and recent trades are not those of an opening

#: What an active market maker pays: less than the lowest tier, so that edges survive now and then.
ACTIVE_FEES = {BINANCE: Fees(100_000, 200_000), COINBASE: Fees(100_000, 300_000)}

# Jumps are rare and most are below two taker fees: an edge that pays is seen a few times a minute.
_MAJOR = PremiumSpec(noise_ppm=30.0, jump_ppm=1500.0, jump_interval_s=8.0)
_STABLE = PremiumSpec(noise_ppm=2.0, jump_ppm=30.0, jump_interval_s=30.0)

_BUSY = Agents(
    rate=150_000,
    maker_weight=240,
    noise_weight=680,
    taker_weight=24,
    informed_weight=70,
    momentum_weight=12,
    excite=5000,
    fade_ms=120,
    spread=1,
    makers=3,
    layers=6,
    layer_gap=140,
    lean_lots=200_000,
    lean_max=40,
    levels=500,
    gap=30,
    curve=400,
    near=80,
    swell=20,
    lots=12_000,
    taker_lots=3_000,
    run=700,
    edge=2,
    chase=250,
)

CALM = WorldSpec(
    assets=(
        AssetSpec("BTC", 61_800 * 10**8, step_ppm=60.0, pull_ppm=2),
        AssetSpec("ETH", 2_650 * 10**8, step_ppm=75.0, pull_ppm=2),
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
                rate=100_000,
                excite=3600,
                layer_gap=5,
                lean_lots=300_000,
                lean_max=4,
                gap=2,
                curve=12,
                lots=15_000,
                taker_lots=5_000,
                chase=12,
            ),
            lag_steps=0,
            premium=_MAJOR,
        ),
        FlowSpec(
            Listing(COINBASE, "BTC", "USD", 2, 8, min_notional=10**10),
            _BUSY._replace(
                rate=70_000,
                excite=2500,
                spread=20,
                lean_lots=150_000_000,
                lean_max=60,
                levels=600,
                gap=40,
                lots=10_000_000,
                taker_lots=2_000_000,
                edge=10,
            ),
            lag_steps=3,
            premium=_MAJOR,
        ),
        FlowSpec(
            Listing(COINBASE, "ETH", "USD", 2, 8, min_notional=10**10),
            _BUSY._replace(
                rate=65_000,
                excite=2300,
                near=50,
                spread=3,
                layer_gap=6,
                lean_lots=2_000_000_000,
                lean_max=6,
                gap=3,
                curve=16,
                lots=120_000_000,
                taker_lots=30_000_000,
                edge=2,
                chase=15,
            ),
            lag_steps=3,
            premium=_MAJOR,
        ),
        FlowSpec(
            Listing(COINBASE, "USDT", "USD", 5, 2, min_notional=10**7),
            _BUSY._replace(
                rate=3_000,
                excite=500,
                layers=4,
                layer_gap=1,
                lean_lots=20_000_000,
                lean_max=2,
                levels=300,
                gap=1,
                curve=0,
                near=20,
                swell=0,
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
