"""Crashes: the node is thrown away; what takes its place must be the same, or start over."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from checkpoint import dump, load, state_hash
from market.inputs import Input
from node import Node

#: After a crash that is replayed the old node goes on beside the new one for so many inputs.
SHADOW_INPUTS = 300


class Way(StrEnum):
    """How the process comes back."""

    EMPTY = "empty"
    REPLAY = "replay"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Crash:
    """After input `number` (from 1).

    EMPTY and RESTORED: the process is gone for a while, and begins with nothing or with the node as
    it was. REPLAY: the node is replaced at once. Those two come from a checkpoint made after input
    `from_number` and the inputs since.
    """

    way: Way
    number: int
    from_number: int = 0


def plan(random: Random, inputs: int, *, keeps: bool = False) -> list[Crash]:
    """Draw the crashes of a run of so many inputs: one of two ways, in either order.

    A process that `keeps` what it recorded is restored, others begin with nothing.
    """
    early, late = sorted(random.sample(range(40, inputs), 2))
    first, second = random.sample([Way.EMPTY, Way.REPLAY], 2)
    crashes = []
    for way, number, after in ((first, early, 0), (second, late, early)):
        kept = Way.RESTORED if keeps and way is Way.EMPTY else way
        from_number = 0 if kept is Way.EMPTY else random.randint(after + 1, number)
        crashes.append(Crash(kept, number, from_number))
    return crashes


class Kept:
    """What a process keeps: a checkpoint made after input `from_number`, and every input since."""

    def __init__(self, from_number: int) -> None:
        self._from_number = from_number
        self._checkpoint: bytes | None = None
        self._tail: list[Input] = []

    def after(self, node: Node, item: Input, number: int) -> None:
        """An input was handled."""
        if self._checkpoint is not None:
            self._tail.append(item)
        elif number >= self._from_number:
            self._checkpoint = dump(node)

    @property
    def inputs(self) -> int:
        """Inputs since the checkpoint."""
        return len(self._tail)

    def rebuild(self, node: Node, report: Callable[[str, str], None]) -> Node:
        """Return a node made of what was kept; `report` is told where it is not as `node` is."""
        assert self._checkpoint is not None
        second = load(self._checkpoint)
        for item in self._tail:
            second.handle(*item)
        if int(second.digest) != int(node.digest):
            report("replay", f"the digest differs after {self.inputs} inputs")
        elif state_hash(second) != state_hash(node):
            report("replay", f"the state differs after {self.inputs} inputs")
        return second

    def drop(self) -> None:
        """The node started over with nothing: keep from now on."""
        self._checkpoint = None
        self._tail.clear()


class Standby:
    """Keeps what a second node is made of, and has both go on side by side for a while.

    `report` is told (rule, text) where the second node is not the same as the first.
    """

    def __init__(self, crashes: list[Crash], report: Callable[[str, str], None]) -> None:
        self._crash = next((one for one in crashes if one.way is Way.REPLAY), None)
        self._report = report
        self._kept = Kept(self._crash.from_number if self._crash else 0)
        self._shadow: Node | None = None
        self._shadow_left = 0
        self.replayed = 0

    def after(self, node: Node, item: Input, number: int) -> Node | None:
        """An input was handled; returns the node that takes the place of this one, if any."""
        if self._shadow is not None:
            self._follow(node, item)
        crash = self._crash
        if crash is None:
            return None
        self._kept.after(node, item, number)
        return self._replay(node) if number >= crash.number else None

    def drop(self) -> None:
        """The node starts over: what was kept is of no use."""
        self._shadow = None
        self._kept.drop()

    def _replay(self, node: Node) -> Node:
        second = self._kept.rebuild(node, self._report)
        self.replayed = self._kept.inputs
        self._crash = None
        self._kept.drop()
        self._shadow, self._shadow_left = node, SHADOW_INPUTS
        return second

    def _follow(self, node: Node, item: Input) -> None:
        """The old node goes on beside the new one."""
        assert self._shadow is not None
        self._shadow.handle(*item)
        if int(self._shadow.digest) != int(node.digest):
            self._report("replay", "the digest differs after the crash")
        self._shadow_left -= 1
        if not self._shadow_left:
            self._shadow = None
