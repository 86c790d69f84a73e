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
    REPORT = 9


#: Note of a REPORT that is a frame: of the user stream, or an answer that names its own tag.
STREAM = "stream"
#: Numbers of a REPORT: nobody knows what became of the request, or it surely never left.
NO_ANSWER = 0
NOT_SENT = -1


class Input(NamedTuple):
    """One input.

    `ts_recv` is ns since the epoch, UTC. `source` names the connection (`binance.ws.1`) or, for
    replies, the venue's REST door. `data` are the bytes as they arrived. `note` is the address of
    an OPEN, the reason of a CLOSE, the URL of a REPLY and the name of a COMMAND; `number` the HTTP
    status of a REPLY, the step in ns of a CLOCK and, for an OFFSET, the venue's clock minus ours in
    ns as round trips measured it.

    REPORT is what came through a venue's order channel (`binance.orders#3`, `coinbase.orders`):
    with the note STREAM a frame, otherwise the answer to the request whose tag is the note.
    `number` is its HTTP status, 200 for frames; with NO_ANSWER or NOT_SENT the data are the
    reason's name.
    """

    ts_recv: int
    kind: InputKind
    source: str
    data: bytes = b""
    note: str = ""
    number: int = 0
