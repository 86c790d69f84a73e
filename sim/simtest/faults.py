"""What goes wrong, and when: drawn from the seed before anything happens."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

_MS = 1_000_000
_S = 1_000 * _MS
HOUR_NS = 3_600 * _S


class Kind(StrEnum):
    """The kinds of fault."""

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
    SLOW_CONSUMER = "slow-consumer"
    RESTART = "restart"
    SHUTDOWN = "shutdown"
    CLOCK_STEP = "clock-step"


#: Kinds that change or lose frames one by one, each with some probability.
BY_FRAME = (
    Kind.DROP,
    Kind.REPEAT,
    Kind.REORDER,
    Kind.MALFORMED,
    Kind.TRUNCATE,
    Kind.OVERSIZE,
)
#: Kinds that only one venue knows.
_ONLY = {Kind.STALE_SNAPSHOT: "binance", Kind.SHUTDOWN: "binance"}

#: A status that refuses, or the weight to which others behind our address bring the minute.
_LIMITED = (429, 418, 429, 418, 4_700, 5_600)
STATUS_MAX = 599

FAULTS_MIN, FAULTS_MAX = 6, 14


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: from `at_ns` for `for_ns`, virtual time since the start.

    `rate` is the probability a frame; `size` a kind's own measure: ns of delay, skew or step,
    frames of a gap, ns between two frames of a slow consumer.
    """

    kind: Kind
    venue: str
    at_ns: int
    for_ns: int
    rate: float = 0.0
    size: int = 0

    @property
    def end_ns(self) -> int:
        """When it is over."""
        return self.at_ns + self.for_ns

    def __str__(self) -> str:
        return (
            f"{self.kind} {self.venue} at {self.at_ns / 1e9:.1f} s for {self.for_ns / 1e9:.1f} s"
            f" rate {self.rate:.2f} size {self.size}"
        )


def plan(random: Random, venues: tuple[str, ...], from_ns: int, to_ns: int) -> list[Fault]:
    """Draw the faults of one run, in the order of their times; all have begun by `to_ns`."""
    count = random.randint(FAULTS_MIN, FAULTS_MAX)
    kinds = random.sample(list(Kind), min(count, len(Kind)))
    faults = [
        _drawn(random, kind, _ONLY.get(kind) or random.choice(venues), from_ns, to_ns)
        for kind in kinds
    ]
    return sorted(faults, key=lambda fault: fault.at_ns)


def one_an_hour(random: Random, venues: tuple[str, ...], until_ns: int) -> list[Fault]:
    """Draw one fault for each hour: at any time of its first half, of any kind."""
    hours = range(until_ns // HOUR_NS)
    kinds = [kind for kind in Kind if _ONLY.get(kind, venues[0]) in venues]
    found = []
    for hour in hours:
        kind = random.choice(kinds)
        venue = _ONLY.get(kind) or random.choice(venues)
        begin = hour * HOUR_NS
        found.append(_drawn(random, kind, venue, begin, begin + HOUR_NS // 2))
    return found


def _drawn(random: Random, kind: Kind, venue: str, from_ns: int, to_ns: int) -> Fault:
    at = random.randint(from_ns, to_ns)
    short = random.randint(200 * _MS, 4 * _S)
    if kind in BY_FRAME:
        return Fault(kind, venue, at, short, random.choice((0.02, 0.1, 0.5)))
    for_ns, size = _measures(random, kind, short)
    return Fault(kind, venue, at, for_ns, size=size)


def _measures(random: Random, kind: Kind, short: int) -> tuple[int, int]:
    """Return for how long a fault lasts in ns, and its size."""
    sign = random.choice((-1, 1))
    # A row of disconnects, a second apart.
    times = random.choice((1, 1, 2, 4))
    measures = {
        Kind.DELAY: (short, random.randint(100 * _MS, 5 * _S)),
        Kind.GAP: (5 * _S, random.randint(2, 60)),
        Kind.STALL: (random.randint(_S, 12 * _S), 0),
        Kind.DISCONNECT: (times * _S, times),
        Kind.RATE_LIMIT: (random.randint(_S, 12 * _S), random.choice(_LIMITED)),
        Kind.SKEW: (4 * short, sign * random.randint(_MS, 8 * _S)),
        Kind.SLOW_CONSUMER: (2 * short, random.randint(20 * _MS, 400 * _MS)),
        Kind.RESTART: (random.randint(100 * _MS, 8 * _S), 0),
        Kind.CLOCK_STEP: (0, sign * random.randint(5 * _MS, 5 * _S)),
    }
    return measures.get(kind, (short, 0))
