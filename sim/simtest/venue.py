"""What the simulated venues of a test have in common: doors, clocks, limits and their breaches."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from yarl import URL

from connectors.transport.stream import (
    Listener,
    StreamError,
    StreamParameters,
    handshake_error,
)
from sim.market.event import Event

from .line import Edge, Line

_S = 1_000_000_000
_SLOW_DOWN = b'{"code":-1003,"msg":"Too many requests"}'


@dataclass(frozen=True, slots=True)
class Answer:
    """What a venue's REST door says."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Window:
    """How often something happened within a sliding period."""

    def __init__(self, limit: int, period_ns: int) -> None:
        self.limit = limit
        self._period_ns = period_ns
        self._times: deque[int] = deque()

    def add(self, now_ns: int) -> bool:
        """Take in one more; returns whether it is within the limit."""
        times = self._times
        while times and times[0] <= now_ns - self._period_ns:
            times.popleft()
        times.append(now_ns)
        return len(times) <= self.limit


class Account(Protocol):
    """The private side of a venue: lines of their own, and signed requests."""

    def opened(self, line: Line) -> None:
        """Greet a new line."""

    def closed(self, line: Line) -> None:
        """Forget a line."""

    def handle(self, line: Line, data: bytes) -> None:
        """Take a client's frame."""

    def ask(self, method: str, url: URL, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a signed request as of now."""

    def publish(self, events: Sequence[Event]) -> None:
        """Tell what the market did to the account."""


class VirtualVenue:
    """One venue: `lines` are its open connections, `skew_ns` its clock minus true time.

    `breaches` counts what the client did against the venue's rules, by rule. Private lines are
    those of the `account`, where the venue has one.
    """

    name = ""
    connect_limit = (300, 300 * _S)
    message_limit = (5, _S)
    messages_shared = False

    def __init__(self, edge: Edge, random: Random, start_ns: int) -> None:
        self.edge = edge
        self.random = random
        self.lines: list[Line] = []
        self.account: Account | None = None
        self.skew_ns = 0
        self.skewed_ns = 0
        self.up = True
        self.quiet_until_ns = 0
        self.quiet_status = 429
        self.stale_until_ns = 0
        self.rows_max = 1_000
        self.breaches: Counter[str] = Counter()
        self._start_ns = start_ns
        self._connects = Window(*self.connect_limit)
        self._messages: dict[Line | None, Window] = {}

    @property
    def wall_ns(self) -> int:
        """The venue's own clock."""
        return self._start_ns + self.edge.loop.now_ns + self.skew_ns

    def set_clock(self, by_ns: int) -> None:
        """Set the venue's clock by so much; `skewed_ns` is when that was done last."""
        self.skew_ns += by_ns
        self.skewed_ns = self.edge.loop.now_ns

    # --- connections -----------------------------------------------------------------------------

    def accept(
        self, listener: Listener, parameters: StreamParameters, *, private: bool = False
    ) -> Line:
        """Accept a connection, or raise StreamError."""
        if not self._connects.add(self.edge.loop.now_ns):
            self.breaches["connect rate"] += 1
        if not self.up:
            raise StreamError("refused", "the venue is down")
        left_ns = self.quiet_until_ns - self.edge.loop.now_ns
        if left_ns > 0:
            raise handshake_error(self.quiet_status, str(-(-left_ns // _S)))
        line = Line(self.edge, self, listener, parameters, private=private)
        self.lines.append(line)
        if line.private:
            assert self.account is not None, "there is nobody to ask for privately"
            self.account.opened(line)
        else:
            self.opened(line)
        return line

    def hung_up(self, line: Line) -> None:
        """A line is gone."""
        if line in self.lines:
            self.lines.remove(line)
            self._messages.pop(line, None)
            if line.private and self.account is not None:
                self.account.closed(line)
            else:
                self.closed(line)

    def receive(self, line: Line, data: bytes) -> None:
        """Count a client's frame, and handle it."""
        if line.private and self.account is not None:
            self.account.handle(line, data)
            return
        key = None if self.messages_shared else line
        window = self._messages.setdefault(key, Window(*self.message_limit))
        if not window.add(self.edge.loop.now_ns):
            self.breaches["message rate"] += 1
        self.handle(line, data)

    def drop_lines(self, code: int, text: str) -> None:
        """Hang up on everybody."""
        for line in list(self.lines):
            line.hang_up(code, text)

    # --- REST ------------------------------------------------------------------------------------

    def ask(self, path: str) -> Answer:
        """Answer a request as of now; ConnectionRefusedError while the venue is down."""
        if not self.up:
            raise ConnectionRefusedError("the venue is down")
        now = self.edge.loop.now_ns
        self.count_request(path)
        if now < self.quiet_until_ns:
            seconds = str(-(-(self.quiet_until_ns - now) // _S))
            return Answer(
                self.quiet_status, b'{"code":-1003,"msg":"slow down"}', self.limits(seconds)
            )
        body = self.reply(path)
        if body is None:
            return Answer(404, b"{}", self.limits())
        return Answer(200, body, self.limits())

    def ask_account(self, method: str, url: URL, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a signed request as of now; ConnectionRefusedError while the venue is down."""
        if not self.up:
            raise ConnectionRefusedError("the venue is down")
        left_ns = self.quiet_until_ns - self.edge.loop.now_ns
        if left_ns > 0:
            return Answer(self.quiet_status, b"{}", self.limits(str(-(-left_ns // _S))))
        assert self.account is not None, "there is nobody to ask for privately"
        return self.account.ask(method, url, headers, body)

    def limits(self, retry_after: str = "") -> dict[str, str]:
        """Return the header fields that tell about limits."""
        return {"Retry-After": retry_after} if retry_after else {}

    # --- what each venue has of its own ----------------------------------------------------------

    def opened(self, line: Line) -> None:
        """Greet a new line."""

    def closed(self, line: Line) -> None:
        """Forget a line."""

    def handle(self, line: Line, data: bytes) -> None:
        """Take a client's frame."""
        raise NotImplementedError

    def publish(self, events: Sequence[Event]) -> None:
        """Send what is due."""
        raise NotImplementedError

    def count_request(self, path: str) -> None:
        """Count a request against the venue's limits."""
        raise NotImplementedError

    def reply(self, path: str) -> bytes | None:
        """Return the body of a reply as of now, None for an unknown path."""
        raise NotImplementedError

    def crowd(self, weight: int) -> bool:  # noqa: ARG002
        """Others behind our address bring the weight to so much; False where nobody counts it."""
        return False

    def announce_shutdown(self) -> bool:
        """Tell the clients that their connections will be closed; False where none does."""
        return False
