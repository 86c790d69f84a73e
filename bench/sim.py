"""`crossquote bench sim`: what the simulated venues publish and match on one core.

A process serves a world of many symbols in real time; another one, on another core where there is
one, takes every stream of one venue on one connection and counts frames. The same run measures how
fast frames alone get out, through our writer and through aiohttp's, which it replaced, and what the
market costs by itself.
"""

import asyncio
import multiprocessing
import os
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from typing import Any

import uvloop
from aiohttp import web

from bench.recorded import BenchError
from bench.sim_market import run_market
from sim.children import uninterrupted
from sim.market.scenarios import crowd
from sim.market.world import World
from sim.server.binance import BinanceRules
from sim.server.client import Client
from sim.server.counts import Counts
from sim.server.framing import Framer
from sim.server.pump import wall_start_ns
from sim.server.world import SimulatedWorld

ROUNDS = 3
SECONDS = 5.0
SYMBOLS = 500
ORDERS_PER_S = 55_000
KINDS = ("bookTicker", "depth@100ms", "trade", "depth5@100ms", "depth10@100ms")
_FRAMES = 100_000
_PAYLOAD = (
    '{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21","a":"25.36520000"}' + " " * 60
)
_START_S_MAX = 120.0
_QUEUE_FRAMES = 65_536


def run_sim(rounds: int = ROUNDS) -> dict[str, Any]:
    """Measure in rounds; BenchError where the venue does not start."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=_serve, args=(theirs, rounds))
    with _running(server):
        figures = _follow(ours)
    return figures | {"writers": _writers(rounds), "market": run_market(rounds)}


@contextmanager
def _running(server: multiprocessing.Process) -> Iterator[None]:
    """Run a process beside the block; it is gone when the block is left."""
    with uninterrupted():
        server.start()
    try:
        yield
    finally:
        if server.is_alive():
            server.terminate()
        server.join()


def text(figures: dict[str, Any]) -> str:
    """Return the figures as lines for people."""
    writers = figures["writers"]
    spread = f"{figures['frames_low']:.0f} to {figures['frames_high']:.0f}"
    slipped = f"clock slipped {figures['slipped_ms']:.0f} ms"
    whole = (
        f"{figures['frames_per_cpu_second']:.0f} frames and"
        f" {figures['orders_per_cpu_second']:.0f} orders"
    )
    rows = (f"{name} {rate:.0f}" for name, rate in writers["frames_per_cpu_second"].items())
    return "\n".join(
        (
            f"{figures['symbols']} symbols a venue, one client of one venue, server on one core",
            f"  frames {figures['frames_per_second']:.0f}/s ({spread})",
            f"  received by the client {figures['received_per_second']:.0f}/s",
            f"  orders {figures['orders_per_second']:.0f}/s generated and matched",
            f"  for a second of CPU {whole}",
            f"  cpu {figures['cpu_share']:.2f} of the core; {slipped}",
            f"  slow clients {figures['slow_clients']}",
            f"frames a second of CPU, written alone: {', '.join(rows)}",
        )
    )


# --- the world --------------------------------------------------------------------------------


def _serve(pipe: Pipe, rounds: int) -> None:
    """Serve in a process of its own, on the first core it may use."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    uvloop.run(_served(pipe, rounds))


async def _served(pipe: Pipe, rounds: int) -> None:
    market = World(crowd(SYMBOLS, ORDERS_PER_S / SYMBOLS / 2), 1, wall_start_ns())
    rules = BinanceRules(streams=10_000, messages_per_s=1000, queue_frames=_QUEUE_FRAMES)
    async with SimulatedWorld(market=market, binance_rules=rules) as world:
        symbols = [listing.id for listing in market.listings if listing.venue == "BINANCE"]
        pipe.send((world.binance.port, [name.split(".")[0].replace("-", "") for name in symbols]))
        while not world.binance.counts.frames:
            await asyncio.sleep(0.01)
        await asyncio.sleep(2.0)
        rows = [await _window(world, market) for _ in range(rounds)]
        pipe.send(rows)
        await asyncio.to_thread(pipe.recv)


async def _window(world: SimulatedWorld, market: World) -> dict[str, float]:
    counts = world.binance.counts
    frames, orders, slipped = counts.frames, market.orders, world.slipped_ns
    cpu_s, wall_s = time.process_time(), time.monotonic()
    await asyncio.sleep(SECONDS)
    cpu_s, wall_s = time.process_time() - cpu_s, time.monotonic() - wall_s
    return {
        "frames": (counts.frames - frames) / wall_s,
        "orders": (market.orders - orders) / wall_s,
        "cpu": cpu_s / wall_s,
        "slipped_ms": (world.slipped_ns - slipped) / 1e6,
        "slow": counts.slow_clients,
    }


def _follow(pipe: Pipe) -> dict[str, Any]:
    """Take every stream until the server has measured; returns the figures."""
    if not pipe.poll(_START_S_MAX):
        raise BenchError("the simulated venue did not start")
    port, symbols = pipe.recv()
    streams = [f"{symbol.lower()}@{kind}" for symbol in symbols for kind in KINDS]
    with socket.create_connection(("127.0.0.1", port)) as peer:
        _shake_hands(peer, "/ws")
        for at in range(0, len(streams), 500):
            _send_text(peer, _subscribe(streams[at : at + 500], at))
        counter = _FrameCounter()
        begun_s, first = time.monotonic(), 0
        while not pipe.poll(0):
            counter.feed(peer.recv(1 << 20))
            if not first and time.monotonic() - begun_s > 2.0:
                begun_s, first = time.monotonic(), counter.frames
        received = (counter.frames - first) / (time.monotonic() - begun_s)
        rows = pipe.recv()
    pipe.send(0)

    def median(key: str) -> float:
        return float(statistics.median(row[key] for row in rows))

    frames = [row["frames"] for row in rows]
    cpu = median("cpu")
    return {
        "symbols": len(symbols),
        "rounds": len(rows),
        "seconds_a_round": SECONDS,
        "frames_per_second": round(median("frames")),
        "frames_low": round(min(frames)),
        "frames_high": round(max(frames)),
        "received_per_second": round(received),
        "orders_per_second": round(median("orders")),
        "cpu_share": round(cpu, 3),
        # What a whole core would do: on a busy machine the server gets less than one.
        "frames_per_cpu_second": round(median("frames") / cpu),
        "orders_per_cpu_second": round(median("orders") / cpu),
        "slipped_ms": round(sum(row["slipped_ms"] for row in rows), 1),
        "slow_clients": int(rows[-1]["slow"]),
    }


class _FrameCounter:
    """Counts the frames in a stream of bytes from a server."""

    def __init__(self) -> None:
        self._rest = b""
        self.frames = 0

    def feed(self, data: bytes) -> None:
        if not data:
            raise BenchError("the simulated venue closed the connection")
        data = self._rest + data
        at, size = 0, len(data)
        while at + 2 <= size:
            length, head = data[at + 1], 2
            if length == 126:
                length, head = int.from_bytes(data[at + 2 : at + 4], "big"), 4
            elif length == 127:
                length, head = int.from_bytes(data[at + 2 : at + 10], "big"), 10
            if at + head + length > size:
                break
            at += head + length
            self.frames += 1
        self._rest = data[at:]


def _shake_hands(peer: socket.socket, path: str, *, deflate: bool = False) -> None:
    offer = b"Sec-WebSocket-Extensions: permessage-deflate\r\n" if deflate else b""
    peer.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n".encode()
        + offer
        + b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        + b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += peer.recv(1)  # not a byte of the first frame


def _subscribe(names: list[str], number: int) -> bytes:
    quoted = ",".join(f'"{name}"' for name in names)
    return f'{{"method":"SUBSCRIBE","params":[{quoted}],"id":{number}}}'.encode()


def _send_text(peer: socket.socket, payload: bytes) -> None:
    """Send one masked text frame; a mask of zeros leaves the payload as it is."""
    peer.sendall(b"\x81\xfe" + len(payload).to_bytes(2, "big") + bytes(4) + payload)


# --- the writers alone ------------------------------------------------------------------------


def _writers(rounds: int) -> dict[str, Any]:
    """Return frames a second of CPU of the serving process, for each writer in turn."""
    names = ("ours", "aiohttp", "ours, deflate offered", "aiohttp, deflate offered")
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, rates in found.items():
            ours, theirs = multiprocessing.Pipe()
            server = multiprocessing.Process(target=_write_only, args=(theirs, name))
            with _running(server):
                port = ours.recv()
                with socket.create_connection(("127.0.0.1", port)) as peer:
                    _shake_hands(peer, "/", deflate="deflate" in name)
                    counter = _FrameCounter()
                    while counter.frames < _FRAMES:
                        counter.feed(peer.recv(1 << 20))
                rates.append(_FRAMES / ours.recv())
    return {
        "frames": _FRAMES,
        "frames_per_cpu_second": {
            name: round(statistics.median(rates)) for name, rates in found.items()
        },
    }


def _write_only(pipe: Pipe, name: str) -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    uvloop.run(_written(pipe, name))


async def _written(pipe: Pipe, name: str) -> None:
    done = asyncio.Event()

    async def serve(request: web.Request) -> web.WebSocketResponse:
        peer = web.WebSocketResponse()
        writer = await peer.prepare(request)
        assert request.transport is not None
        texts = [f"{_PAYLOAD}{number % 100}" for number in range(_FRAMES)]
        cpu_s = time.process_time()
        if name.startswith("aiohttp"):
            for text in texts:
                await peer.send_str(text)
        else:
            client = Client(
                peer, request.transport, Counts(), _FRAMES, writer=writer, framer=Framer()
            )
            writing = asyncio.create_task(client.write())
            for number, text in enumerate(texts):
                client.send(text)
                if not number % 200:
                    await asyncio.sleep(0)
            while client.queued:
                await asyncio.sleep(0)
            writing.cancel()
        pipe.send(time.process_time() - cpu_s)
        done.set()
        return peer

    app = web.Application()
    app.router.add_get("/", serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pipe.send(runner.addresses[0][1])
    await done.wait()
    await runner.cleanup()
