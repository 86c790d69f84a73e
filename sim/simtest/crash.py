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


@dataclass(frozen=True, slots=True)
class Crash:
    """After input `number` (from 1). REPLAY: from a checkpoint made after input `from_number`."""

    way: Way
    number: int
    from_number: int = 0


def plan(random: Random, inputs: int) -> list[Crash]:
    """Draw the crashes of a run of so many inputs: one of each way, in either order."""
    early, late = sorted(random.sample(range(40, inputs), 2))
    first, second = random.sample(list(Way), 2)
    crashes = []
    for way, number, after in ((first, early, 0), (second, late, early)):
        from_number = random.randint(after + 1, number) if way is Way.REPLAY else 0
        crashes.append(Crash(way, number, from_number))
    return crashes


class Standby:
    """Keeps a checkpoint and what came after it, and makes a second node of the two.

    `report` is told (rule, text) where the second node is not the same as the first.
    """

    def __init__(self, crashes: list[Crash], report: Callable[[str, str], None]) -> None:
        self._crash = next((one for one in crashes if one.way is Way.REPLAY), None)
        self._report = report
        self._checkpoint: bytes | None = None
        self._tail: list[Input] = []
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
        if self._checkpoint is not None:
            self._tail.append(item)
        elif number >= crash.from_number:
            self._checkpoint = dump(node)
        return self._replay(node) if number >= crash.number else None

    def drop(self) -> None:
        """The node starts over with nothing: what was kept is of no use."""
        self._shadow = None
        if self._checkpoint is not None:
            self._checkpoint = None
            self._tail.clear()

    def _replay(self, node: Node) -> Node:
        assert self._checkpoint is not None
        second = load(self._checkpoint)
        for item in self._tail:
            second.handle(*item)
        self.replayed = len(self._tail)
        if int(second.digest) != int(node.digest):
            self._report("replay", f"the digest differs after {self.replayed} inputs")
        elif state_hash(second) != state_hash(node):
            self._report("replay", f"the state differs after {self.replayed} inputs")
        self._crash = None
        self._tail.clear()
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
