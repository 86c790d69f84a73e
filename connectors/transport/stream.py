"""One WebSocket client connection behind a small interface, whatever library carries it.

Frames arrive by callback, in order, in the call in which the bytes left the socket: there is no
queue that could grow, and a slow consumer is felt by the venue through TCP. Both implementations
agree on the following.

- The venue pings and the pong echoes its payload; we never ping. Liveness is the watchdog's.
- permessage-deflate is not offered. Inflating costs more processor time per frame than everything
  else done with it, its window is state that a lost byte would corrupt, and a small frame could
  inflate to the limit; the venues' streams fit into a few Mbit/s without it. A compressed frame
  that was never agreed on is a protocol error.
- A message over the limit closes the connection with 1009, which is reported as a configuration
  error: the limit is ours.
- No proxies, no redirects.
"""

import importlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class StreamParameters:
    """Limits of one connection.

    `message_bytes_max` bounds a message, fragments together; `write_bytes_max` bounds what may
    wait in the write buffer before a send is refused.
    """

    open_s_max: float = 10.0
    close_s_max: float = 2.0
    message_bytes_max: int = 64 * MEBIBYTE
    write_bytes_max: int = MEBIBYTE


class StreamError(Exception):
    """A connection could not be opened or used.

    `name` is one of a small set, fit for a counter; `retry_after_s` is what the venue asked for.
    """

    def __init__(self, name: str, text: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(f"{name}: {text}" if text else name)
        self.name = name
        self.text = text
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class StreamClose:
    """Why a connection ended: `name` for the counter, `code` of the close frame or 1006."""

    name: str
    code: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.text}" if self.text else self.name


class Stream(Protocol):
    """An open connection."""

    def send(self, data: bytes) -> None:
        """Write one text frame at once; raises StreamError when closed or `write_buffer_full`."""

    async def close(self) -> None:
        """Close with 1000; after `close_s_max` seconds the socket is dropped. May be repeated."""


class Listener(Protocol):
    """Who is told. `on_open` comes first, `on_close` last, each exactly once or not at all.

    The calls must not raise: an exception is a fault of the program, ends the connection and is
    reported by the library.
    """

    def on_open(self, stream: Stream, recv_ns: int) -> None:
        """The handshake is done; sending is allowed from here on."""

    def on_frame(self, data: bytes, recv_ns: int) -> None:
        """A whole message."""

    def on_ping(self, recv_ns: int) -> None:
        """The venue pinged and was answered."""

    def on_close(self, close: StreamClose, recv_ns: int) -> None:
        """Nothing comes after this."""


class Opener(Protocol):
    """Opens a connection; raises StreamError. Cancelling leaves no socket behind."""

    async def __call__(
        self,
        url: str,
        listener: Listener,
        now_ns: Callable[[], int],
        parameters: StreamParameters,
        tls: ssl.SSLContext | None,
    ) -> Stream:
        """Open `url`; `tls` None means the system's certificates for wss."""


LIBRARIES = ("websockets", "picows")


def opener(library: str) -> Opener:
    """Return the opener of one of LIBRARIES; ValueError names them, ImportError the extra."""
    if library not in LIBRARIES:
        raise ValueError(f"unknown library {library!r}; known: {', '.join(LIBRARIES)}")
    try:
        module = importlib.import_module(f"connectors.transport.stream_{library}")
    except ModuleNotFoundError as error:
        raise ImportError(f"{library} is not installed: install the extra 'fast'") from error
    return cast(Opener, module.connect)


#: Close codes with a name of their own in the counters.
_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1010, 1011, 1012, 1013, 1014)


def close_of(code: int, text: str, *, ours: bool) -> StreamClose:
    """Return the named end for a close code; `ours` when we found the fault, 1006 when lost."""
    if code == 1009:
        who = "a message over our limit" if ours else "the venue refused a message of ours"
        return StreamClose(
            "close_1009_configuration", code, f"configuration error: {who} ({text or 'no text'})"
        )
    if code in (0, 1005, 1006):
        return StreamClose("lost", 1006, text)
    if ours:
        return StreamClose("protocol_error", code, text)
    return StreamClose(f"close_{code}" if code in _CODES else "close_other", code, text)


def handshake_error(status: int, retry_after: str | None) -> StreamError:
    """Return the error for an HTTP status that refused the upgrade."""
    name = f"http_{status}" if status in (403, 418, 429) else "http_status"
    asked = retry_after.strip() if retry_after else ""
    seconds = float(asked[:6]) if asked.isascii() and asked.isdigit() else 0.0
    return StreamError(name, f"HTTP {status}", seconds)
