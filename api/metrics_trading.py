"""What is measured of trading, by world: orders, refusals, exposure, profit, risk."""

from collections.abc import Callable, Iterator

from prometheus_client.metrics_core import Metric

from arb.desk import TradingDesk
from arb.hedging.hedger import Hedger
from arb.live_channel import ChannelState
from arb.orders.store import Totals
from arb.risk.reason import Cause, RiskReason, RiskState
from arb.trader import Trader
from arb.valuation import profit
from arb.world import Standing, World
from market.amount import AMOUNT_DECIMALS

from .metrics_sheet import Row, Sheet
from .metrics_source import Process

_ONE = 10.0**AMOUNT_DECIMALS
_WORLD = ("world",)

_TOTALS: tuple[tuple[str, str, Callable[[Totals], int]], ...] = (
    ("orders_placed", "orders given to a gateway", lambda totals: totals.placed),
    ("orders_rejected", "orders that the venue rejected", lambda totals: totals.rejected),
    ("orders_canceled", "orders that ended without being filled", lambda totals: totals.canceled),
    ("orders_replaced", "replaces that the venue confirmed", lambda totals: totals.replaced),
    ("orders_lost", "orders that went without an answer in time", lambda totals: totals.lost),
    (
        "orders_unresolved",
        "orders that the venue did not account for after all questions",
        lambda totals: totals.unresolved,
    ),
    ("order_fills", "fills", lambda totals: totals.fills),
    (
        "order_overfills",
        "fills of more than what was open, which no venue should report",
        lambda totals: totals.overfills,
    ),
    (
        "order_strangers",
        "reports about orders that are not ours",
        lambda totals: totals.strangers,
    ),
)


_STANDINGS: tuple[tuple[str, str, Callable[[Standing], int]], ...] = (
    ("order_channel_openings", "times an order channel was opened", lambda one: one.opens),
    ("order_checks", "comparisons of orders and balances with a venue", lambda one: one.checks),
    (
        "order_checks_undecided",
        "comparisons that decided nothing, because orders were under way",
        lambda one: one.undecided,
    ),
    ("order_strays", "orders of ours that only the venue knew, cancelled", lambda one: one.strays),
)


def trading_families(process: Process, sheet: Sheet) -> Iterator[Metric]:
    """Yield the families of trading; where nothing trades they have no samples."""
    desk = process.node.desk
    yield from _channels(list(desk.worlds.values()) if desk is not None else [], sheet)
    traders = [world.trader for world in desk.worlds.values()] if desk is not None else []
    yield from _orders(process, traders, sheet)
    yield from _risk(traders, sheet)
    yield from _hedges(traders, sheet)
    yield from _profit(desk, traders, sheet)


def _orders(process: Process, traders: list[Trader], sheet: Sheet) -> Iterator[Metric]:
    yield sheet.gauge(
        "orders_open",
        "orders that may still be filled",
        _WORLD,
        (((one.name,), len(one.store.open)) for one in traders),
    )
    yield sheet.gauge(
        "orders_unaccounted",
        "open orders whose state at the venue is not known",
        _WORLD,
        (((one.name,), len(one.store.lost)) for one in traders),
    )
    yield sheet.counter(
        "order_rejects",
        "orders that the venue rejected, by what it said",
        (*_WORLD, "reason"),
        process.stages.rejects.items(),
    )
    for name, text, read in _TOTALS:
        yield sheet.counter(
            name, text, _WORLD, [((one.name,), read(one.store.totals)) for one in traders]
        )


def _channels(worlds: list[World], sheet: Sheet) -> Iterator[Metric]:
    """Yield how worlds whose orders go over the wire stand with their venues."""
    labels = (*_WORLD, "venue")
    rows = [
        ((world.name, venue), standing)
        for world in worlds
        for venue, standing in world.standings().items()
    ]
    yield sheet.gauge(
        "order_channel_ready",
        "whether new orders may go to a venue: its channel is open and what it told agrees",
        labels,
        ((key, float(one.state == ChannelState.READY.name.lower())) for key, one in rows),
    )
    for name, text, read in _STANDINGS:
        yield sheet.counter(name, text, labels, [(key, read(one)) for key, one in rows])
    yield sheet.counter(
        "order_channel_problems",
        "what could not be read or sent on an order channel",
        (*labels, "problem"),
        (((*key, problem), count) for key, one in rows for problem, count in one.counts.items()),
    )
    yield sheet.gauge(
        "orders_foreign",
        "orders open at a venue that are none of ours, at the last check",
        labels,
        ((key, one.foreign_orders) for key, one in rows),
    )
    yield sheet.gauge(
        "balance_difference",
        "what a venue says that we have beyond what our fills explain, in units of the asset",
        (*labels, "asset"),
        (
            ((*key, asset), amount / _ONE)
            for key, one in rows
            for asset, amount in one.differences.items()
        ),
    )


def _risk(traders: list[Trader], sheet: Sheet) -> Iterator[Metric]:
    yield sheet.counter(
        "risk_checks",
        "orders checked before sending, by what the check said: code 0 lets an order through",
        (*_WORLD, "code", "reason"),
        (
            ((one.name, str(int(reason)), reason.name.lower()), one.risk.refusals[reason])
            for one in traders
            for reason in RiskReason
        ),
    )
    yield sheet.gauge(
        "risk_state",
        f"what trading may do: {', '.join(f'{int(one)} {one.name.lower()}' for one in RiskState)}",
        _WORLD,
        (((one.name,), int(one.switch.state)) for one in traders),
    )
    yield sheet.gauge(
        "risk_cause",
        "what holds the risk state up, 1 for each cause that stands",
        (*_WORLD, "cause"),
        (
            ((one.name, cause.name.lower()), float(cause in one.switch.causes))
            for one in traders
            for cause in Cause
        ),
    )
    yield sheet.counter(
        "risk_trips",
        "times a cause raised the risk state",
        _WORLD,
        (((one.name,), one.switch.trips) for one in traders),
    )
    yield sheet.counter(
        "exposure_violations",
        "times the bound on a strategy's exposure did not hold: a fault of ours or of the venue",
        _WORLD,
        (((one.name,), one.violations) for one in traders),
    )


def _hedgers(traders: list[Trader]) -> Iterator[tuple[tuple[str, str], Trader, Hedger]]:
    for trader in traders:
        for name, strategy in trader.strategies.items():
            hedger = getattr(strategy, "hedger", None)
            if isinstance(hedger, Hedger):
                yield (trader.name, name), trader, hedger


def _hedges(traders: list[Trader], sheet: Sheet) -> Iterator[Metric]:
    labels = (*_WORLD, "strategy")
    rows = list(_hedgers(traders))
    yield sheet.gauge(
        "hedge_open_base",
        "confirmed base amount that is not hedged, negative when short",
        labels,
        ((key, hedger.open / _ONE) for key, _, hedger in rows),
    )
    yield sheet.gauge(
        "hedge_worst_base",
        "the largest base amount that could be open, whatever is under way does",
        labels,
        ((key, max(hedger.worst()) / _ONE) for key, _, hedger in rows),
    )
    yield sheet.gauge(
        "hedge_bound_base",
        "the bound on the base amount that could be open",
        labels,
        ((key, hedger.config.bound / _ONE) for key, _, hedger in rows),
    )
    yield sheet.gauge(
        "hedge_unhedged_seconds",
        "for how long the oldest part of the open amount has waited for its hedge",
        labels,
        (
            (key, max(0, trader.now - hedger.unhedged_since_ns) / 1e9)
            if hedger.unhedged_since_ns
            else (key, 0.0)
            for key, trader, hedger in rows
        ),
    )
    yield sheet.counter(
        "hedges", "hedge orders sent", labels, [(key, one.hedges) for key, _, one in rows]
    )
    yield sheet.counter(
        "hedge_failures",
        "hedges that were refused or not filled",
        labels,
        [(key, one.failures) for key, _, one in rows],
    )


def _profit(desk: TradingDesk | None, traders: list[Trader], sheet: Sheet) -> Iterator[Metric]:
    currency = desk.config.currency if desk is not None else ""
    yield sheet.gauge(
        "profit",
        "profit and loss since the start in the reporting currency, by the last known prices",
        (*_WORLD, "currency"),
        (((one.name, currency), profit(one) / _ONE) for one in traders),
    )
    yield sheet.gauge(
        "drawdown",
        "the deepest fall of profit and loss from its peak, in the reporting currency",
        (*_WORLD, "currency"),
        (((one.name, currency), one.breakers.drawdown / _ONE) for one in traders),
    )
    yield sheet.gauge(
        "position_base",
        "position in base units, negative when short",
        (*_WORLD, "instrument", "strategy"),
        (row for one in traders for row in _positions(one)),
    )


def _positions(trader: Trader) -> Iterator[Row]:
    for (slot, strategy), position in trader.portfolio.positions.items():
        instrument = trader.market.instruments[slot]
        yield (trader.name, instrument.id, strategy), position.base / _ONE
