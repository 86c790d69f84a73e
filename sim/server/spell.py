"""A fault that lasts for a time: what `crossquote fault` lays on a venue."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from .faults import Fault, FrameSpell
from .venue import VenueServer

SECONDS_MAX = 600.0
AMOUNT_MS_MAX = 3_600_000


class Kind(StrEnum):
    """The faults by name."""

    DROP = "drop"
    REPEAT = "repeat"
    REORDER = "reorder"
    DELAY = "delay"
    GAP = "gap"
    STALL = "stall"
    DISCONNECT = "disconnect"
    RATE_LIMIT = "rate-limit"
    MALFORMED = "malformed"
    TRUNCATE = "truncate"
    SKEW = "skew"
    STALE_SNAPSHOT = "stale-snapshot"
    OVERSIZE = "oversize"


#: What is done to frames, where that is what the fault is.
_FRAMES = {
    Kind.DROP: Fault.DROP,
    Kind.REPEAT: Fault.REPEAT,
    Kind.REORDER: Fault.REORDER,
    Kind.GAP: Fault.DROP,
    Kind.MALFORMED: Fault.MALFORM,
    Kind.TRUNCATE: Fault.TRUNCATE,
    Kind.SKEW: Fault.SKEW,
    Kind.OVERSIZE: Fault.OVERSIZE,
}
#: Share of the frames that are met, or for DISCONNECT how often a second, unless told.
_RATES = {Kind.DISCONNECT: 0.5, Kind.GAP: 1.0, Kind.SKEW: 1.0, Kind.OVERSIZE: 1.0}
_RATE = 0.05
#: Kinds whose rate is not a choice.
FIXED_RATE = frozenset(
    {Kind.DELAY, Kind.GAP, Kind.STALL, Kind.RATE_LIMIT, Kind.SKEW, Kind.STALE_SNAPSHOT}
)
_AMOUNT_MS = {Kind.DELAY: 3_000, Kind.SKEW: 30_000}


@dataclass(frozen=True, slots=True)
class SpellOrder:
    """What is asked for. `rate` 0 and `amount_ms` 0 stand for the usual of the kind.

    `rate` is the share of frames that are met; of `disconnect` the cuts a second. `amount_ms` is
    how late frames are (`delay`), or how far the venue's clock jumps ahead (`skew`).
    """

    kind: Kind
    seconds: float
    rate: float = 0.0
    amount_ms: int = 0
    channel: str = ""
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what makes no sense; ValueError says what."""
        if not 0.0 < self.seconds <= SECONDS_MAX:
            raise ValueError(f"seconds: {self.seconds:g} is not within 0 and {SECONDS_MAX:g}")
        rate_max = 20.0 if self.kind is Kind.DISCONNECT else 1.0
        if not 0.0 <= self.rate <= rate_max:
            raise ValueError(f"rate: {self.rate:g} is not within 0 and {rate_max:g}")
        if self.rate and self.kind in FIXED_RATE:
            raise ValueError(f"rate: {self.kind} has none")
        if not -AMOUNT_MS_MAX <= self.amount_ms <= AMOUNT_MS_MAX:
            raise ValueError(f"amount_ms: {self.amount_ms} is beyond {AMOUNT_MS_MAX}")
        if self.kind is Kind.DELAY and self.amount_ms < 0:
            raise ValueError("amount_ms: a delay is not negative")

    @property
    def chance(self) -> float:
        """Share of frames, or cuts a second."""
        return self.rate or _RATES.get(self.kind, _RATE)

    @property
    def amount(self) -> int:
        """Milliseconds of a delay or a skew, 0 for other kinds."""
        usual = _AMOUNT_MS.get(self.kind, 0)
        return (self.amount_ms or usual) if usual else 0


class Spell:
    """One fault on one venue, from `begin` to its end. Times are monotonic, in ns."""

    def __init__(self, server: VenueServer, order: SpellOrder) -> None:
        self.order = order
        self._server = server
        self._frames: FrameSpell | None = None
        self._timers: list[asyncio.TimerHandle] = []  # as many as there are cuts, at most
        self._cuts = 0
        self._before = (0, 0, 0)
        self.began_ns = 0
        self.ended_ns = 0

    @property
    def over(self) -> bool:
        """Tell whether the fault has ended."""
        return self.ended_ns > 0

    @property
    def acted(self) -> int:
        """How often the fault met something: frames, connections or requests."""
        http = self._server.http_faults
        before = self._before
        match self.order.kind:
            case Kind.DISCONNECT:
                return self._cuts
            case Kind.RATE_LIMIT:
                return http.limited - before[0]
            case Kind.STALE_SNAPSHOT:
                return http.stale_served - before[2]
            case Kind.DELAY | Kind.STALL:
                return 1
        return self._frames.hits if self._frames else 0

    @property
    def first_ns(self) -> int:
        """When the fault met something first, 0 for never."""
        if self.order.kind in _FRAMES:
            return self._frames.first_ns if self._frames else 0
        return self.began_ns

    @property
    def carried_on(self) -> int:
        """Requests that came although the client had been told to wait."""
        return self._server.http_faults.carried_on - self._before[1]

    def begin(self) -> None:
        """Lay the fault on the venue; it ends by itself."""
        server, order = self._server, self.order
        http = server.http_faults
        self._before = (http.limited, http.carried_on, http.stale_served)
        self.began_ns = time.monotonic_ns()
        self._later(order.seconds, self.end)
        match order.kind:
            case Kind.DELAY:
                server.delay(order.amount / 1000)
            case Kind.STALL:
                server.stall(order.seconds)
            case Kind.DISCONNECT:
                self._cut()
            case Kind.RATE_LIMIT:
                http.limit(order.seconds)
            case Kind.STALE_SNAPSHOT:
                http.stale = True
        if order.kind in (Kind.RATE_LIMIT, Kind.STALE_SNAPSHOT):
            # A client that has a book needs no snapshot: one lost frame has it ask.
            server.faults.order(Fault.DROP, order.channel or server.book_channel)
        if order.kind is Kind.SKEW:
            server.clock.skew_ns = order.amount * 10**6
        if order.kind in _FRAMES:
            self._frames = server.faults.spell = self._frame_spell()

    def end(self) -> None:
        """Take the fault off; again does nothing."""
        if self.over:
            return
        server = self._server
        for timer in self._timers:
            timer.cancel()
        if server.faults.spell is self._frames:
            server.faults.spell = None
        match self.order.kind:
            case Kind.DELAY:
                server.delay(0.0)
            case Kind.STALL:
                server.resume()
            case Kind.RATE_LIMIT:
                server.http_faults.unlimit()
            case Kind.STALE_SNAPSHOT:
                server.http_faults.stale = False
            case Kind.SKEW:
                server.clock.skew_ns = 0
        self.ended_ns = time.monotonic_ns()

    def _frame_spell(self) -> FrameSpell:
        order = self.order
        return FrameSpell(
            _FRAMES[order.kind],
            order.chance,
            Random(order.seed),  # noqa: S311 - the same faults for the same seed, no secret
            order.channel,
            skew_ns=order.amount * 10**6,
            # One alone is more than a client takes; many would only fill the loopback.
            hits_max=1 if order.kind is Kind.OVERSIZE else 1 << 62,
        )

    def _cut(self) -> None:
        self._cuts += len(self._server.clients)
        self._server.disconnect_all(abrupt=True)
        self._later(1.0 / self.order.chance, self._cut)

    def _later(self, delay_s: float, call: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(delay_s, call))
