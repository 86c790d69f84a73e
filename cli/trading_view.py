"""What a desk holds, as plain data. Reading changes nothing: what is read is not recorded."""

from dataclasses import asdict
from typing import Any

from arb import valuation
from arb.desk import TradingDesk
from arb.orders.order import OwnOrder
from arb.risk.exposure import report as exposure_report
from arb.trader import Trader
from arb.world import World
from cli import schedule_view
from cli.returns import Returns
from market.amount import AMOUNT_DECIMALS, text_of
from market.fees import PPB

_PARTS = ("realised", "fees", "spread", "slippage")


def summary(desk: TradingDesk) -> dict[str, Any]:
    """Return how each world stands, in a few numbers; profit in the reporting currency."""
    return {
        "currency": desk.config.currency,
        "strategies": [spec.name for spec in desk.config.strategies],
        "waiting": [spec.name for spec in desk.waiting],
        "schedules": schedule_view.count(desk),
        "worlds": {
            name: {
                "state": world.trader.switch.state.name,
                "open_orders": len(world.trader.store.open),
                "fills": world.trader.store.totals.fills,
                "pnl": text_of(valuation.profit(world.trader)),
                "venues": _venues(world),
            }
            for name, world in desk.worlds.items()
        },
    }


def orders(desk: TradingDesk) -> dict[str, Any]:
    """Return each world's open orders, and those that wait for approval."""
    return {name: _orders(world.trader) for name, world in desk.worlds.items()}


def _orders(trader: Trader) -> dict[str, Any]:
    totals = asdict(trader.store.totals)
    return {
        "open": [_order(trader, one) for one in trader.store.open.values()],
        "held": [
            {
                "number": number,
                "instrument": trader.market.instruments[one.slot].id,
                "side": one.side.name.lower(),
                **_texts(trader, one.slot, price=one.price, size=one.lots),
                "strategy": one.strategy,
            }
            for number, one in trader.risk.held.items()
        ],
        "totals": totals,
    }


def _order(trader: Trader, one: OwnOrder) -> dict[str, Any]:
    return {
        "id": one.id,
        "instrument": trader.market.instruments[one.slot].id,
        "side": one.side.name.lower(),
        **_texts(
            trader, one.slot, price=one.price, size=one.lots, filled=one.filled, open=one.open_lots
        ),
        "state": one.state.name.lower(),
        "cancel_wanted": one.cancel_wanted,
        "purpose": one.purpose.name.lower(),
        "type": one.type.name.lower(),
        "tif": one.tif.name.lower(),
        "strategy": one.strategy,
        "age_ms": round((trader.now - one.created_ns) / 1e6, 1),
    }


def _texts(trader: Trader, slot: int, *, price: int, **sizes: int) -> dict[str, str]:
    instrument = trader.market.instruments[slot]
    texts = {name: instrument.size.format(lots) for name, lots in sizes.items()}
    return {"price": instrument.price.format(price), **texts}


def positions(desk: TradingDesk) -> dict[str, Any]:
    """Return each world's positions, hedges in flight and balances; amounts are exact text."""
    return {
        name: {**_positions(world.trader), "venues": _venues(world)}
        for name, world in desk.worlds.items()
    }


def _venues(world: World) -> dict[str, Any]:
    """Return how a world stands with its venues; a difference is what the venue has more."""
    return {
        venue: {
            **one._asdict(),
            "differences": {asset: text_of(amount) for asset, amount in one.differences.items()},
        }
        for venue, one in world.standings().items()
    }


def _positions(trader: Trader) -> dict[str, Any]:
    rows = []
    for (slot, strategy), one in trader.portfolio.positions.items():
        held = trader.portfolio.holdings[slot]
        mark = valuation.mark(trader, slot, one.base)
        rows.append(
            {
                "instrument": held.instrument.id,
                "strategy": strategy,
                "position": text_of(one.base),
                "cost": text_of(one.cost),
                "value": text_of(mark),
                "unrealised": text_of(one.unrealised(mark)),
                "currency": held.instrument.quote,
            }
        )
    hedges = []
    for name, strategy_of in trader.strategies.items():
        hedger = getattr(strategy_of, "hedger", None)
        if hedger is not None:
            long, short = hedger.worst()
            hedges.append(
                {
                    "strategy": name,
                    "state": hedger.state.name.lower(),
                    "open": text_of(hedger.open),
                    "worst_long": text_of(long),
                    "worst_short": text_of(short),
                    "bound": text_of(hedger.config.bound),
                    "max_open": text_of(hedger.max_open),
                    "hedges": hedger.hedges,
                    "failures": hedger.failures,
                }
            )
    balances = {
        f"{venue}:{asset}": text_of(amount)
        for (venue, asset), amount in trader.portfolio.balances.items()
    }
    return {"positions": rows, "hedges": hedges, "balances": balances}


def pnl(desk: TradingDesk) -> dict[str, Any]:
    """Return profit and loss of each world with where it came from, and the band over them."""
    worlds = {name: _pnl(world.trader) for name, world in desk.worlds.items()}
    totals = [valuation.profit(world.trader) for world in desk.worlds.values()]
    return {
        "currency": desk.config.currency,
        "band": [text_of(min(totals)), text_of(max(totals))],
        "worlds": worlds,
    }


def _pnl(trader: Trader) -> dict[str, Any]:
    rows = []
    for (slot, strategy), one in trader.portfolio.positions.items():
        mark = valuation.mark(trader, slot, one.base)
        rows.append(
            {
                "instrument": trader.market.instruments[slot].id,
                "strategy": strategy,
                "currency": trader.market.instruments[slot].quote,
                "pnl": text_of(one.total(mark)),
                **{name: text_of(getattr(one, name)) for name in _PARTS},
                "unrealised": text_of(one.unrealised(mark)),
                "inventory": text_of(one.inventory(mark)),
                "fills": one.fills,
            }
        )
    return {
        "pnl": text_of(valuation.profit(trader)),
        "drawdown": text_of(trader.breakers.drawdown),
        "fills": trader.store.totals.fills,
        "rows": rows,
    }


def risk(desk: TradingDesk, returns: Returns) -> dict[str, Any]:
    """Return each world's risk state, refusals, value at risk and stress; limits once."""
    return {
        "currency": desk.config.currency,
        "limits": asdict(desk.config.limits),
        "worlds": {name: _risk(world, returns) for name, world in desk.worlds.items()},
    }


def _risk(world: World, returns: Returns) -> dict[str, Any]:
    trader, flattener = world.trader, world.flattener
    return {
        "state": trader.switch.state.name,
        "causes": {
            cause.name.lower(): {"state": state.name, "detail": detail}
            for cause, (state, detail) in trader.switch.causes.items()
        },
        "trips": trader.switch.trips,
        "open_orders": len(trader.store.open),
        "lost_orders": len(trader.store.lost),
        "held": len(trader.risk.held),
        "violations": trader.violations,
        "refused": {
            reason.name.lower(): count
            for reason, count in trader.risk.refusals.items()
            if count and reason
        },
        "flatten": {
            "active": flattener.active,
            "outcome": flattener.outcome,
            "sent": flattener.sent,
            "too_small": flattener.carried,
        },
        "exposure": _exposure(trader, returns),
    }


def _exposure(trader: Trader, returns: Returns) -> dict[str, Any]:
    """Return value at risk and stress of what is held now, in whole units of the currency."""
    inventory: dict[str, float] = {}
    for (slot, _), one in trader.portfolio.positions.items():
        instrument = trader.market.instruments[slot]
        value = (
            valuation.mark(trader, slot, one.base) * valuation.rate(trader, instrument.quote) // PPB
        )
        inventory[instrument.base] = inventory.get(instrument.base, 0.0) + value / (
            10.0**AMOUNT_DECIMALS
        )
    found = exposure_report(inventory, returns.by_asset())
    return {
        "inventory": {asset: round(value, 4) for asset, value in found.inventory.items()},
        "var_99": None if found.var_99 is None else round(found.var_99, 6),
        "var_interval_seconds": returns.interval_seconds,
        "stress": {f"{shock / 10:+g}%": round(gain, 4) for shock, gain in found.stress.items()},
        "worst_single": {asset: round(loss, 4) for asset, loss in found.worst_single.items()},
    }
