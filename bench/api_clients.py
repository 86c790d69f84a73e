"""Clients of the stream in a process of their own: they read, count, and do nothing else.

What a client does with a message is its own affair, so these parse no JSON: they count messages by
the heads of their frames. One that is told not to read stays connected.
"""

import asyncio
import base64
import os
from functools import partial
from multiprocessing.connection import Connection as Pipe

import orjson

_MASK = b"\0\0\0\0"


class _Client(asyncio.Protocol):
    """Subscribes to everything and counts."""

    def __init__(self, ready: asyncio.Event, reads: bool) -> None:
        self.messages = self.bytes = 0
        self.lost = False
        self._ready = ready
        self._reads = reads
        self._held = b""
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Shake hands."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(handshake())

    def data_received(self, data: bytes) -> None:
        """Count whole messages."""
        self.bytes += len(data)
        self._held += data
        if not self._open:
            head, end, self._held = self._held.partition(b"\r\n\r\n")
            if not end:
                self._held = head
                return
            self._open = True
            self._subscribe()
        at = 0
        while (size := _frame_size(self._held, at)) and at + size <= len(self._held):
            at += size
            self.messages += 1
        self._held = self._held[at:]

    def _subscribe(self) -> None:
        self._transport.write(subscription("quotes", "books", "trades"))
        if not self._reads:
            self._transport.pause_reading()
        self._ready.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Note that it is over."""
        self.lost = True
        self._ready.set()


def handshake() -> bytes:
    """Return the request that opens the stream."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = (
        "GET /v1/stream HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
    )
    return "\r\n".join((*lines, "", "")).encode()


def subscription(*channels: str) -> bytes:
    """Return a frame that subscribes to all of some channels."""
    question = orjson.dumps({"op": "subscribe", "channels": channels})
    return bytes((0x81, 0x80 | len(question))) + _MASK + question


def _frame_size(data: bytes, at: int) -> int:
    """Return the size of the frame that begins here, 0 where its head is not all there."""
    if len(data) < at + 2:
        return 0
    size = data[at + 1] & 0x7F
    if size < 126:
        return 2 + size
    width = 2 if size == 126 else 8
    head = data[at + 2 : at + 2 + width]
    return 2 + width + int.from_bytes(head, "big") if len(head) == width else 0


def serve(pipe: Pipe) -> None:
    """For each (port, clients, of them deaf) in the pipe: connect, say so, end at the next word.

    Then what was received is sent back: (messages, bytes, lost clients). None ends the process.
    """
    while (given := pipe.recv()) is not None:
        asyncio.run(_run(pipe, *given))


async def _run(pipe: Pipe, port: int, count: int, deaf: int) -> None:
    loop = asyncio.get_running_loop()
    clients = []
    for number in range(count):
        ready = asyncio.Event()
        make = partial(_Client, ready, number >= deaf)
        _, client = await loop.create_connection(make, "127.0.0.1", port)
        await ready.wait()
        clients.append(client)
    pipe.send("ready")
    over = asyncio.Event()
    loop.add_reader(pipe.fileno(), over.set)
    await over.wait()
    loop.remove_reader(pipe.fileno())
    pipe.recv()
    pipe.send(
        (
            sum(one.messages for one in clients),
            sum(one.bytes for one in clients),
            sum(one.lost for one in clients),
        )
    )
