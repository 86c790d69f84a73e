"""What a backtest found, as one object: per world, and the band over the worlds."""

from dataclasses import asdict
from typing import Any

from arb.portfolio.markout import HORIZONS_NS
from arb.trader import Trader
from arb.world import World
from cli.performance import Performance, fill_ratio
from market.amount import AMOUNT_DECIMALS, text_of
from market.fees import PPB
from node import Node

_ONE = 10**AMOUNT_DECIMALS
#: The world whose counts stand for the run where one number is asked for.
MIDDLE = "proportional"


def result(
    node: Node, performances: dict[str, Performance], frames: int, feed_ns: int, wall_s: float
) -> dict[str, Any]:
    """Return the summary of a run.

    Amounts are exact text in the reporting currency, but for `pnl` and `fees` of the run, which
    are numbers rounded to eight decimals.
    """
    desk = node.desk
    assert desk is not None
    worlds = {name: _world(world, performances[name]) for name, world in desk.worlds.items()}
    middle = worlds.get(MIDDLE) or next(iter(worlds.values()))
    return {
        "digest": node.digest.hex,
        "currency": desk.config.currency,
        "orders": middle["orders"],
        "fills": middle["fills"],
        "pnl": {name: round(float(world["pnl"]), 8) for name, world in worlds.items()},
        "fees": round(float(middle["fees"]), 8),
        "max_unhedged": max((world["max_unhedged"] for world in worlds.values()), key=float),
        "frames": frames,
        "frames_per_second": round(frames / wall_s, 1) if wall_s else None,
        "feed_seconds": round(feed_ns / 1e9, 6),
        "wall_seconds": round(wall_s, 6),
        "worlds": worlds,
        "opportunities": [
            {"edge": edge, "rule": rule.label, "count": total.count}
            for (edge, rule), total in node.ledger.totals.items()
        ],
        "waiting": [spec.name for spec in desk.waiting],
    }


def _world(world: World, performance: Performance) -> dict[str, Any]:
    trader = world.trader
    totals = asdict(trader.store.totals)
    rows = {name: _strategy(trader, name) for name in trader.strategies}
    return {
        "orders": totals["placed"],
        "fills": totals["fills"],
        "pnl": text_of(trader.profit()),
        "fees": text_of(_sum(trader, "fees")),
        "spread": text_of(_sum(trader, "spread")),
        "slippage": text_of(_sum(trader, "slippage")),
        "inventory": text_of(_sum(trader, "inventory")),
        "turnover": text_of(_sum(trader, "turnover")),
        "inventory_turnover": _turnover(trader),
        "drawdown": text_of(performance.drawdown),
        "sharpe": performance.sharpe,
        "fill_ratio": fill_ratio(trader),
        "markouts": _markouts(trader),
        "max_unhedged": _max_unhedged(trader),
        "violations": trader.violations,
        "risk": {
            "state": trader.switch.state.name,
            "causes": {cause.name: why for cause, (_, why) in trader.switch.causes.items()},
            "refused": {
                reason.name: count
                for reason, count in trader.risk.refusals.items()
                if count and reason
            },
        },
        "order_totals": totals,
        "strategies": rows,
        "balances": {
            f"{venue}:{asset}": text_of(amount)
            for (venue, asset), amount in trader.portfolio.balances.items()
        },
    }


def _strategy(trader: Trader, name: str) -> dict[str, Any]:
    rows = {}
    for slot in dict.fromkeys(at for at, held in trader.portfolio.positions if held == name):
        gain = trader.portfolio.gain(slot, name)
        position = trader.portfolio.positions[slot, name]
        rows[trader.market.instruments[slot].id] = {
            "currency": gain.currency,
            "position": text_of(position.base),
            "pnl": text_of(gain.total),
            "realised": text_of(gain.realised),
            "unrealised": text_of(gain.unrealised),
            "fees": text_of(gain.fees),
            "spread": text_of(gain.spread),
            "slippage": text_of(gain.slippage),
            "inventory": text_of(gain.inventory),
            "fills": gain.fills,
        }
    return rows


def _sum(trader: Trader, name: str) -> int:
    """Return the sum of one part of all gains in the reporting currency."""
    total = 0
    for slot in dict.fromkeys(slot for slot, _ in trader.portfolio.positions):
        gain = trader.portfolio.gain(slot)
        rate = trader.rates.mid_ppb(gain.currency, trader.currency, trader.now)
        rate = rate or trader.portfolio.rates.get(gain.currency, 0)
        total += int(getattr(gain, name)) * rate // PPB
    return total


def _turnover(trader: Trader) -> float | None:
    """Return how often the largest open exposure was turned over; None without any."""
    base = sum(one.bought + one.sold for one in trader.portfolio.positions.values())
    most = _max_open(trader)
    return round(base / most, 3) if most else None


def _markouts(trader: Trader) -> dict[str, Any]:
    """Return gains after each horizon in basis points of the value traded, makers' and takers'."""
    rows: dict[str, Any] = {}
    for horizon in HORIZONS_NS:
        for maker in (True, False):
            one = trader.portfolio.markouts.sums[horizon, maker]
            bps = round(one.gain / one.value * 10_000, 4) if one.value else None
            rows[f"{'maker' if maker else 'taker'}_{horizon // 10**9}s"] = {
                "fills": one.fills,
                "bps": bps,
            }
    return rows


def _max_open(trader: Trader) -> int:
    hedgers = [getattr(one, "hedger", None) for one in trader.strategies.values()]
    return max((one.max_open for one in hedgers if one is not None), default=0)


def _max_unhedged(trader: Trader) -> str:
    """Return the most that any hedged strategy had open at once, in its base currency."""
    return text_of(_max_open(trader))
