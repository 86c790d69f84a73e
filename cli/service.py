"""What a service manager is told: that the daemon is ready, that it lives, that it stops.

The protocol is sd_notify(3): datagrams of NAME=VALUE lines to the Unix socket that NOTIFY_SOCKET
names. Nothing waits for the manager, and a manager that cannot be told changes nothing here.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Self

#: Between two words without a watchdog, for the status line.
_STATUS_S = 10.0
#: A watchdog is told three times within its patience: two of them may be late.
_SHARE = 3
#: More than any sensible patience; a larger one is taken for this.
_WATCHDOG_S_MAX = 3_600.0


class Service:
    """The daemon as its service manager knows it; `failed` counts words that could not be sent."""

    def __init__(self, address: str, watchdog_s: float | None) -> None:
        self.watchdog_s = watchdog_s
        self.failed = 0
        # An address that begins with @ is in the kernel's own name space.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    @classmethod
    def of(cls, environment: Mapping[str, str], pid: int) -> Self | None:
        """Return the manager that the environment names, None where there is none.

        A watchdog that is set for another process, or to no number, is none of ours.
        """
        address = environment.get("NOTIFY_SOCKET", "")
        if address[:1] not in ("/", "@"):
            return None
        given, owner = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
        watchdog_s = None
        if given.isascii() and given.isdigit() and int(given) and owner in ("", str(pid)):
            watchdog_s = min(int(given) / 1e6, _WATCHDOG_S_MAX)
        return cls(address, watchdog_s)

    @property
    def every_s(self) -> float:
        """Seconds between two words."""
        return _STATUS_S if self.watchdog_s is None else self.watchdog_s / _SHARE

    def tell(self, *words: str) -> None:
        """Send words such as READY=1; what cannot be sent is counted."""
        try:
            self._socket.sendto("\n".join(words).encode(errors="replace"), self._address)
        except OSError:
            self.failed += 1

    async def run(self, status: Callable[[], str]) -> None:
        """Say that the daemon is ready and, from its event loop, again and again that it lives.

        A loop that hangs says nothing, and is restarted.
        """
        self.tell("READY=1", f"MAINPID={os.getpid()}", f"STATUS={status()}")
        while True:
            await asyncio.sleep(self.every_s)
            self.tell("WATCHDOG=1", f"STATUS={status()}")

    def stopping(self) -> None:
        """Say that a stop has begun."""
        self.tell("STOPPING=1", "STATUS=stopping")

    def close(self) -> None:
        """Close the socket."""
        with contextlib.suppress(OSError):
            self._socket.close()


def standing(live: Iterable[bool], mode: str) -> str:
    """Return the status line: how many books are live, and the mode."""
    seen = list(live)
    return f"mode {mode}, {sum(seen)} of {len(seen)} books live"
