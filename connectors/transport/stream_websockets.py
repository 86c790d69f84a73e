"""The `websockets` library behind the Stream interface.

Its connection hands each message through a queue to a task; overriding the connection's own
event method delivers in the same call instead, and takes the stamp before any parsing. Plain
messages, which are nearly all, are taken out of the bytes before they reach the library, whose
parser takes longer over a frame than everything behind it.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any, cast

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websockets_connect
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State

from connectors.transport.dial import dial, endpoint, error_name, holding, system_tls
from connectors.transport.splitter import FrameSplitter
from connectors.transport.stream import (
    Listener,
    Stream,
    StreamClose,
    StreamError,
    StreamParameters,
    close_of,
    handshake_error,
)

_AGENT = "crossquote"
# Looked up once: members of an enumeration are slow to reach.
_TEXT, _BINARY, _CONT, _PING = Opcode.TEXT, Opcode.BINARY, Opcode.CONT, Opcode.PING
_OPEN = State.OPEN


class _PushConnection(ClientConnection):
    """A connection that tells a listener at once."""

    def __init__(
        self,
        protocol: ClientProtocol,
        listener: Listener,
        now_ns: Callable[[], int],
        parameters: StreamParameters,
        **kwargs: Any,
    ) -> None:
        super().__init__(protocol, **kwargs)
        self._listener = listener
        self._on_frame = listener.on_frame
        self._now_ns = now_ns
        self._parameters = parameters
        self._recv_ns = 0
        self._opened = False
        self._reported = False
        self._fragments = bytearray()
        self._splitter: FrameSplitter | None = None

    def data_received(self, data: bytes) -> None:
        """Stamp the bytes, then split or parse them."""
        self._recv_ns = self._now_ns()
        splitter = self._splitter
        if splitter is None:
            fresh = not self._opened
            if self._parse(data) and fresh:
                self._begin_to_split(data)
        elif self.protocol.state is _OPEN:
            splitter.split(data, self._recv_ns)
        else:
            self._splitter = None
            self._parse(splitter.release() + data)

    def _begin_to_split(self, data: bytes) -> None:
        """The handshake's reply is there: if it came whole, the frames' boundaries are known."""
        head, end, frames = data.partition(b"\r\n\r\n")
        splitter = FrameSplitter(self._on_frame, self._parse, self._parameters.message_bytes_max)
        if end and head.startswith(b"HTTP/") and splitter.follow(frames):
            self._splitter = splitter

    def _parse(self, data: bytes) -> bool:
        """Let the library parse bytes; returns whether the connection is open afterwards."""
        super().data_received(data)
        if not self._opened:
            return False
        if self.protocol.state is _OPEN:
            return True
        self._report(None)
        # The venue may never close its side: the socket does not outlive the limit.
        self.loop.call_later(self._parameters.close_s_max, self.transport.abort)
        return False

    def process_event(self, event: Event) -> None:
        """Deliver a message; the handshake's reply comes first and may bring frames with it."""
        if self.response is None:
            super().process_event(event)
            if self.protocol.handshake_exc is None:
                self._opened = True
                self._listener.on_open(_WebsocketsStream(self, self._parameters), self._recv_ns)
            return
        assert isinstance(event, Frame)
        opcode = event.opcode
        if opcode is _TEXT or opcode is _BINARY or opcode is _CONT:
            if event.fin and not self._fragments:
                self._on_frame(bytes(event.data), self._recv_ns)
            else:
                self._assemble(event)
        elif opcode is _PING:
            self._listener.on_ping(self._recv_ns)

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end, unless a close frame already did."""
        super().connection_lost(exc)
        if self._opened:
            self._report(exc)

    def _assemble(self, frame: Frame) -> None:
        """Join fragments; the library bounds their sum and sees to their order."""
        self._fragments += frame.data
        if frame.fin:
            whole, self._fragments = bytes(self._fragments), bytearray()
            self._on_frame(whole, self._recv_ns)

    def _report(self, exc: Exception | None) -> None:
        if self._reported:
            return
        self._reported = True
        self._listener.on_close(self._why(exc), self._now_ns())

    def _why(self, exc: Exception | None) -> StreamClose:
        sent, received = self.protocol.close_sent, self.protocol.close_rcvd
        if received is not None and (sent is None or self.protocol.close_rcvd_then_sent):
            return close_of(received.code, received.reason, ours=False)
        if sent is not None and sent.code != 1000:
            return close_of(sent.code, sent.reason, ours=True)
        if sent is not None:
            return StreamClose("close_1000", 1000, "closed by us")
        return close_of(1006, str(exc or "end of stream"), ours=False)


class _Connect(websockets_connect):
    """A redirect is an error: the venue's host is the one that was configured."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class _WebsocketsStream:
    """See Stream."""

    def __init__(self, connection: _PushConnection, parameters: StreamParameters) -> None:
        self._connection = connection
        self._parameters = parameters

    def send(self, data: bytes) -> None:
        """Write one text frame; the sans-I/O protocol makes it, without waiting."""
        connection = self._connection
        if connection.protocol.state is not _OPEN or connection.transport.is_closing():
            raise StreamError("not_open")
        if connection.transport.get_write_buffer_size() > self._parameters.write_bytes_max:
            raise StreamError("write_buffer_full")
        connection.protocol.send_text(data)
        connection.send_data()

    async def close(self) -> None:
        """Close with 1000 and wait, at most `close_s_max`."""
        connection = self._connection
        try:
            async with asyncio.timeout(self._parameters.close_s_max):
                await connection.close()
        except TimeoutError:
            pass
        finally:
            connection.transport.abort()
        await connection.wait_closed()


async def connect(
    url: str,
    listener: Listener,
    now_ns: Callable[[], int],
    parameters: StreamParameters,
    tls: ssl.SSLContext | None,
) -> Stream:
    """Open a connection; see connectors.transport.stream.Opener."""

    def create(protocol: ClientProtocol, **kwargs: Any) -> _PushConnection:
        return _PushConnection(protocol, listener, now_ns, parameters, **kwargs)

    host, port, _ = endpoint(url)
    try:
        async with asyncio.timeout(parameters.open_s_max):
            sock = await dial(host, port)
            stream = await holding(sock, _handshake(url, sock, create, parameters, tls))
    except TimeoutError as error:
        raise StreamError("open_timeout", f"{parameters.open_s_max} s") from error
    except InvalidStatus as error:
        response = error.response
        raise handshake_error(response.status_code, response.headers.get("Retry-After")) from error
    except (InvalidHandshake, ConnectionClosed) as error:
        raise StreamError("handshake", str(error)) from error
    except OSError as error:
        raise StreamError(error_name(error), str(error)) from error
    return stream


async def _handshake(
    url: str,
    sock: socket.socket,
    create: Callable[..., _PushConnection],
    parameters: StreamParameters,
    tls: ssl.SSLContext | None,
) -> Stream:
    """Shake hands over a socket that is connected."""
    connection = await _Connect(
        url,
        sock=sock,
        ssl=(tls or system_tls()) if endpoint(url)[2] else None,
        create_connection=cast(type[ClientConnection], create),
        compression=None,
        proxy=None,
        user_agent_header=_AGENT,
        open_timeout=None,
        ping_interval=None,
        close_timeout=parameters.close_s_max,
        max_size=parameters.message_bytes_max,
        write_limit=parameters.write_bytes_max,
    )
    return _WebsocketsStream(cast(_PushConnection, connection), parameters)
