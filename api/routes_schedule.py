"""Routes about execution schedules: how they stand, and what a person may ask of one."""

from collections.abc import Callable

from .pages import PAGED, page
from .requests import InWorld
from .route import Call, Parameter, RefusedError, Route
from .routes_trading import WORLD, act, check_world
from .schemas import Accepted, Page, Schedule

_SCHEDULE = Parameter("schedule", "text", "its name", pattern="[A-Za-z0-9._-]{1,40}", length_max=40)


def _schedules(call: Call) -> Page[Schedule]:
    chosen = call.text("world")
    if chosen:
        check_world(call, chosen)
    return page(call, [one for one in _rows(call) if chosen in ("", one["world"])], _same)


def _rows(call: Call) -> list[Schedule]:
    worlds = call.host.view.schedules().get("worlds") or {}
    return [row for held in worlds.values() for row in held["schedules"]]


def _known(call: Call, world: str) -> list[str]:
    """Return the names of a world's schedules, '' standing for all, and of those that wait."""
    names = [one["schedule"] for one in _rows(call) if world in ("", one["world"])]
    return list(dict.fromkeys([*names, *call.host.view.schedules().get("waiting", ())]))


def _same(one: Schedule) -> Schedule:
    return one


def _asked(name: str) -> Callable[[Call], Accepted]:
    def handle(call: Call) -> Accepted:
        wanted: InWorld = call.body
        check_world(call, wanted.world)
        schedule = call.text("schedule")
        known = _known(call, wanted.world)
        if schedule not in known:
            there = ", ".join(known) or "none"
            raise RefusedError(404, f"no schedule {schedule!r}; there are: {there}")
        act(call, "schedule", f"{name} {schedule} {wanted.world}".rstrip())
        return {"accepted": True, "reason": ""}

    return handle


def _change(name: str, summary: str) -> Route:
    return Route(
        "POST",
        f"/v1/schedules/{{schedule}}/{name}",
        f"{name}Schedule",
        summary,
        Accepted,
        _asked(name),
        "trading",
        (_SCHEDULE,),
        InWorld,
        (404, 409),
        changes=True,
    )


ROUTES = (
    Route(
        "GET",
        "/v1/schedules",
        "listSchedules",
        "Execution schedules of every world",
        Page[Schedule],
        _schedules,
        "trading",
        (*PAGED, WORLD),
        refusals=(404, 409),
    ),
    _change("pause", "Take back what a schedule has open, and send nothing more"),
    _change("resume", "Let a schedule go on that was paused"),
    _change("cancel", "End a schedule; what it has not done stays undone"),
)
