"""Replaying a recording: its inputs through a node again, compared digest by digest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from market.inputs import Input

from .native_format import BadRecordError, Entry, Head
from .native_reader import Part, Recording
from .segment import BlankSegment, SegmentError, UnsupportedVersion


class Told(Protocol):
    """What a checkpoint says of itself."""

    @property
    def build(self) -> object:
        """Which build wrote it."""

    @property
    def state_hash(self) -> str:
        """The hash of its state."""


class Checkpoints(Protocol):
    """How checkpoints are read; the module `checkpoint` does it. Errors are ValueErrors."""

    def load(self, data: bytes, /) -> Any:
        """Return the node of a checkpoint."""

    def describe(self, data: bytes, /) -> Told:
        """Return what a checkpoint says of itself."""

    def state_hash(self, node: Any, /) -> str:
        """Return the hash that a checkpoint of the node would carry."""

    def build(self) -> object:
        """Return the build that runs."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place at which the replay differs: after an input, or in a segment's checkpoint."""

    number: int
    segment: int
    input: Input | None
    recorded: str
    replayed: str


@dataclass(slots=True)
class Replayed:
    """What came of a replay.

    `problems` are damage; `notes` what is normal after a crash or a full disk. `verified` counts
    the inputs whose digest was compared. The last input of a recording that was not stopped in
    order has none.
    """

    node: Any = None
    inputs: int = 0
    verified: int = 0
    checkpoints: int = 0
    first_ns: int = 0
    last_ns: int = 0
    segments: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    difference: Difference | None = None


class Replay:
    """One run over a recording, from the checkpoint of segment `first` up to `to_ns`.

    `after` is called with the node behind each input. `result` grows while it runs.
    """

    def __init__(
        self,
        recording: Recording,
        checkpoints: Checkpoints,
        *,
        verify: bool = False,
        first: int | None = None,
        to_ns: int | None = None,
        after: Callable[[Any], None] | None = None,
    ) -> None:
        self._recording = recording
        self._checkpoints = checkpoints
        self._verify = verify
        self.first = recording.numbers[0] if first is None else first
        self._to_ns = to_ns
        self._after = after
        self._last: tuple[int, Entry] | None = None
        self._builds: set[object] = set()
        self.result = Replayed()

    def run(self) -> Replayed:
        """Replay; a difference ends it when verifying.

        Raises UnsupportedVersion and UnsupportedRecordingError.
        """
        result = self.result
        expected = next_record = -1
        for part in self._parts():
            broken = part.number != expected or part.first_record != next_record
            if broken and expected >= 0 and part.head.continues:
                result.problems.append(f"{part.name}: what stood before it is not there")
            if not self._open(part, goes_on=part.head.continues and not broken):
                if result.difference is not None:
                    break
                expected = -1
                continue
            if not self._inputs(part):
                break
            tail = part.tail
            expected = part.number + 1 if tail is not None else -1
            next_record = tail.record if tail is not None else -1
        return result

    def _parts(self) -> Iterator[Part]:
        """Yield the segments that can be read, and note the others."""
        numbers = [number for number in self._recording.numbers if number >= self.first]
        for number in numbers:
            try:
                part = self._recording.part(number)
            except UnsupportedVersion:
                raise
            except (SegmentError, BadRecordError) as error:
                # The power may go before the newest segment's header reaches the disk.
                lost = isinstance(error, BlankSegment) and number == numbers[-1]
                told = self.result.notes if lost else self.result.problems
                told.append(f"segment {number}: {error}")
                continue
            yield part

    def _open(self, part: Part, *, goes_on: bool) -> bool:
        """Come to a segment: go on with the node, or take the one of its checkpoint."""
        result = self.result
        try:
            told = self._checkpoints.describe(part.checkpoint)
            if told.build not in self._builds:
                self._builds.add(told.build)
                if told.build != self._checkpoints.build():
                    result.notes.append(
                        f"{part.name}: recorded by build {told.build},"
                        f" replayed by {self._checkpoints.build()}"
                    )
            if not goes_on or result.node is None:
                self._start(part)
            elif self._verify and told.build == self._checkpoints.build():
                return self._same_state(part, told.state_hash)
        except ValueError as error:
            result.problems.append(f"{part.name}: {error}")
            return False
        return True

    def _start(self, part: Part) -> None:
        """Take the node of a segment's checkpoint."""
        result = self.result
        if result.node is not None:
            result.notes.append(f"{part.name}: goes on from its own checkpoint, {_why(part.head)}")
        self._last = None
        result.node = None
        result.node = self._checkpoints.load(part.checkpoint)
        result.checkpoints += 1

    def _same_state(self, part: Part, recorded: str) -> bool:
        """Compare the whole state, of which the digest sees only what was decided."""
        replayed = self._checkpoints.state_hash(self.result.node)
        if replayed == recorded:
            self.result.checkpoints += 1
            return True
        self.result.difference = Difference(
            part.first_record, part.number, None, recorded[:16], replayed[:16]
        )
        return False

    def _inputs(self, part: Part) -> bool:
        """Replay a segment's inputs; False when the replay is over."""
        result = self.result
        result.segments.append(part.number)
        handle, digest = result.node.handle, result.node.digest
        to_ns, after = self._to_ns, self._after
        try:
            for entry in part:
                if self._verify and not self._same(part, entry, int(digest)):
                    return False
                taken = entry.input
                if taken is None:
                    self._last = None
                    continue
                if to_ns is not None and taken.ts_recv > to_ns:
                    return False
                handle(*taken)
                if after is not None:
                    after(result.node)
                self._last = part.number, entry
                result.inputs += 1
                result.first_ns = result.first_ns or taken.ts_recv
                result.last_ns = taken.ts_recv
        except (SegmentError, BadRecordError) as error:
            result.problems.append(f"{part.name}: {error}")
            return True
        self._end(part)
        return True

    def _end(self, part: Part) -> None:
        tail = part.tail
        assert tail is not None
        if tail.torn:
            self.result.notes.append(str(tail))
        if not tail.sealed and part.number != self._recording.numbers[-1]:
            self.result.problems.append(f"{part.name}: it ends without its end mark")

    def _same(self, part: Part, entry: Entry, replayed: int) -> bool:
        """Compare the digest after the last input; notes the difference where there is one."""
        if entry.digest == replayed:
            self.result.verified += self._last is not None
            return True
        segment, last = self._last if self._last is not None else (part.number, None)
        self.result.difference = Difference(
            last.number if last is not None else entry.number,
            segment,
            last.input if last is not None else None,
            f"{entry.digest:016x}",
            f"{replayed:016x}",
        )
        return False


def _why(head: Head) -> str:
    if head.missed:
        return f"{head.missed} inputs before it were not recorded"
    return "after the damage" if head.continues else "the recorder was started anew"
