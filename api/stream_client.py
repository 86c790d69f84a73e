"""One client of the stream: what it wants, and what it missed while it did not read."""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from .channels import Key

#: Bytes that may wait in the transport before a client counts as behind, and below which it has
#: caught up.
BEHIND_BYTES = 64 * 1024
CAUGHT_UP_BYTES = 8 * 1024
#: A client that stays behind for so long is cut off.
BEHIND_SECONDS_MAX = 10.0
#: Snapshots of what was missed that are sent at once; the rest follows with the next look.
SNAPSHOTS_AT_ONCE = 32


class Wire(Protocol):
    """What is used of a transport."""

    def write(self, data: bytes) -> None:
        """Send."""

    def get_write_buffer_size(self) -> int:
        """Return the bytes that wait."""

    def is_closing(self) -> bool:
        """Tell whether it is over."""

    def abort(self) -> None:
        """Cut it off."""


class StreamClient:
    """Sends what is shared by all. While it is behind, only the names of what changed are kept.

    Nothing it does not read grows: at most BEHIND_BYTES and one frame wait in the transport, and of
    what it missed it gets snapshots when it has caught up.
    """

    def __init__(self, wire: Wire) -> None:
        self.keys: frozenset[Key] = frozenset()
        self.conflated = 0
        self._wire = wire
        self._missed: dict[Key, None] = {}
        self._behind_since: float | None = None

    @property
    def behind(self) -> bool:
        """Whether it did not read what was sent."""
        return self._behind_since is not None

    @property
    def gone(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._wire.is_closing()

    def tell(self, frame: bytes) -> None:
        """Send an answer to what the client asked; who asks and never reads is cut off."""
        if self._wire.is_closing():
            return
        self._wire.write(frame)
        if self._wire.get_write_buffer_size() > 2 * BEHIND_BYTES:
            self._wire.abort()

    def offer(self, frames: bytes, changed: list[Key], now_s: float) -> None:
        """Send what changed, or note it while the client is behind."""
        if self._wire.is_closing():
            return
        if self._behind_since is None:
            if self._wire.get_write_buffer_size() <= BEHIND_BYTES:
                self._wire.write(frames)
                return
            self._behind_since = now_s
        self.conflated += len(changed)
        self._missed.update(dict.fromkeys(changed))

    def catch_up(self, snapshot: Callable[[Key], bytes], now_s: float) -> bool:
        """Send snapshots of what was missed once it reads again; False when it was cut off."""
        if self._behind_since is None or self._wire.is_closing():
            return True
        if self._wire.get_write_buffer_size() <= CAUGHT_UP_BYTES:
            missed = list(self._missed)[:SNAPSHOTS_AT_ONCE]
            for key in missed:
                del self._missed[key]
            self._wire.write(b"".join([snapshot(key) for key in missed if key in self.keys]))
            self._behind_since = now_s if self._missed else None
            return True
        if now_s - self._behind_since > BEHIND_SECONDS_MAX:
            self._wire.abort()
            return False
        return True


def wire_of(transport: asyncio.BaseTransport | None) -> Wire:
    """Return the transport of a connection that stands; ConnectionError for one that is gone."""
    if transport is None:
        raise ConnectionError("the client went away")
    # Those of uvloop are transports without being of asyncio's class.
    return cast(Wire, transport)
