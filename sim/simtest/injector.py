"""Carries out the faults of a run on lines, venues and our clock. It checks nothing."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from . import spoil
from .faults import BY_FRAME, STATUS_MAX, Fault, Kind
from .line import Line
from .loop import VirtualLoop
from .parcel import Parcel
from .venue import VirtualVenue

_MS = 1_000_000
#: A frame of this size is over the limit that the runs give to the transports.
OVERSIZE_BYTES = 1 << 20


@dataclass(slots=True)
class _Late:
    """A frame that is to arrive after so many others."""

    parcel: Parcel
    after: int


class Injector:
    """`bites` counts what the faults did, by kind: a fault that met nothing did nothing."""

    def __init__(
        self,
        loop: VirtualLoop,
        random: Random,
        venues: dict[str, VirtualVenue],
        step_clock: Callable[[int], None],
    ) -> None:
        self.bites: Counter[str] = Counter()
        self._loop = loop
        self._random = random
        self._venues = venues
        self._step_clock = step_clock
        self._by_frame: dict[str, list[Fault]] = {name: [] for name in venues}
        self._delay_ns = dict.fromkeys(venues, 0)
        self._to_lose: dict[str, int] = dict.fromkeys(venues, 0)
        self._late: dict[Line, list[_Late]] = {}

    def arm(self, faults: list[Fault]) -> None:
        """Set a timer for the beginning and the end of each fault."""
        for fault in faults:
            self._loop.call_at(fault.at_ns / 1e9, self._begin, fault)

    # --- frames ----------------------------------------------------------------------------------

    def meet(self, line: Line, parcel: Parcel) -> list[Parcel]:
        """Return what becomes of a frame: itself, nothing, a broken one, or several."""
        name = line.venue.name
        late = self._late.get(line)
        active = self._by_frame[name]
        if not active and not late and not self._to_lose[name]:
            return [parcel]
        if self._to_lose[name]:
            self._to_lose[name] -= 1
            self.bites[Kind.GAP] += 1
            return []
        out = [parcel]
        for fault in active:
            if line.private and fault.kind is Kind.REORDER:
                # One connection's answers and reports come in the order in which they were sent.
                continue
            if out and self._random.random() < fault.rate:
                self.bites[fault.kind] += 1
                out = self._alter(fault.kind, line, parcel)
        if late:
            out += self._overtaken(line, late)
        return out

    def _alter(self, kind: Kind, line: Line, parcel: Parcel) -> list[Parcel]:
        random = self._random
        if kind in (Kind.REPEAT, Kind.REORDER):
            return self._put_off(kind, line, parcel)
        if kind is Kind.DROP:
            return []
        if kind is Kind.MALFORMED:
            data = spoil.malformed(random, parcel.sent)
        elif kind is Kind.TRUNCATE:
            data = spoil.truncated(random, parcel.sent)
        else:
            data = parcel.sent.ljust(OVERSIZE_BYTES)
        return [parcel._replace(data=data)]

    def _put_off(self, kind: Kind, line: Line, parcel: Parcel) -> list[Parcel]:
        """Let a frame arrive behind others, or once more behind them."""
        again = kind is Kind.REPEAT
        after = self._random.choice((0, 0, 1, 3, 10) if again else (1, 1, 2, 5))
        if not after:
            return [parcel, parcel]
        self._late.setdefault(line, []).append(_Late(parcel, after + 1))
        return [parcel] if again else []

    def _overtaken(self, line: Line, late: list[_Late]) -> list[Parcel]:
        """Return the late frames whose turn has come."""
        out = []
        for one in list(late):
            one.after -= 1
            if not one.after:
                late.remove(one)
                out.append(one.parcel)
        if not late:
            del self._late[line]
        return out

    def latency_ns(self, venue: str) -> int:
        """Return how long a frame of this moment travels."""
        return self._delay_ns[venue] + self._random.randrange(2 * _MS, 30 * _MS)

    def way_up_ns(self) -> int:
        """Return how long a frame of this moment travels to a venue."""
        return self._random.randrange(2 * _MS, 30 * _MS)

    # --- REST ------------------------------------------------------------------------------------

    def body(self, venue: str, body: bytes) -> bytes:
        """Return what becomes of the body of a reply."""
        for fault in self._by_frame[venue]:
            if self._random.random() < fault.rate:
                if fault.kind is Kind.MALFORMED:
                    self.bites[fault.kind] += 1
                    return spoil.malformed(self._random, body)
                if fault.kind is Kind.TRUNCATE:
                    self.bites[fault.kind] += 1
                    return spoil.truncated(self._random, body)
        return body

    # --- beginnings and ends ---------------------------------------------------------------------

    def _begin(self, fault: Fault) -> None:
        venue = self._venues[fault.venue]
        now = self._loop.now_ns
        kind = fault.kind
        if kind in BY_FRAME:
            self._by_frame[venue.name].append(fault)
            self._later(fault.for_ns, self._by_frame[venue.name].remove, fault)
        elif kind is Kind.DISCONNECT:
            for number in range(fault.size):
                self._later(number * 1_000 * _MS, self._disconnect, venue)
        elif kind is Kind.GAP:
            self._to_lose[venue.name] = fault.size
            self._later(fault.for_ns, self._to_lose.__setitem__, venue.name, 0)
        else:
            self.bites[kind] += 1
            self._begin_state(fault, venue, now)

    def _begin_state(self, fault: Fault, venue: VirtualVenue, now: int) -> None:
        match fault.kind:
            case Kind.DELAY:
                self._delay_ns[venue.name] = fault.size
                self._later(fault.for_ns, self._delay_ns.__setitem__, venue.name, 0)
            case Kind.STALL:
                for line in venue.lines:
                    line.hold(now + fault.for_ns)
            case Kind.RATE_LIMIT:
                if fault.size <= STATUS_MAX or not venue.crowd(fault.size):
                    venue.quiet_status = min(fault.size, 429)
                    venue.quiet_until_ns = now + fault.for_ns
            case Kind.SKEW:
                venue.set_clock(fault.size)
                self._later(fault.for_ns, venue.set_clock, -fault.size)
            case Kind.STALE_SNAPSHOT:
                venue.stale_until_ns = now + fault.for_ns
            case Kind.SLOW_CONSUMER:
                for line in venue.lines:
                    line.pace_ns = fault.size
                    self._later(fault.for_ns, setattr, line, "pace_ns", 0)
            case Kind.RESTART:
                venue.up = False
                venue.drop_lines(1012, "restart")
                self._later(fault.for_ns, setattr, venue, "up", True)
            case Kind.SHUTDOWN:
                lines = list(venue.lines)
                venue.announce_shutdown()
                self._later(fault.for_ns, self._hang_up, lines)
            case Kind.CLOCK_STEP:
                self._step_clock(fault.size)
            case _:
                raise AssertionError(fault.kind)

    def _later(self, for_ns: int, call: Callable[..., object], *args: object) -> None:
        self._loop.call_later(for_ns / 1e9, call, *args)

    def _disconnect(self, venue: VirtualVenue) -> None:
        self.bites[Kind.DISCONNECT] += len(venue.lines)
        code, text = self._random.choice(((1006, ""), (1001, "going away"), (1008, "policy")))
        venue.drop_lines(code, text)

    def _hang_up(self, lines: list[Line]) -> None:
        for line in lines:
            line.hang_up(1001, "shutdown")
