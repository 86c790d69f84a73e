"""The execution schedules of a desk, as plain data. Reading changes nothing."""

from typing import Any

from arb.desk import TradingDesk
from arb.schedule.make import SCHEDULES
from arb.schedule.report import ScheduleReport, report, schedules
from arb.schedule.schedule import Schedule
from arb.trader import Trader
from market.amount import AMOUNT_DECIMALS, text_of

#: Places that an average price has beyond those of the instrument's ticks.
_FINER = 4


def view(desk: TradingDesk, now_ns: int) -> dict[str, Any]:
    """Return each world's schedules, and those whose instrument is not known yet."""
    return {
        "now_ns": now_ns,
        "waiting": [spec.name for spec in desk.waiting if spec.kind in SCHEDULES],
        "worlds": {
            name: {
                "schedules": [
                    _row(world.trader, one, report(one)) for one in schedules(world.trader).values()
                ]
            }
            for name, world in desk.worlds.items()
        },
    }


def count(desk: TradingDesk) -> int:
    """Return how many schedules there are, over all worlds."""
    return sum(len(schedules(world.trader)) for world in desk.worlds.values())


def _row(trader: Trader, one: Schedule, found: ScheduleReport) -> dict[str, Any]:
    config, instrument = one.config, trader.market.instruments[one.config.slot]
    places = instrument.price.decimals + _FINER
    return {
        "world": trader.name,
        "schedule": one.name,
        "kind": config.kind or config.name,
        "instrument": instrument.id,
        "side": config.side.name.lower(),
        "size": text_of(config.size),
        "limit": text_of(config.limit) if config.limit else None,
        "done": text_of(found.done),
        "left": text_of(found.left),
        "open": text_of(found.open),
        "state": found.state,
        "starts_ns": found.starts_ns or None,
        "ends_ns": found.ends_ns or None,
        "next_ns": found.next_ns or None,
        "next_size": text_of(found.next_size) if found.next_size else None,
        "average": _price(found.average, places),
        "arrival": _price(found.arrival, places),
        "vwap": _price(found.vwap, places),
        "cost_arrival_bps": found.worse_bps(found.arrival, config.side.sign),
        "cost_vwap_bps": found.worse_bps(found.vwap, config.side.sign),
        "refused": one.refused,
    }


def _price(amount: int, places: int) -> str | None:
    """Return a price rounded down to so many places, None for one that is not known."""
    finest = 10 ** (AMOUNT_DECIMALS - places) if places < AMOUNT_DECIMALS else 1
    return text_of(amount - amount % finest) if amount else None
