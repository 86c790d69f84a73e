"""Hours of trading in one scenario, without faults: what is left over at the end."""

from dataclasses import dataclass
from typing import Any

from market.amount import text_of

from .course import TRADED_VENUES, Course, Result
from .faults import HOUR_NS
from .stage import Stage

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Hours:
    """What came of it. `open_most` is the most that was open of each base currency, as text."""

    scenario: str
    result: Result
    open_most: dict[str, str]
    orders: int

    @property
    def ok(self) -> bool:
        """Whether every promise was kept, and anything was traded at all."""
        return self.result.ok and self.result.fills > 0


def trade(scenario: str, seed: int, hours: float) -> Hours:
    """Trade for so many virtual hours; KeyError for an unknown scenario."""
    until_ns = round(hours * HOUR_NS)
    course = Course(
        TRADED_VENUES, [], [], _DAY_S, until_ns=until_ns, trades=True, scenario=scenario
    )
    stage = Stage(seed, course)
    result = stage.play()
    assert stage.trades is not None
    desk = stage.driver.node.desk
    assert desk is not None
    assert desk.live is not None
    most = {base: text_of(amount) for base, amount in stage.trades.open_most.items()}
    return Hours(scenario, result, most, desk.live.trader.store.totals.placed)


def hours_row(done: Hours) -> dict[str, Any]:
    """Return it as plain data."""
    result = done.result
    return {
        "scenario": done.scenario,
        "ok": done.ok,
        "virtual_hours": round(result.virtual_ns / HOUR_NS, 3),
        "inputs": result.inputs,
        "orders": done.orders,
        "fills": result.fills,
        "halts": result.halts,
        "open_most": done.open_most,
        "digest": result.digest,
        "violations": [one._asdict() for one in result.violations],
    }
