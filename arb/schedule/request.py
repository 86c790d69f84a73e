"""What a person asks of a schedule: `ACT NAME [WORLD]`, such as `pause twap optimistic`.

Without a world it is meant for each of them. What came of it is told as the event `schedule` of
that world: (act, name, reason), with the reason `ok`, `unknown` or `over`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from arb.schedule.report import report, schedules
from arb.trader import Trader

ACTS = ("pause", "resume", "cancel")
EVENT = "schedule"


class ScheduleRequestError(ValueError):
    """The words ask for nothing; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class ScheduleRequest:
    """An act, the schedule that it is meant for, and in which world, '' for all."""

    act: str
    name: str
    world: str


def parse(argument: str) -> ScheduleRequest:
    """Return what is asked for; raises ScheduleRequestError."""
    act, _, rest = argument.partition(" ")
    name, _, world = rest.partition(" ")
    if act not in ACTS:
        raise ScheduleRequestError(f"{act[:40]!r}: expected {', '.join(ACTS)}")
    if not name:
        raise ScheduleRequestError(f"{act}: expected the name of a schedule")
    return ScheduleRequest(act, name, world)


def carry_out(trader: Trader, argument: str) -> None:
    """Do what is asked for in one world, if it is meant; raises ScheduleRequestError."""
    request = parse(argument)
    if request.world not in ("", trader.name):
        return
    one = schedules(trader).get(request.name)
    reason = "unknown" if one is None else "over" if one.over else "ok"
    if one is not None and not one.over:
        trader.dirty = True
        if request.act == "pause":
            one.pause()
        elif request.act == "resume":
            one.resume(trader.now)
        else:
            one.cancel(trader.now)
    trader.on_event(EVENT, (request.act, request.name, reason))


def refusal(traders: Iterable[Trader], waiting: Iterable[str], argument: str) -> str:
    """Return why what is asked for cannot be, '' when it can; `waiting` have no instrument yet."""
    try:
        request = parse(argument)
    except ScheduleRequestError as error:
        return str(error)
    found = {trader.name: schedules(trader) for trader in traders}
    if request.world not in ("", *found):
        return f"no world {request.world[:40]!r}; there are: {', '.join(found)}"
    if request.name in waiting:
        return f"schedule {request.name!r} waits for its instrument"
    meant = [
        held[request.name]
        for world, held in found.items()
        if request.world in ("", world) and request.name in held
    ]
    if not meant:
        known = ", ".join(dict.fromkeys(name for held in found.values() for name in held))
        return f"no schedule {request.name[:40]!r}; there are: {known or 'none'}"
    if all(one.over for one in meant):
        states = ", ".join(dict.fromkeys(report(one).state for one in meant))
        return f"schedule {request.name!r} is over: {states}"
    return ""
