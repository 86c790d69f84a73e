"""A venue's clock against ours, from the round trips of its time endpoint. Pure."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OffsetParameters:
    """Of the last `samples` round trips the `best` shortest vote; `best` is odd."""

    samples: int = 16
    best: int = 5

    def __post_init__(self) -> None:
        if self.best < 1 or self.best % 2 == 0 or self.samples < self.best:
            raise ValueError(f"{self}: expected an odd number of best samples, within the samples")


@dataclass(frozen=True, slots=True)
class Offset:
    """The venue's clock minus ours, and how far that may be off on either side; ns."""

    offset_ns: int
    doubt_ns: int


@dataclass(frozen=True, slots=True)
class _Sample:
    round_trip_ns: int
    offset_ns: int


class OffsetEstimator:
    """The median offset of the best of the last round trips by length.

    A reply was stamped by the venue somewhere between our sending and receiving: its offset is
    known to half the round trip, plus the venue's rounding, and a short trip knows best. What two
    trips in a row both contradict is no longer true: that clock was set, and the older samples go.
    A single odd reply moves nothing.
    """

    def __init__(
        self, parameters: OffsetParameters | None = None, resolution_ns: int = 1_000_000
    ) -> None:
        self._parameters = parameters or OffsetParameters()
        self._resolution_ns = resolution_ns
        self._samples: deque[_Sample] = deque(maxlen=self._parameters.samples)

    def add(self, sent_ns: int, venue_ns: int, recv_ns: int) -> bool:
        """Add a round trip; False for one that ends before it began (a clock was stepped)."""
        round_trip_ns = recv_ns - sent_ns
        if round_trip_ns < 0:
            return False
        # The venue cuts off what is below its resolution: on average half of it.
        middle_ns = sent_ns + round_trip_ns // 2
        offset_ns = venue_ns + self._resolution_ns // 2 - middle_ns
        self._samples.append(_Sample(round_trip_ns, offset_ns))
        self._drop_contradicted()
        return True

    def _drop_contradicted(self) -> None:
        """Forget what cannot be true together with the last two samples, if these agree."""
        if len(self._samples) < 3:
            return
        last = [self._range(sample) for sample in (self._samples[-2], self._samples[-1])]
        least, most = max(low for low, _ in last), min(high for _, high in last)
        if least > most:
            return
        kept = [
            sample
            for sample in self._samples
            if self._range(sample)[0] <= most and self._range(sample)[1] >= least
        ]
        self._samples = deque(kept, maxlen=self._parameters.samples)

    def _range(self, sample: _Sample) -> tuple[int, int]:
        """Return the least and the largest offset that a round trip allows."""
        doubt_ns = (sample.round_trip_ns + 1) // 2 + (self._resolution_ns + 1) // 2
        return sample.offset_ns - doubt_ns, sample.offset_ns + doubt_ns

    def stepped(self, step_ns: int) -> None:
        """Our clock stepped by so much: what was measured is shifted, not lost."""
        shifted = [_Sample(s.round_trip_ns, s.offset_ns - step_ns) for s in self._samples]
        self._samples = deque(shifted, maxlen=self._parameters.samples)

    def offset(self) -> Offset | None:
        """Return the estimate, None before the first round trip."""
        if not self._samples:
            return None
        best = sorted(self._samples, key=lambda sample: sample.round_trip_ns)
        voters = sorted(best[: self._parameters.best], key=lambda sample: sample.offset_ns)
        median = voters[(len(voters) - 1) // 2]
        doubt_ns = (median.round_trip_ns + 1) // 2 + (self._resolution_ns + 1) // 2
        return Offset(median.offset_ns, doubt_ns)
