"""Which readable quotes were wrong, and for how long. The definition stands in docs/faults.md."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .touch import TouchKey

#: What may lie between a frame's way out of the venue and its effect on a quote.
ALLOWANCE_NS = 100_000_000
#: A frame may tell a touch that is so much older, in the venue's time, than the frame: venues
#: publish in batches.
BATCH_NS = 100_000_000
EXAMPLES_MAX = 5
LOOK_NS = 1000


class Reading(NamedTuple):
    """What a client read, the same from `since_ns` to `until_ns` (monotonic).

    `key` is None where there was a miss, and `reason` says why.
    """

    since_ns: int
    until_ns: int
    key: TouchKey | None
    reason: str = ""


class Published(NamedTuple):
    """A touch that the venue had from `venue_ns` on, taken down at `read_ns` (monotonic)."""

    venue_ns: int
    read_ns: int
    key: TouchKey


@dataclass(slots=True)
class Verdict:
    """What one instrument's readings were worth; times in ns.

    `phantom_ns`: readable, but never a touch of the venue. `old_ns`: a touch of the venue, but
    one that was over before what the venue had since sent whole. `outages` are (begin, end,
    first reason), monotonic.
    """

    readable_ns: int = 0
    phantom_ns: int = 0
    old_ns: int = 0
    outages: list[tuple[int, int, str]] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    @property
    def wrong_ns(self) -> int:
        """How long a wrong quote was readable."""
        return self.phantom_ns + self.old_ns


class Judge:
    """Holds readings of one instrument against what the venue published of it.

    `touches` and `frames` ascend in time; `frames` are (monotonic, venue time) of what went out
    whole.
    """

    def __init__(
        self,
        touches: Sequence[Published],
        frames: Sequence[tuple[int, int]],
        allowance_ns: int = ALLOWANCE_NS,
    ) -> None:
        # A frame binds the reader once the allowance has passed.
        self._frames = sorted((sent + allowance_ns, venue) for sent, venue in frames)
        self._binding = [binding for binding, _ in self._frames]
        # For each touch: (taken down, end of its time at the venue), in order.
        self._spans: dict[TouchKey, list[tuple[int, int]]] = {}
        for at, one in enumerate(touches):
            end = touches[at + 1].venue_ns if at + 1 < len(touches) else 1 << 62
            self._spans.setdefault(one.key, []).append((one.read_ns, end))

    def judge(self, readings: Sequence[Reading]) -> Verdict:
        """Return the verdict on readings in order of time."""
        verdict = Verdict()
        outage: tuple[int, int, str] | None = None
        for reading in readings:
            if reading.key is None:
                start, reason = (outage[0], outage[2]) if outage else (reading.since_ns, "")
                outage = (start, reading.until_ns, reason or reading.reason)
                continue
            if outage is not None:
                # It lasted until the look that found a quote again.
                verdict.outages.append((outage[0], reading.since_ns, outage[2]))
                outage = None
            self._readable(verdict, reading, reading.key)
        if outage is not None:
            verdict.outages.append(outage)
        return verdict

    def _readable(self, verdict: Verdict, reading: Reading, key: TouchKey) -> None:
        verdict.readable_ns += reading.until_ns - reading.since_ns
        wrong_ns, what = self._wrong(reading, key)
        if not wrong_ns:
            return
        if what == "phantom":
            verdict.phantom_ns += wrong_ns
        else:
            verdict.old_ns += wrong_ns
        if len(verdict.examples) < EXAMPLES_MAX:
            verdict.examples.append(f"{what} for {wrong_ns / 1e6:.1f} ms: {tuple(key)}")

    def _wrong(self, reading: Reading, key: TouchKey) -> tuple[int, str]:
        """Return for how long a reading was wrong, and in what way."""
        # A single look has no length: it counts as the shortest time there is.
        whole_ns = max(LOOK_NS, reading.until_ns - reading.since_ns)
        spans = [span for span in self._spans.get(key, []) if span[0] <= reading.until_ns]
        if not spans:
            return whole_ns, "phantom"
        wrong_ns = 0
        steps = self._steps(reading)
        since_ns = reading.since_ns if len(steps) > 1 else reading.until_ns - whole_ns
        for until_ns, sent_venue_ns in steps:
            ends = [end for taken, end in spans if taken <= max(until_ns, since_ns)]
            if not ends or max(ends) < sent_venue_ns - BATCH_NS:
                wrong_ns += until_ns - since_ns
            since_ns = until_ns
        return wrong_ns, "old"

    def _steps(self, reading: Reading) -> list[tuple[int, int]]:
        """Return (end of a part of the reading, venue time of the newest frame that binds it)."""
        first = bisect_right(self._binding, reading.since_ns)
        last = bisect_right(self._binding, reading.until_ns)
        newest = max((venue for _, venue in self._frames[max(0, first - 1) : first]), default=0)
        steps = []
        for binding_ns, venue_ns in self._frames[first:last]:
            steps.append((binding_ns, newest))
            newest = max(newest, venue_ns)
        steps.append((reading.until_ns, newest))
        return steps
