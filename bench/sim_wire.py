"""The simulated Binance on the wire: frames a second to one client while its market is busy.

The venues are a process of one thread; the client, here, is a bare receive loop that counts whole
frames. What the server cannot send it is behind with: `behind_ms` says how far its market was
behind the clock at the end.
"""

import asyncio
import base64
import multiprocessing
import os
import socket
import statistics
import time
from dataclasses import replace
from multiprocessing.connection import Connection as Pipe
from typing import Any

import orjson
import uvloop

from bench.recorded import BenchError
from sim.market.listing import BINANCE
from sim.market.scenario import CALM
from sim.market.scenarios import crowd
from sim.market.spec import WorldSpec
from sim.market.world import World
from sim.server.pump import wall_start_ns
from sim.server.world import SimulatedWorld

SYMBOLS = 340  # three streams of each are just below what one connection may have
_STREAMS = ("depth@100ms", "bookTicker", "trade")
_SETTLE_S = 2.0
_START_S_MAX = 60.0


def _spec(orders_per_s: int) -> WorldSpec:
    """Return a world with all the flow on Binance, and the usual Coinbase beside it."""
    busy = crowd(SYMBOLS, orders_per_s / SYMBOLS)
    flows = tuple(flow for flow in busy.flows if flow.listing.venue == BINANCE)
    quiet = tuple(flow for flow in CALM.flows if flow.listing.venue != BINANCE)
    return replace(busy, assets=busy.assets + CALM.assets, flows=flows + quiet)


def _serve(pipe: Pipe, orders_per_s: int) -> None:
    uvloop.run(_served(pipe, orders_per_s))


async def _served(pipe: Pipe, orders_per_s: int) -> None:
    """Serve until told to end; each word in the pipe is answered with (CPU ns, orders, lag ns)."""
    market = World(_spec(orders_per_s), 1, wall_start_ns())
    world = SimulatedWorld(market=market)
    ended = asyncio.Event()
    first_ns = market.now_ns

    def answer() -> None:
        if not pipe.recv():
            ended.set()
            return
        behind_ns = time.monotonic_ns() - started_ns - (market.now_ns - first_ns)
        pipe.send((time.process_time_ns(), market.orders, behind_ns))

    async with world:
        started_ns = time.monotonic_ns()
        asyncio.get_running_loop().add_reader(pipe.fileno(), answer)
        names = [f"{listing.base}{listing.quote}".lower() for listing in market.listings]
        pipe.send((world.binance.port, names[:SYMBOLS]))
        await ended.wait()


class _Client:
    """A socket that has subscribed, and counts the frames that arrive."""

    def __init__(self, port: int, names: list[str]) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET /stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._data = bytearray()
        while b"\r\n\r\n" not in self._data:
            self._data += self._socket.recv(4096)
        del self._data[: self._data.index(b"\r\n\r\n") + 4]
        params = [f"{name}@{stream}" for name in names for stream in _STREAMS]
        request = orjson.dumps({"method": "SUBSCRIBE", "params": params, "id": 1})
        # A mask of zeros leaves the payload as it is.
        size = len(request).to_bytes(2, "big")
        self._socket.sendall(b"\x81\xfe" + size + bytes(4) + request)

    def count(self, seconds: float) -> tuple[int, int]:
        """Read for a time; returns (frames, bytes)."""
        frames = received = 0
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            chunk = self._socket.recv(1 << 18)
            if not chunk:
                raise BenchError("the venue took us for a slow client: the machine is too busy")
            received += len(chunk)
            self._data += chunk
            frames += self._whole()
        return frames, received

    def close(self) -> None:
        """Leave without a word."""
        self._socket.close()

    def _whole(self) -> int:
        """Drop the whole frames that have arrived and return their number."""
        data, at, frames = self._data, 0, 0
        have = len(data)
        while at + 2 <= have:
            size, head = data[at + 1] & 127, 2
            if size == 126:
                head = 4
            elif size == 127:
                head = 10
            if at + head > have:
                break
            if head > 2:
                size = int.from_bytes(data[at + 2 : at + head], "big")
            if at + head + size > have:
                break
            at += head + size
            frames += 1
        del data[:at]
        return frames


def run_wire(orders_per_s: int = 50_000, rounds: int = 5, seconds: float = 2.0) -> dict[str, Any]:
    """Measure; medians over the rounds, one after another on one connection. Raises BenchError."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, orders_per_s), daemon=True)
    process.start()
    try:
        if not ours.poll(_START_S_MAX):
            raise BenchError("the simulated venues did not start")
        port, names = ours.recv()
        client = _Client(port, names)
        client.count(_SETTLE_S)
        rows = [_round(ours, client, seconds) for _ in range(rounds)]
        client.close()
        ours.send(0)
        process.join(_START_S_MAX)
    finally:
        process.kill()
    figures: dict[str, Any] = {"symbols": SYMBOLS, "rounds": rounds, "seconds": seconds}
    for name in rows[0]:
        values = [row[name] for row in rows]
        figures[name] = round(statistics.median(values), 3)
        figures[f"{name}_low"], figures[f"{name}_high"] = (
            round(min(values), 3),
            round(max(values), 3),
        )
    return figures


def _round(pipe: Pipe, client: _Client, seconds: float) -> dict[str, float]:
    before = _ask(pipe)
    started = time.monotonic()
    frames, received = client.count(seconds)
    passed = time.monotonic() - started
    after = _ask(pipe)
    return {
        "frames_per_second": frames / passed,
        "megabytes_per_second": received / passed / 1e6,
        "orders_per_second": (after[1] - before[1]) / passed,
        "cpu_share": (after[0] - before[0]) / passed / 1e9,
        "behind_ms": after[2] / 1e6,
    }


def _ask(pipe: Pipe) -> tuple[int, int, int]:
    pipe.send(1)
    if not pipe.poll(_START_S_MAX):
        raise BenchError("the simulated venues did not answer")
    answer: tuple[int, int, int] = pipe.recv()
    return answer
