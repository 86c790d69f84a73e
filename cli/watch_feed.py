"""What the watch screen shows: the daemon's answers, or that it is waited for."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from api.client import DoorClient
from api.errors import DoorError

from .fields import mapping, number, text

#: Levels of a side that are asked for.
LEVELS = 25

#: Rates are taken over so many seconds.
_WINDOW_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One round of answers; rates are None until there are two."""

    status: dict[str, Any]
    books: list[dict[str, Any]] = field(default_factory=list)
    edges: dict[str, Any] = field(default_factory=dict)
    connections: list[dict[str, Any]] = field(default_factory=list)
    inputs_per_second: float | None = None
    events_per_second: float | None = None
    orders: dict[str, Any] = field(default_factory=dict)
    positions: dict[str, Any] = field(default_factory=dict)
    pnl: dict[str, Any] = field(default_factory=dict)
    risk: dict[str, Any] = field(default_factory=dict)
    schedules: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """No daemon answers: why, and for how long by now."""

    reason: str
    seconds: float


class Feed:
    """Asks the daemon, over and over; a daemon that went away or was replaced is no error."""

    def __init__(self, client: DoorClient) -> None:
        self._client = client
        self._lost: float | None = None
        self._process = ""
        self._marks: deque[tuple[float, float, float]] = deque(maxlen=64)

    def poll(self) -> Seen | Waiting:
        """Return what there is now, within the client's timeout."""
        try:
            status = self._client.status()
            books = self._client.books(LEVELS)
            edges = self._client.edges()
            connections = self._client.connections()
            trading = self._trading(status)
        except DoorError as error:
            now = time.monotonic()
            self._lost = now if self._lost is None else self._lost
            self._marks.clear()
            return Waiting(str(error), now - self._lost)
        self._lost = None
        inputs, events = self._rates(status, time.monotonic())
        return Seen(status, books, edges, connections, inputs, events, **trading)

    def _trading(self, status: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Return what is asked only where something trades."""
        trading = mapping(status, "trading")
        if not trading:
            return {}
        client = self._client
        return {
            "schedules": client.schedules() if number(trading, "schedules") else {},
            "orders": client.orders(),
            "positions": client.positions(),
            "pnl": client.pnl(),
            "risk": client.risk(),
        }

    def _rates(self, status: dict[str, Any], now: float) -> tuple[float | None, float | None]:
        """Return inputs and events a second over the window; another process begins anew."""
        process = f"{text(status, 'pid')} {text(status, 'started_ns')}"
        if process != self._process:
            self._process = process
            self._marks.clear()
        inputs, events = number(status, "inputs"), number(status, "events")
        if inputs is None or events is None:
            return None, None
        self._marks.append((now, inputs, events))
        while len(self._marks) > 2 and now - self._marks[1][0] >= _WINDOW_SECONDS:
            self._marks.popleft()
        then, inputs_then, events_then = self._marks[0]
        if now <= then:
            return None, None
        return (inputs - inputs_then) / (now - then), (events - events_then) / (now - then)
