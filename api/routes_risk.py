"""Routes about risk: its state, and the switches."""

from collections.abc import Callable

from .pages import PAGED, page
from .requests import Approval, Causes, NoBody, Why
from .route import Call, Parameter, Route
from .routes_market import INSTRUMENT, slot_of
from .routes_trading import act, check_world, desk_of
from .schemas import Accepted, Page, Report

_TICKET = Parameter("ticket", "integer", "the number of a held order", None, 1, 999_999_999)
_DONE: Accepted = {"accepted": True, "reason": ""}


def _risk(call: Call) -> Report:
    return call.host.view.risk()


def _refusals(call: Call) -> Page[Report]:
    found = [
        {"world": world, "reason": reason, "count": count}
        for world, held in (call.host.view.risk().get("worlds") or {}).items()
        for reason, count in held["refused"].items()
    ]
    return page(call, found, lambda one: one)


def _halt(call: Call) -> Accepted:
    desk_of(call)
    act(call, "halt", call.body.reason)
    return _DONE


def _resume(call: Call) -> Accepted:
    desk_of(call)
    act(call, "resume", call.body.causes)
    return _DONE


def _switch(name: str) -> Callable[[Call], Accepted]:
    def handle(call: Call) -> Accepted:
        desk_of(call)
        act(call, name, "")
        return _DONE

    return handle


def _approve(call: Call) -> Accepted:
    check_world(call, call.body.world)
    effects = act(call, "approve", f"{call.number('ticket')} {call.body.world}".rstrip())
    sent = any(one.subject == "approved" for one in effects)
    return {"accepted": sent, "reason": "" if sent else "no such order waits, or it fails a check"}


def _resync(call: Call) -> Accepted:
    slot_of(call)
    act(call, "resync", call.text("instrument"))
    return _DONE


def _change(
    path: str,
    name: str,
    summary: str,
    handle: Callable[[Call], Accepted],
    body: type,
    parameters: tuple[Parameter, ...] = (),
    refusals: tuple[int, ...] = (409,),
) -> Route:
    return Route(
        "POST",
        path,
        name,
        summary,
        Accepted,
        handle,
        "risk",
        parameters,
        body,
        refusals,
        changes=True,
    )


ROUTES = (
    Route(
        "GET", "/v1/risk", "getRisk", "Limits and each world's risk state", Report, _risk, "risk"
    ),
    Route(
        "GET",
        "/v1/refusals",
        "listRefusals",
        "Refused orders by reason and world",
        Page[Report],
        _refusals,
        "risk",
        PAGED,
    ),
    _change("/v1/risk/halt", "halt", "Halt trading and cancel every order", _halt, Why),
    _change("/v1/risk/resume", "resume", "Let trading go on", _resume, Causes),
    _change(
        "/v1/risk/cancel-all", "cancelAll", "Cancel every order", _switch("cancel-all"), NoBody
    ),
    _change(
        "/v1/risk/flatten",
        "flatten",
        "Halt trading and close every position",
        _switch("flatten"),
        NoBody,
    ),
    _change(
        "/v1/held/{ticket}/approve",
        "approve",
        "Send an order that waits for a person",
        _approve,
        Approval,
        (_TICKET,),
        (404, 409),
    ),
    _change(
        "/v1/books/{instrument}/resync",
        "resync",
        "Drop a book and build it anew",
        _resync,
        NoBody,
        (INSTRUMENT,),
        (404, 409),
    ),
)
