"""How a schedule stands, in amounts: what is done and left, what comes next, and what it got.

Reading changes nothing in the schedule.
"""

from copy import deepcopy
from dataclasses import dataclass

from arb.schedule.config import AtEnd
from arb.schedule.schedule import Schedule, Stage
from arb.trader import Trader
from market.amount import AMOUNT_DECIMALS

_ONE = 10**AMOUNT_DECIMALS


@dataclass(frozen=True, slots=True)
class ScheduleReport:
    """Amounts are base currency, prices amounts of quote for one base, both 0 where unknown.

    `state` is a word: waiting (its window has not begun), working, paused (somebody asked), halted,
    ending (its window is over), done, cancelled, or ended (over with a rest undone). `next_size` is
    what is due at `next_ns` by what is known now, in whole lots; a venue's minimum may let it wait.
    `average` is what our fills cost, `arrival` the mid price when the work began, `vwap` what all
    public trades of the window cost, ours among them; prices are rounded down.
    """

    state: str
    done: int
    left: int
    open: int
    starts_ns: int
    ends_ns: int
    next_ns: int
    next_size: int
    average: int
    arrival: int
    vwap: int

    def worse_bps(self, than: int, sign: int) -> float | None:
        """Return by how many basis points the average is worse than a price, None if unknown."""
        if not self.average or not than:
            return None
        return round(sign * (self.average - than) / than * 10_000, 2)


def schedules(trader: Trader) -> dict[str, Schedule]:
    """Return the schedules of a world by name, in the order in which they began."""
    return {name: one for name, one in trader.strategies.items() if isinstance(one, Schedule)}


def report(one: Schedule) -> ScheduleReport:
    """Return how a schedule stands."""
    config, begun = one.config, one.curve is not None
    next_ns, next_size = _next(one)
    return ScheduleReport(
        state=_state(one),
        done=one.filled,
        left=max(0, config.size - one.filled),
        open=one.committed - one.filled,
        starts_ns=one.window.start if begun else 0,
        ends_ns=one.window.end if begun else 0,
        next_ns=next_ns,
        next_size=next_size,
        average=_price(one.paid, one.filled),
        arrival=one.arrival,
        vwap=_price(one.turnover, one.traded),
    )


def _state(one: Schedule) -> str:
    if one.filled >= one.config.size:
        return "done"
    if one.stage is Stage.DONE:
        return "cancelled" if one.cancelled else "ended"
    if one.paused_by_user:
        return "paused"
    return "halted" if one.paused else one.stage.name.lower()


def _next(one: Schedule) -> tuple[int, int]:
    """Return when the next child may be sent, and what is due then; (0, 0) without one."""
    config = one.config
    if one.over or one.paused or one.cancelled or one.curve is None:
        return 0, 0
    room = config.size - one.committed
    if one.stage is Stage.ENDING or one.next_ns >= one.window.end:
        crosses = config.at_end is AtEnd.CROSS and one.crossed < config.crosses
        return (one.next_ns, room) if crosses else (0, 0)
    due = deepcopy(one.curve).due(config.size, one.next_ns) - one.committed
    size = max(0, min(due, room, config.child or due))
    return one.next_ns, size - size % one.unit


def _price(value: int, amount: int) -> int:
    return value * _ONE // amount if amount else 0
