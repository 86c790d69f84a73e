"""What reaches the node: inputs, one after another, each with its receive time."""

from enum import IntEnum
from typing import NamedTuple


class InputKind(IntEnum):
    """The kinds of input. The numbers are part of the recording format."""

    OPEN = 1
    FRAME = 2
    CLOSE = 3
    REPLY = 4
    TIMER = 5
    CLOCK = 6
    COMMAND = 7
    OFFSET = 8


class Input(NamedTuple):
    """One input.

    `ts_recv` is ns since the epoch, UTC. `source` names the connection (`binance.ws.1`) or, for
    replies, the venue's REST door. `data` are the bytes as they arrived. `note` is the address of
    an OPEN, the reason of a CLOSE, the URL of a REPLY and the name of a COMMAND; `number` the HTTP
    status of a REPLY, the step in ns of a CLOCK and, for an OFFSET, the venue's clock minus ours in
    ns as round trips measured it.
    """

    ts_recv: int
    kind: InputKind
    source: str
    data: bytes = b""
    note: str = ""
    number: int = 0
