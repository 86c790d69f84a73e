"""What the node and the transports need of the settings."""

from dataclasses import replace

from arb.desk import TradingConfig
from arb.edge import EdgeLimits
from arb.live import LiveConfig
from arb.live_channel import GATEWAYS
from arb.pairs import Pair
from arb.risk.limits import RiskLimits
from arb.strategy.spec import StrategySpec
from arb.world import PaperConfig
from books.audit_plan import AuditConfig
from connectors.registry import venue as venue_of
from connectors.transport.limits import limits
from connectors.venue import VenueConfig
from market.fees import PPB, FeeLadder, Fees, FeeSchedule, FeeTier, rate_ppb
from market.grid import split_decimal
from node import NodeConfig
from sim.market.scenario import ACTIVE_FEES

from . import testnet
from .settings import Settings
from .settings.instrument_id import instrument_id
from .settings.model import VenueSettings
from .settings.trading import FeeLadderSettings, LimitSettings, TradingSettings
from .settings.trading_rules import latencies_ns, whole_units

_MS = 1_000_000
_S = 1_000_000_000


def node_config(settings: Settings) -> NodeConfig:
    """Return what the node is told of the settings."""
    fees = FeeSchedule()
    for name, venue in settings.venues:
        fees = fees.with_venue(name, Fees(rate_ppb(venue.maker_fee), rate_ppb(venue.taker_fee)))
    if settings.mode == "sim":
        for name, simulated in ACTIVE_FEES.items():
            fees = fees.with_venue(name.lower(), simulated)
    for name, ladder in settings.trading.fees.items():
        fees = fees.with_ladder(name, _ladder(ladder))
    edges = settings.edges
    return NodeConfig(
        fees=fees,
        limits=EdgeLimits(
            margin_ppb=_bps(edges.safety_margin_bps),
            silence_max_ns=edges.silence_max_ms * _MS,
            lag_max_ns=edges.lag_max_ms * _MS,
            notional_min=_whole(edges.min_notional),
        ),
        audits=_audits(settings),
        venues={name: _venue(one) for name, one in settings.venues.enabled().items()},
        pairs=_pairs(settings),
        trading=_trading(settings),
    )


def _trading(settings: Settings) -> TradingConfig | None:
    """Return what trades: over the wire with simulated venues and test networks, else on paper."""
    found = trading_config(settings.trading)
    if found is None or settings.mode == "paper":
        return found
    if settings.mode == "testnet":
        return replace(found, live=testnet.live_config(settings))
    venues = tuple((name, name) for name in settings.venues.enabled() if name in GATEWAYS)
    return replace(found, live=LiveConfig(venues, settings.trading.reconcile_s * _S))


def trading_config(trading: TradingSettings) -> TradingConfig | None:
    """Return what trades, None without strategies or orders by hand."""
    if not trading.strategies and not trading.manual:
        return None
    latency = latencies_ns(trading)
    return TradingConfig(
        tuple(
            StrategySpec(
                one.name,
                tuple(map(instrument_id, one.instruments)),
                tuple(one.keys.items()),
                one.strategy,
            )
            for one in trading.strategies
        ),
        trading.currency,
        _limits(trading.limits),
        PaperConfig(latency, latency),
        tuple(
            (venue, asset, amount)
            for venue, held in trading.balances.items()
            for asset, amount in held.items()
        ),
    )


def _ladder(settings: FeeLadderSettings) -> FeeLadder:
    tiers = tuple(
        FeeTier(whole_units(one.volume), Fees(rate_ppb(one.maker), rate_ppb(one.taker)))
        for one in settings.tiers
    )
    return FeeLadder(tiers, whole_units(settings.volume))


def _limits(limits: LimitSettings) -> RiskLimits:
    return RiskLimits(
        notional_max=limits.notional_max,
        collar_ppb=limits.collar_bps * (PPB // 10_000),
        orders_per_second=limits.orders_per_second,
        open_orders_max=limits.open_orders_max,
        position_max=limits.position_max,
        aggregate_max=limits.aggregate_max,
        exposure_max=limits.exposure_max,
        volume_permille=limits.volume_permille,
        loss_max=limits.loss_max,
        drawdown_max=limits.drawdown_max,
        jump_ppb=limits.jump_bps * (PPB // 10_000),
        jump_ns=limits.jump_ms * _MS,
        doubt_ns=limits.doubt_ms * _MS,
        margin_permille=limits.margin_permille,
    )


def _venue(settings: VenueSettings) -> VenueConfig:
    return VenueConfig(
        silence_max_ns=settings.silence_ms * _MS,
        lag_max_ns=settings.lag_ms * _MS,
        snapshot_levels=settings.snapshot_levels,
    )


def _pairs(settings: Settings) -> tuple[Pair, ...] | None:
    if settings.pairs == "auto":
        return None
    return tuple(
        Pair(
            instrument_id(pair.a),
            instrument_id(pair.b),
            instrument_id(pair.via) if pair.via else "",
        )
        for pair in settings.pairs
    )


def _audits(settings: Settings) -> AuditConfig:
    """Return when to audit: seldom enough that all audits stay within their share of the weight."""
    if not settings.audit.enabled:
        return AuditConfig()
    usual = AuditConfig(interval_ns=settings.audit.interval_s * _S)
    return AuditConfig(
        interval_ns=usual.interval_ns,
        spacing_by_venue={
            name: max(usual.spacing_ns, _spacing_ns(name, venue, settings.audit.budget_percent))
            for name, venue in settings.venues.enabled().items()
        },
    )


def _spacing_ns(name: str, venue: VenueSettings, percent: int) -> int:
    """Return how far apart audits cost no more than their share, rounded up."""
    path = venue_of(name, venue.snapshot_levels).audit_path("BTCUSDT")
    weight = limits(name).weight(path)
    return -(-weight * 60 * _S * 100 // (venue.request_weight_per_minute * percent))


def _bps(text: str) -> int:
    """Return basis points as parts per billion."""
    whole, _, fraction = text.partition(".")
    return int(whole + fraction[:5].ljust(5, "0")) * PPB // 10_000 // 10**5


def _whole(text: str) -> int:
    """Return a decimal amount as whole units, rounded up: never a smaller minimum than asked."""
    digits, decimals = split_decimal(text)
    units: int = -(-digits // 10**decimals)
    return units
