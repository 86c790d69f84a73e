"""What a simulated venue has seen its clients do, above all against its rules."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Rule(StrEnum):
    """A rule of a venue that a client broke."""

    WEIGHT = "weight"  # REST beyond the weight of a minute
    BANNED = "banned"  # REST carried on after refusals
    REST_RATE = "rest_rate"
    ORDER_RATE = "order_rate"  # new orders beyond the limit of an account
    CONNECTION_RATE = "connection_rate"
    MESSAGE_RATE = "message_rate"
    STREAM_LIMIT = "stream_limit"
    SUBSCRIBE_DEADLINE = "subscribe_deadline"
    PONG_MISSING = "pong_missing"


@dataclass(slots=True)
class Counts:
    """Totals since the venue was made; they outlive a restart of its server."""

    violations: Counter[Rule] = field(default_factory=Counter)
    connections: int = 0
    requests: int = 0
    frames: int = 0  # handed to clients
    faulted: int = 0  # frames lost or altered by an injected fault
    slow_clients: int = 0  # dropped because their queue was full
    idle_closed: int = 0
    refused: int = 0  # messages and requests that were not understood or not allowed


class RateWindow:
    """Counts attempts within a sliding period; refused attempts count as well."""

    __slots__ = ("_limit", "_period_s", "_times")

    def __init__(self, limit: int, period_s: float) -> None:
        self._limit = limit
        self._period_s = period_s
        self._times: list[float] = []

    def allow(self, now_s: float) -> bool:
        """Take in one attempt, and tell whether it is within the limit."""
        start = now_s - self._period_s
        # One more than the limit is enough to refuse, so the list never grows beyond that.
        recent = [time for time in self._times if time > start][-self._limit :]
        self._times = [*recent, now_s]
        return len(recent) < self._limit
