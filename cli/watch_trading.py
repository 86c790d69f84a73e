"""What trades: each world's state, result, exposure and orders."""

from typing import Any

from rich.text import Text

from .fields import NOTHING, count, mapping, number, printable, rows, signed, text
from .schedule import bps, next_child
from .trading_verb import amount, by_world
from .watch_feed import Seen
from .watch_text import Lines, packed, rule

_STATES = {"ACTIVE": "green", "REDUCE": "bold yellow", "HALT": "bold red"}
_SCHEDULE_STATES = {
    "working": "green",
    "paused": "bold yellow",
    "halted": "bold red",
    "cancelled": "bold yellow",
}

#: Orders of one world that are shown.
ORDERS_MAX = 8
#: Schedules of one world that are shown.
SCHEDULES_MAX = 4


def worlds(seen: Seen, width: int) -> Lines:
    """Return a rule with the band of results and a line for each world; nothing without trading."""
    found = mapping(mapping(seen.status, "trading"), "worlds")
    if not found:
        return []
    currency = text(mapping(seen.status, "trading"), "currency", "")
    return [
        rule(f"trading  {_band(seen.pnl, currency)}", width),
        *(_world(seen, name, mapping(found, name), currency, width) for name in found),
    ]


def _band(pnl: dict[str, Any], currency: str) -> str:
    band = pnl.get("band")
    if not isinstance(band, list) or len(band) != 2:
        return "no result yet"
    low, high = (_money(number({"of": one}, "of")) for one in band)
    return f"{low} to {high} {currency}"


def _world(seen: Seen, name: str, row: dict[str, Any], currency: str, width: int) -> Text:
    state = text(row, "state")
    pnl = mapping(mapping(seen.pnl, "worlds"), name)
    # The status was asked for a moment earlier: the band is that of these results.
    profit = number(pnl if "pnl" in pnl else row, "pnl")
    parts = [
        Text.assemble((f"{printable(str(name)):<13}", "bold"), (state, _STATES.get(state, ""))),
        Text.assemble((_money(profit), "red" if (profit or 0) < 0 else "green"), f" {currency}"),
        Text.assemble(("orders ", "dim"), text(row, "open_orders")),
        Text.assemble(("fills ", "dim"), count(number(row, "fills"))),
    ]
    if pnl:
        parts.append(Text.assemble(("drawdown ", "dim"), _money(number(pnl, "drawdown"), "")))
    parts += [
        Text.assemble(
            ("unhedged ", "dim"),
            amount(hedge, "open"),
            (f" of {amount(hedge, 'bound')} {text(hedge, 'state')}", "dim"),
        )
        for hedge in rows(mapping(seen.positions, name).get("hedges"))
    ]
    causes = mapping(mapping(mapping(seen.risk, "worlds"), name), "causes")
    if causes:
        parts.append(Text(", ".join(printable(str(cause)) for cause in causes), "bold red"))
    return packed(parts, width, "  ", keep=2)


def schedules(seen: Seen, width: int) -> Lines:
    """Return the execution schedules of each world; nothing without any."""
    now_ns = number(seen.schedules, "now_ns")
    out = []
    for name, held in by_world(seen.schedules).items():
        listed = rows(held.get("schedules"))
        out += [_schedule(name, row, now_ns, width) for row in listed[:SCHEDULES_MAX]]
        if len(listed) > SCHEDULES_MAX:
            out.append(Text(f"{name}: {len(listed) - SCHEDULES_MAX} more schedules", "dim"))
    return [rule("schedules", width), *out] if out else []


def _schedule(world: str, row: dict[str, Any], now_ns: float | None, width: int) -> Text:
    side, state = text(row, "side"), text(row, "state")
    arrival, vwap = bps(row, "cost_arrival_bps"), bps(row, "cost_vwap_bps")
    parts = [
        Text.assemble((f"{world:<13}", "dim"), f"{text(row, 'schedule'):<12}"),
        Text.assemble(
            (f"{side:<4} ", "green" if side == "buy" else "red"),
            f"{amount(row, 'done')} of {amount(row, 'size')} {text(row, 'instrument')}",
        ),
        Text(state, _SCHEDULE_STATES.get(state, "")),
        Text.assemble(("next ", "dim"), next_child(row, now_ns)),
        Text.assemble(("bps against arrival ", "dim"), arrival, (" vwap ", "dim"), vwap),
        Text.assemble(("average ", "dim"), amount(row, "average")),
    ]
    if number(row, "refused"):
        parts.insert(3, Text.assemble(("refused ", "dim"), (text(row, "refused"), "yellow")))
    return packed(parts, width, "  ", keep=3)


def orders(seen: Seen, width: int) -> Lines:
    """Return the open orders of each world, the newest first; nothing without any."""
    out: Lines = []
    for name in seen.orders:
        listed = rows(mapping(seen.orders, name).get("open"))
        listed.sort(key=lambda row: number(row, "age_ms") or 0.0)
        out += [_order(printable(str(name)), row, width) for row in listed[:ORDERS_MAX]]
        if len(listed) > ORDERS_MAX:
            out.append(Text(f"{name}: {len(listed) - ORDERS_MAX} more", "dim"))
    return [rule("open orders, newest first", width), *out] if out else []


def _order(world: str, row: dict[str, Any], width: int) -> Text:
    side = text(row, "side")
    age = number(row, "age_ms")
    parts = [
        Text.assemble((f"{world:<13}", "dim"), f"{text(row, 'instrument'):<20}"),
        Text.assemble(
            (f"{side:<4} ", "green" if side == "buy" else "red"),
            f"{text(row, 'size')} at {text(row, 'price')}",
        ),
        Text.assemble(("filled ", "dim"), text(row, "filled")),
        Text(text(row, "state")),
        Text(text(row, "strategy"), "dim"),
        Text(NOTHING if age is None else f"{age / 1000:.1f}s", "dim"),
    ]
    return packed(parts, width, "  ", keep=2)


def _money(value: float | None, sign: str = "+") -> str:
    """Return an amount with two places: for a glance, `crossquote pnl` has all of them."""
    if value is None:
        return NOTHING
    return signed(value, 2) if sign else f"{value:,.2f}"
