"""The `picows` library (extra `fast`) behind the Stream interface.

It parses in compiled code and calls back for every frame; fragments, pings and the close
handshake are ours to handle.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

import picows
from picows import WSCloseCode, WSFrame, WSMsgType, WSTransport

from connectors.transport.dial import dial, endpoint, error_name, holding, system_tls
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
# Looked up once: a member of an enumeration costs as much as the rest of a frame's checks.
_CONTINUATION, _PING, _PONG = WSMsgType.CONTINUATION, WSMsgType.PING, WSMsgType.PONG
_CLOSE = WSMsgType.CLOSE


class _PicowsStream(picows.WSListener):
    """Listener of the library and Stream in one, for the hot path's sake."""

    def __init__(
        self, listener: Listener, now_ns: Callable[[], int], parameters: StreamParameters
    ) -> None:
        super().__init__()
        self._listener = listener
        self._on_frame = listener.on_frame
        self._now_ns = now_ns
        self._parameters = parameters
        self._transport: WSTransport | None = None
        self._batch_ns = 0
        self._fragments: bytearray | None = None
        self._end: StreamClose | None = None
        self._reported = False
        self._closing = False

    @property
    def opened(self) -> bool:
        """Whether the handshake was ever done."""
        return self._transport is not None

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the transport and tell."""
        self._transport = transport
        self._listener.on_open(self, self._now_ns())

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Deliver a frame. All frames of one read carry the stamp of its first."""
        recv_ns = self._batch_ns or self._now_ns()
        self._batch_ns = 0 if frame.last_in_buffer else recv_ns
        kind = frame.msg_type
        if self._end is not None or (transport.is_close_frame_sent and kind is not _CLOSE):
            return  # the library goes on parsing after a fault it found, the oversized frame first
        if kind is _PING:
            transport.send_pong(frame.get_payload_as_bytes())
            self._listener.on_ping(recv_ns)
        elif kind is _CLOSE:
            self._answer_close(transport, frame.get_payload_as_bytes())
        elif kind is _PONG:
            pass
        elif frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._fail(transport, WSCloseCode.PROTOCOL_ERROR, "reserved bits, never agreed on")
        elif frame.fin and self._fragments is None and kind is not _CONTINUATION:
            self._on_frame(frame.get_payload_as_bytes(), recv_ns)
        else:
            self._assemble(transport, frame, recv_ns)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Report the end; a fault that the library found stands in its close handshake."""
        if self._end is None:
            self._end = self._fault(transport)
        if self._end is None and self._closing:
            self._end = StreamClose("close_1000", 1000, "closed by us")
        elif self._end is None:
            self._end = close_of(1006, "end of stream", ours=False)
        self._report()

    def _fault(self, transport: WSTransport) -> StreamClose | None:
        """Return the fault for which the library closes, None where it found none."""
        handshake = transport.close_handshake
        sent = handshake.sent if handshake is not None else None
        if sent is None or self._closing:
            return None
        return close_of(sent.code.value, sent.reason, ours=True)

    def pause_writing(self) -> None:
        """The limit of the write buffer is checked when sending."""

    def resume_writing(self) -> None:
        """See pause_writing."""

    def send(self, data: bytes) -> None:
        """Write one text frame at once."""
        transport = self._transport
        if transport is None or transport.is_disconnected or transport.is_close_frame_sent:
            raise StreamError("not_open")
        if self._end is not None or transport.underlying_transport.is_closing():
            raise StreamError("not_open")
        waiting = transport.underlying_transport.get_write_buffer_size()
        if waiting > self._parameters.write_bytes_max:
            raise StreamError("write_buffer_full")
        transport.send(WSMsgType.TEXT, data)

    async def close(self) -> None:
        """Close with 1000 and wait, at most `close_s_max`."""
        transport = self._transport
        assert transport is not None, "closed before it was open"
        if not self._closing and not transport.is_disconnected:
            self._closing = True
            if self._end is None and not transport.is_close_frame_sent:
                transport.send_close(WSCloseCode.OK)
        try:
            async with asyncio.timeout(self._parameters.close_s_max):
                await self._gone(transport)
        except TimeoutError:
            pass
        finally:
            transport.disconnect(graceful=False)
        await self._gone(transport)

    async def _gone(self, transport: WSTransport) -> None:
        # A fault found by the library is raised here; it was reported by name already.
        with contextlib.suppress(picows.WSProtocolError):
            await transport.wait_disconnected()

    def _answer_close(self, transport: WSTransport, payload: bytes) -> None:
        """Echo the venue's close code; the reading side is over."""
        code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
        text = payload[2:].decode(errors="replace")
        if self._closing:
            self._end = StreamClose("close_1000", 1000, "closed by us")
        elif transport.is_close_frame_sent:
            # An answer to ours, whatever code it has: some answer any with 1000.
            self._end = self._fault(transport)
        else:
            self._end = close_of(code, text, ours=False)
            transport.send(WSMsgType.CLOSE, payload[:2])
        transport.disconnect()
        self._report()

    def _assemble(self, transport: WSTransport, frame: WSFrame, recv_ns: int) -> None:
        """Join fragments within the limit of a message."""
        first = frame.msg_type is not _CONTINUATION
        if first != (self._fragments is None):
            self._fail(transport, WSCloseCode.PROTOCOL_ERROR, "fragments out of order")
            return
        fragments = bytearray() if self._fragments is None else self._fragments
        if len(fragments) + frame.payload_size > self._parameters.message_bytes_max:
            self._fail(transport, WSCloseCode.MESSAGE_TOO_BIG, "fragments over the limit")
            return
        fragments += frame.get_payload_as_memoryview()
        self._fragments = None if frame.fin else fragments
        if frame.fin:
            self._on_frame(bytes(fragments), recv_ns)

    def _fail(self, transport: WSTransport, code: WSCloseCode, text: str) -> None:
        self._end = close_of(code.value, text, ours=True)
        transport.send_close(code, text.encode())
        transport.disconnect()
        self._report()

    def _report(self) -> None:
        if not self._reported and self._end is not None:
            self._reported = True
            self._listener.on_close(self._end, self._now_ns())


async def connect(
    url: str,
    listener: Listener,
    now_ns: Callable[[], int],
    parameters: StreamParameters,
    tls: ssl.SSLContext | None,
) -> Stream:
    """Open a connection; see connectors.transport.stream.Opener."""
    host, port, secure = endpoint(url)
    context = (tls or system_tls()) if secure else None
    stream = _PicowsStream(listener, now_ns, parameters)
    try:
        async with asyncio.timeout(parameters.open_s_max):
            sock = await dial(host, port)
            await _handshake(url, sock, stream, parameters, context)
    except TimeoutError as error:
        raise StreamError("open_timeout", f"{parameters.open_s_max} s") from error
    except picows.WSHandshakeError as error:
        response = error.response
        if response is not None and int(response.status) != 101:
            refusal = handshake_error(int(response.status), response.headers.get("Retry-After"))
            raise refusal from error
        raise StreamError("handshake", str(error)) from error
    except OSError as error:
        raise StreamError(error_name(error), str(error)) from error
    return stream


async def _handshake(
    url: str,
    sock: socket.socket,
    stream: _PicowsStream,
    parameters: StreamParameters,
    context: ssl.SSLContext | None,
) -> None:
    """Shake hands over a socket that is connected."""
    await holding(
        sock,
        picows.ws_connect(
            lambda: stream,
            url,
            ssl_context=context,
            websocket_handshake_timeout=parameters.open_s_max,
            enable_auto_pong=False,
            max_frame_size=parameters.message_bytes_max,
            extra_headers={"User-Agent": _AGENT},
            max_redirects=0,
            socket_factory=lambda _: sock,
            server_hostname=endpoint(url)[0] if context is not None else None,
        ),
    )
    if not stream.opened:
        raise StreamError("lost", "closed during the handshake")
