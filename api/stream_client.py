"""One client of the stream: what it wants, what waits for it, what it missed while it did not read.

Only the stream's own thread writes to the socket, so that whole messages stay whole.
"""

import os
import socket
from collections.abc import Callable

from .channels import Key

#: What the kernel may hold for a client that does not read.
KERNEL_BYTES = 256 * 1024
#: Bytes of answers and snapshots that may wait; whoever asks for more is made to wait.
WAITING_BYTES_MAX = 128 * 1024
#: A client that takes nothing for so long, although something waits, is cut off.
BEHIND_SECONDS_MAX = 10.0
#: Snapshots of what was missed that are sent at once; the rest follows with the next look.
SNAPSHOTS_AT_ONCE = 32


class StreamClient:
    """Has what is shared by all sent. While it is behind, only the names of what changed are kept.

    Nothing that it does not read grows: what is left of the last message, and one look's worth.
    """

    def __init__(self, number: int) -> None:
        """`number` is the client's socket as a file descriptor; it is duplicated."""
        self.keys: frozenset[Key] = frozenset()
        self.conflated = 0
        self.fd = os.dup(number)
        self._rest = b""
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._missed: dict[Key, None] = {}
        self._stuck_since: float | None = None
        #: Whether it was cut off; its reader has yet to see the end.
        self.over = False
        #: Sequences of the snapshots that it was given since the last look.
        self.fresh: dict[Key, int] = {}
        #: Whether nothing waits, so that what changed is all there is to be sent.
        self.smooth = True

    @property
    def behind(self) -> bool:
        """Whether it did not take all that was sent."""
        return bool(self._rest or self._missed)

    @property
    def full(self) -> bool:
        """Whether so much waits that nothing more may be asked for."""
        return self._waiting_bytes >= WAITING_BYTES_MAX and not self.over

    def tell(self, frame: bytes) -> None:
        """Have an answer or a snapshot sent at the next look."""
        self.smooth = False
        self._waiting.append(frame)
        self._waiting_bytes += len(frame)

    def offer(self, frames: bytes, changed: list[Key]) -> None:
        """Have what changed sent, or noted while the client is behind."""
        if self.behind:
            self.conflated += len(changed)
            self._missed.update(dict.fromkeys(changed))
        elif frames:
            self.smooth = False
            self._waiting.append(frames)

    def due(self, snapshot: Callable[[Key], bytes]) -> bytes:
        """Return what is to be sent now, b'' for nothing."""
        if self.over:
            return b""
        if self._rest:
            return self._rest
        if self._missed:
            for key in list(self._missed)[:SNAPSHOTS_AT_ONCE]:
                del self._missed[key]
                if key in self.keys:
                    self._waiting.append(snapshot(key))
        if not self._waiting:
            return b""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        # What goes to all is one object for all, and stays so.
        return waiting[0] if len(waiting) == 1 else b"".join(waiting)

    def sent(self, data: bytes, count: int, now_s: float) -> bool:
        """Note how much of `data` went, -1 for a connection that is over; False ends the client."""
        if count < 0:
            return False
        self._rest = data[count:] if count < len(data) else b""
        self.smooth = not (self._rest or self._missed or self._waiting)
        if count or not self._rest:
            self._stuck_since = None
        elif self._stuck_since is None:
            self._stuck_since = now_s
        return self._stuck_since is None or now_s - self._stuck_since <= BEHIND_SECONDS_MAX

    def cut(self) -> None:
        """End the connection without a word; its reader sees the end."""
        self.over, self.smooth = True, False
        with socket.socket(fileno=os.dup(self.fd)) as end:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                # It is over already.
                return

    def close(self) -> None:
        """Give the socket up; nothing is sent after that."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def bounded(end: socket.socket) -> None:
    """Bound what the kernel holds for a client, and send at once what is sent."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
    if end.family != socket.AF_UNIX:
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
