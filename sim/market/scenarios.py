"""The worlds by name: the usual one, and what makes each of the others different from it."""

from collections.abc import Callable
from dataclasses import replace

from engine.code import Side, State

from .agents import Agents
from .latent import AssetSpec, PremiumSpec
from .listing import BINANCE, COINBASE, Listing
from .scenario import CALM
from .spec import FlowSpec, Phase, WorldSpec

_CYCLE_S = 120.0
_BTC = "BTC-USDT.BINANCE"
_ETH = "ETH-USD.COINBASE"
_USDT = "USDT-USD.COINBASE"
_PEG = 99_932_000


def _flows(change: Callable[[FlowSpec], FlowSpec]) -> tuple[FlowSpec, ...]:
    return tuple(change(flow) for flow in CALM.flows)


def _majors(**fields: float) -> tuple[AssetSpec, ...]:
    """Return the assets with fields multiplied, the stable one left as it is."""
    return tuple(
        asset
        if asset.name == "USDT"
        else replace(asset, **{name: getattr(asset, name) * by for name, by in fields.items()})
        for asset in CALM.assets
    )


def _trending() -> WorldSpec:
    """Majors rise by about half a percent a minute for ten minutes, then fall as long."""
    assets = tuple(
        asset if asset.name == "USDT" else replace(asset, trend_ppm=45.0) for asset in CALM.assets
    )
    return replace(CALM, assets=assets)


def _volatile() -> WorldSpec:
    """Moves are five times as large, and the venues part twice as often."""

    def wilder(flow: FlowSpec) -> FlowSpec:
        interval_s = flow.premium.jump_interval_s / 2
        return replace(flow, premium=replace(flow.premium, jump_interval_s=interval_s))

    return replace(CALM, assets=_majors(step_ppm=5.0), flows=_flows(wilder))


def _thin() -> WorldSpec:
    """Few orders, small and far apart."""

    def thinner(flow: FlowSpec) -> FlowSpec:
        a = flow.agents
        changed = a._replace(
            rate=a.rate // 5,
            excite=a.excite // 5,
            makers=2,
            layers=3,
            spread=a.spread * 20,
            layer_gap=a.layer_gap * 8,
            levels=a.levels // 8,
            gap=a.gap * 6,
            curve=a.curve * 40,
            near=8,
            lots=max(1, a.lots // 8),
        )
        return replace(flow, agents=changed)

    return replace(CALM, flows=_flows(thinner))


def _flash_crash() -> WorldSpec:
    """On one venue buyers step aside and everyone sells for some seconds; then they come back."""
    usual = next(flow.agents for flow in CALM.flows if flow.listing.id == _BTC)
    rush = {
        "withdrawn": 1,
        "place": 100,
        "spread": usual.gap * usual.levels,  # nobody steps in
        "maker_weight": 100,
        "noise_weight": 50,
        "informed_weight": 0,
        "momentum_weight": 0,
        "taker_weight": 800,
        "taker_side": Side.SELL.value,
        "taker_lots": usual.lots,
        "excite": 1000,
    }
    pause = {"informed_weight": 20, "taker_weight": 20}
    phases = (
        Phase(30.0, _BTC, rush),
        Phase(34.0, _BTC, pause),
        Phase(38.0, _BTC),
    )
    return replace(CALM, phases=phases, cycle_s=_CYCLE_S)


def _one_venue_lags() -> WorldSpec:
    """The makers of Coinbase see the latent price one and a half seconds late.

    The latent price moves more, and the venues do not part of themselves: edges come of the lag.
    """

    def later(flow: FlowSpec) -> FlowSpec:
        close = replace(flow, premium=replace(flow.premium, noise_ppm=5.0, jump_ppm=50.0))
        if flow.listing.venue != COINBASE:
            return close
        return replace(close, lag_steps=30, agents=flow.agents._replace(informed_weight=20))

    return replace(CALM, assets=_majors(step_ppm=4.0), flows=_flows(later))


def _depeg() -> WorldSpec:
    """The dollar token falls to 97 cents within seconds, and comes back."""
    panic = {"rate": 100_000, "informed_weight": 60, "place": 950}
    phases = (
        Phase(20.0, _USDT, panic, asset="USDT", target=97_000_000, pull_ppm=4000),
        Phase(70.0, asset="USDT", target=_PEG, pull_ppm=4000),
        Phase(100.0, _USDT, asset="USDT"),
    )
    return replace(CALM, phases=phases, cycle_s=_CYCLE_S)


def _halt() -> WorldSpec:
    """One instrument of each venue stops trading for a while and reopens by auction."""
    phases = (
        Phase(30.0, _BTC, state=State.HALTED),
        Phase(38.0, _BTC, state=State.CANCEL_ONLY),
        Phase(43.0, _BTC, state=State.AUCTION),
        Phase(50.0, _BTC, state=State.OPEN),
        Phase(60.0, _ETH, state=State.CANCEL_ONLY),
        Phase(66.0, _ETH, state=State.AUCTION),
        Phase(72.0, _ETH, state=State.OPEN),
    )
    return replace(CALM, phases=phases, cycle_s=_CYCLE_S)


SCENARIOS: dict[str, WorldSpec] = {
    "calm": CALM,
    "trending": _trending(),
    "volatile": _volatile(),
    "thin": _thin(),
    "flash-crash": _flash_crash(),
    "one-venue-lags": _one_venue_lags(),
    "depeg": _depeg(),
    "halt": _halt(),
}

# Symbols of a crowd come as so many quote assets a base asset: a venue holds 255 assets at most.
_QUOTES = {BINANCE: ("USDT", "USDC", "FDUSD"), COINBASE: ("USD", "USDC", "USDT")}
_CROWD_MAX = 240 * 3

_MEMBER = Agents(
    rate=10_000,
    maker_weight=400,
    noise_weight=450,
    taker_weight=70,
    informed_weight=60,
    momentum_weight=20,
    excite=3500,
    fade_ms=120,
    spread=2,
    makers=3,
    layers=6,
    layer_gap=3,
    lean_lots=200_000,
    lean_max=5,
    levels=100,
    gap=3,
    curve=40,
    near=12,
    swell=20,
    lots=20_000,
    taker_lots=4_000,
    run=700,
    edge=2,
    chase=8,
)


def crowd(symbols: int, orders_per_s: float) -> WorldSpec:
    """Return a world of so many symbols a venue, with about so many orders a second on each.

    ValueError for more symbols than a venue can hold, or fewer than one.
    """
    if not 1 <= symbols <= _CROWD_MAX:
        raise ValueError(f"symbols: {symbols} is not within 1 and {_CROWD_MAX}")
    # Excitement makes it 1.4 times the base rate.
    agents = _MEMBER._replace(rate=max(1, round(orders_per_s * 1000 / 1.4)))
    bases = [f"C{number:03d}" for number in range(-(-symbols // 3))]
    assets = tuple(
        AssetSpec(base, (20 + 7 * number) * 10**8, step_ppm=80.0, pull_ppm=2)
        for number, base in enumerate(bases)
    )
    premium = PremiumSpec(noise_ppm=40.0, jump_ppm=800.0, jump_interval_s=60.0)
    flows = tuple(
        FlowSpec(Listing(venue, base, quote, 2, 4), agents, lag, premium)
        for venue, lag in ((BINANCE, 0), (COINBASE, 3))
        for base, quote in [(b, q) for b in bases for q in _QUOTES[venue]][:symbols]
    )
    return replace(CALM, assets=assets, flows=flows)


def deep(spec: WorldSpec, levels: int = 20_000) -> WorldSpec:
    """Return a world whose Coinbase majors have about two thirds as many levels a side.

    Their snapshots are then as large as the venue's own, several megabytes in one frame.
    """

    def deeper(flow: FlowSpec) -> FlowSpec:
        if flow.listing.venue != COINBASE or flow.listing.base == "USDT":
            return flow
        a = flow.agents._replace(levels=levels, gap=max(1, flow.agents.gap // 3), curve=0, swell=1)
        return replace(flow, agents=a)

    return replace(spec, flows=tuple(deeper(flow) for flow in spec.flows))
