"""The node of a recording's end, from which a daemon that trades goes on after any end."""

from dataclasses import dataclass
from pathlib import Path

import checkpoint
from node import Node, NodeConfig
from replay.native import Replay, Replayed
from replay.native_reader import NoRecordingError, Recording
from replay.segment import SegmentError

#: The newest segment is enough, unless the power went before its head was stored.
_SEGMENTS = 2


@dataclass(frozen=True, slots=True)
class Restored:
    """What could be restored: a node after `inputs` of the newest segment, or why there is none.

    `lost` says that something that traded is there and cannot be gone on from.
    """

    node: Node | None = None
    inputs: int = 0
    why: str = ""
    lost: bool = False


def restored(folder: Path, config: NodeConfig) -> Restored:
    """Return the node with which a recording ends, as every recorded decision proves it.

    A recording of another configuration is not gone on from.
    """
    try:
        done = _replayed(Recording(folder))
    except NoRecordingError:
        return Restored(why="there is no recording")
    except (SegmentError, ValueError) as error:
        return Restored(why=str(error), lost=True)
    except OSError as error:
        return Restored(why=f"{folder}: {error.strerror}")
    return _judged(done, config)


def _replayed(recording: Recording) -> Replayed:
    done = Replayed()
    for first in recording.numbers[: -_SEGMENTS - 1 : -1]:
        done = Replay(recording, checkpoint, verify=True, first=first).run()
        if done.node is not None:
            break
    return done


def _judged(done: Replayed, config: NodeConfig) -> Restored:
    node: Node | None = done.node
    if node is None or done.problems:
        return Restored(why="; ".join(done.problems) or "no segment can be read", lost=True)
    if node.config != config:
        return Restored(why="it was recorded with another configuration")
    if done.difference is not None:
        number = done.difference.number
        return Restored(why=f"replayed, its input {number} is decided differently", lost=True)
    return Restored(node, done.inputs)
