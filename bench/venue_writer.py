"""The venue of `bench live`: a process that writes recorded frames at a steady pace.

The frames are what the simulated Binance publishes for its two instruments: best quotes, trades
and 100 ms diffs, as many of each as its market makes. The market is run beforehand; a connection
gets the same frames each time, from the first one, and REST answers with the book before it.
"""

import base64
import contextlib
import hashlib
import socket
import threading
import time
from collections.abc import MutableSequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.connection import Connection as Pipe
from urllib.parse import parse_qs, urlsplit

from sim.feed.binance import BinanceFeed
from sim.market.scenario import CALM
from sim.market.world import World
from sim.wire import binance as wire

_STREAMS = tuple(
    f"{symbol}@{kind}"
    for symbol in ("btcusdt", "ethusdt")
    for kind in ("depth@100ms", "bookTicker", "trade")
)
_STEP_NS = 10_000_000
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CLOSE = b"\x88\x02\x03\xe8"
#: A client that has all frames leaves within this time.
_LEAVE_S_MAX = 30.0


class Script:
    """The frames of a connection, ready to be written, and the REST replies that fit to them."""

    def __init__(self, seed: int, frames: int) -> None:
        start_ns = time.time_ns() // _STEP_NS * _STEP_NS
        market = World(CALM, seed, start_ns)
        feed = BinanceFeed(market)
        self.replies = {
            "exchangeInfo": wire.exchange_info(feed.listings, start_ns),
            **{f"depth {symbol}": feed.snapshot(symbol, 1000) for symbol in feed.symbols},
        }
        self.frames: list[bytes] = []
        while len(self.frames) < frames:
            for frame in feed.publish(market.advance(market.now_ns + _STEP_NS), _STREAMS):
                self.frames.append(_text_frame(wire.combined(frame.channel, frame.payload)))
        del self.frames[frames:]

    def reply(self, target: str) -> bytes | None:
        """Return the body for a REST path, None where there is none."""
        parts = urlsplit(target)
        name = parts.path.rsplit("/", 1)[-1]
        if name == "time":
            return wire.server_time(time.time_ns())
        symbol = parse_qs(parts.query).get("symbol", [""])[0]
        return self.replies.get(f"{name} {symbol}" if name == "depth" else name)


def _text_frame(payload: bytes) -> bytes:
    """Return a WebSocket text frame, as a server writes it."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def serve(pipe: Pipe, stamps: MutableSequence[int], rate: int, seed: int) -> None:
    """Tell the ports (WebSocket, REST), then serve one connection for each word in the pipe.

    The word is how many frames are written in one go; 0 ends.
    `stamps[i]` is the monotonic time in ns right before frame `i` of a connection is written.
    """
    script = Script(seed, len(stamps))
    server = socket.create_server(("127.0.0.1", 0))
    rest = _rest_server(script)
    pipe.send((server.getsockname()[1], rest.server_address[1]))
    while burst := pipe.recv():
        peer, _ = server.accept()
        with peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _shake_hands(peer)
            _write(peer, script.frames, stamps, rate, burst)
            peer.settimeout(_LEAVE_S_MAX)
            while data := peer.recv(4096):
                if data[:1] == b"\x88":
                    peer.sendall(_CLOSE)
                    break
    rest.shutdown()
    server.close()


def _write(
    peer: socket.socket,
    frames: list[bytes],
    stamps: MutableSequence[int],
    rate: int,
    burst: int,
) -> None:
    """Write so many frames whenever that many are due; each is a write of its own."""
    clock = time.monotonic_ns
    period_ns = 10**9 * burst // rate
    due = clock()
    for i, frame in enumerate(frames):
        if i % burst == 0:
            while (early_ns := due - clock()) > 0:
                time.sleep(early_ns / 1e9)
            due += period_ns
        stamps[i] = clock()
        peer.sendall(frame)


def _shake_hands(peer: socket.socket) -> None:
    request = b""
    while b"\r\n\r\n" not in request:
        request += peer.recv(4096)
    lines = request.split(b"\r\n")
    key = next(line for line in lines if line.lower().startswith(b"sec-websocket-key"))
    token = key.split(b":", 1)[1].strip() + _GUID
    accept = base64.b64encode(hashlib.sha1(token, usedforsecurity=False).digest())
    peer.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def _rest_server(script: Script) -> HTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = script.reply(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            # A daemon that ends does not wait for what it asked for.
            with contextlib.suppress(ConnectionError):
                self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
