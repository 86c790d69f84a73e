"""Routes about the simulated venues: every order of their books, and faults."""

from .requests import Fault
from .route import Call, Parameter, RefusedError, Route
from .routes_market import INSTRUMENT, slot_of
from .schemas import Accepted, FullDepth, Report
from .sim_door import ask

_ORDERS = Parameter("orders", "integer", "orders of each side at most", 50, 1, 1_000)


async def _level3(call: Call) -> FullDepth:
    slot_of(call)
    path = f"/level3/{call.text('instrument')}/{call.number('orders')}"
    found: FullDepth = await ask(call.host.sim_socket, "GET", path)
    return found


async def _fault(call: Call) -> Accepted:
    told: Accepted = await ask(call.host.sim_socket, "POST", "/fault", call.body)
    if not told["accepted"]:
        raise RefusedError(409, told["reason"])
    return told


async def _status(call: Call) -> Report:
    found: Report = await ask(call.host.sim_socket, "GET", "/status")
    return found


ROUTES = (
    Route(
        "GET",
        "/v1/books/{instrument}/level3",
        "getFullBook",
        "Every resting order of a simulated venue's book",
        FullDepth,
        _level3,
        "market",
        (INSTRUMENT, _ORDERS),
        refusals=(404, 409, 502),
    ),
    Route(
        "GET",
        "/v1/sim",
        "getSimulation",
        "The simulated venues, what they counted, and the newest fault",
        Report,
        _status,
        "system",
        refusals=(404, 409, 502),
    ),
    Route(
        "POST",
        "/v1/faults",
        "layFault",
        "Lay a fault on a simulated venue",
        Accepted,
        _fault,
        "system",
        body=Fault,
        refusals=(404, 409, 502),
        changes=True,
    ),
)
