"""The door through which orders leave: what every executor of a venue's requests offers.

The node speaks of orders in unsigned requests (effect ORDER); a door signs them with the venue's
keys, carries them, and brings back what came as bytes (input REPORT). It decides nothing.

    OPEN   <venue>.orders#N   the user stream is open: it may be subscribed to, orders may follow
    REPORT <venue>.orders#N   a frame of that stream (note STREAM)
    REPORT <venue>.orders     the answer to a request (note: its tag), or why there is none
    CLOSE  <venue>.orders#N   the stream is gone; what was sent and not answered is not known

Every request is accounted for: it is answered, or reported with NO_ANSWER (it may have taken
effect) or NOT_SENT (it surely did not). Only what went out as a frame of a stream that is closed
then has no report of its own: CLOSE is it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from connectors.orders import Request, source_of
from connectors.transport.connection import ConnectionParameters, Edge
from market.inputs import NO_ANSWER, NOT_SENT, Input, InputKind

#: Takes the inputs of a door, in order; it neither waits nor raises.
Sink = Callable[[Input], None]


class OrderDoor(Protocol):
    """Carries the requests of one venue. `run` serves until it is cancelled, then leaves nothing.

    `submit` never waits and never raises for what a venue or a network does: what cannot be queued
    is reported NOT_SENT, from the loop and never from within the call.
    """

    #: The venue's name.
    venue: str

    def submit(self, request: Request) -> None:
        """Sign a request and send it, as soon as the venue's limits let it go."""

    def reconnect(self, source: str, why: str) -> None:
        """Drop the stream and open it again; one that is over already is left."""

    async def run(self) -> None:
        """Keep the stream open and serve requests until cancelled."""


@dataclass(frozen=True, slots=True)
class DoorSetting:
    """What a process gives its doors; `venue_ns(venue)` is the venue's time as we know it, in ns.

    Requests are signed for that time, with which the venue compares its own.
    """

    sink: Sink
    edge: Edge
    parameters: ConnectionParameters
    venue_ns: Callable[[str], int]


#: Makes the doors of a process, by venue.
MakeDoors = Callable[[DoorSetting], dict[str, OrderDoor]]


def report(venue: str, request: Request, ts_ns: int, status: int, body: bytes) -> Input:
    """Return the answer to a request as an input."""
    return Input(ts_ns, InputKind.REPORT, source_of(venue), body, request.tag, status)


def not_sent(venue: str, request: Request, ts_ns: int, why: str) -> Input:
    """Return that a request never left."""
    return report(venue, request, ts_ns, NOT_SENT, why.encode())


def no_answer(venue: str, request: Request, ts_ns: int, why: str) -> Input:
    """Return that nobody knows what became of a request."""
    return report(venue, request, ts_ns, NO_ANSWER, why.encode())
