"""Processor time a frame of each transport library, beside a bare receive loop.

    python -m bench.live_transport [--rate 10000] [--seconds 3] [--rounds 5] [--loop uvloop]

A server process writes text frames of about 300 bytes at a steady rate over loopback. Each round
measures every contender once, one after another, so that the machine's moods meet all alike:

- `bare`: recv_into on a blocking socket and a frame parser of a dozen lines; nothing else;
- `<library>`: the library behind the Stream interface, with a listener that counts;
- `<library>+epoch`: the same under a supervised connection, which makes an Input of each frame.

Printed: the median over rounds of processor time a frame (this process only), of the frames a
second that arrived, and of the 50th and 99th percentile of delay since the server's write.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import multiprocessing
import os
import random
import socket
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe

import uvloop

from connectors.transport.clock import StampClock
from connectors.transport.connection import Connection, Edge
from connectors.transport.counters import Counters
from connectors.transport.limits import limits, pacers_for, parameters_for
from connectors.transport.stream import LIBRARIES, Stream, StreamClose, StreamParameters, opener
from market.inputs import Input, InputKind

_BODY = b'"e":"depthUpdate","s":"BTCUSDT","U":157,"u":160,"b":' + b'["68000.10","0.01"],' * 11
_TICK_S = 0.001


def _frame(stamp_ns: int) -> bytes:
    """A text frame whose payload begins with the time of its writing."""
    payload = b"%020d%s" % (stamp_ns, _BODY)
    return b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload


def _serve(pipe: Pipe, rate: int, seconds: float) -> None:
    """Answer one handshake after another and send frames in millisecond ticks."""
    server = socket.create_server(("127.0.0.1", 0))
    pipe.send(server.getsockname()[1])
    while pipe.recv():
        peer, _ = server.accept()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = b""
        while b"\r\n\r\n" not in request:
            request += peer.recv(4096)
        line = next(x for x in request.split(b"\r\n") if x.lower().startswith(b"sec-websocket-key"))
        token = line.split(b":", 1)[1].strip() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(token, usedforsecurity=False).digest())
        peer.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        started = time.monotonic()
        sent, total = 0, round(rate * seconds)
        while sent < total:
            due = min(total, round((time.monotonic() - started) * rate))
            # One write a frame: a venue does not gather frames into segments for us.
            for _ in range(due - sent):
                peer.sendall(_frame(time.monotonic_ns()))
            sent = max(sent, due)
            time.sleep(_TICK_S)
        peer.sendall(b"\x88\x02\x03\xe8")
        peer.close()


class _Tally:
    """What one run saw."""

    def __init__(self) -> None:
        self.delays_ns: list[int] = []
        self.ended = asyncio.Event()

    def on_open(self, stream: Stream, recv_ns: int) -> None:
        """Nothing to do."""

    def on_frame(self, data: bytes, recv_ns: int) -> None:  # noqa: ARG002
        """Note the delay since the write."""
        self.delays_ns.append(time.monotonic_ns() - int(data[:20]))

    def on_ping(self, recv_ns: int) -> None:
        """The server does not ping."""

    def on_close(self, close: StreamClose, recv_ns: int) -> None:  # noqa: ARG002
        """The server has sent everything."""
        self.ended.set()


def _bare(url: str) -> list[int]:
    """Receive with as little as Python allows."""
    delays: list[int] = []
    host, port = url.removeprefix("ws://").split(":")
    with socket.create_connection((host, int(port))) as peer:
        key = base64.b64encode(os.urandom(16))
        peer.sendall(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n"
        )
        held = b""
        while b"\r\n\r\n" not in held:
            held += peer.recv(4096)
        held = held.partition(b"\r\n\r\n")[2]
        while True:
            at = 0
            while len(held) - at >= 4 and held[at] == 0x81:
                end = at + 4 + int.from_bytes(held[at + 2 : at + 4], "big")
                if end > len(held):
                    break
                delays.append(time.monotonic_ns() - int(held[at + 4 : at + 24]))
                at = end
            held = held[at:]
            if held[:1] == b"\x88":
                return delays
            held += peer.recv(262_144)


async def _stream(library: str, url: str) -> list[int]:
    tally = _Tally()
    clock = StampClock()
    stream = await opener(library)(url, tally, clock.now_ns, StreamParameters(), None)
    await tally.ended.wait()
    await stream.close()
    return tally.delays_ns


async def _supervised(library: str, url: str) -> list[int]:
    delays: list[int] = []
    ended = asyncio.Event()
    clock = StampClock()
    rules = limits("binance")

    def sink(item: Input) -> None:
        if item.kind is InputKind.FRAME:
            delays.append(time.monotonic_ns() - int(item.data[:20]))
        elif item.kind is InputKind.CLOSE:
            ended.set()

    connection = Connection(
        venue="binance",
        name="binance.ws.1",
        url=url,
        sink=sink,
        edge=Edge(opener(library), clock, Counters(), random.Random(1)),  # noqa: S311
        pacers=pacers_for(rules, clock),
        parameters=parameters_for(rules),
    )
    task = asyncio.ensure_future(connection.run())
    await ended.wait()
    task.cancel()
    await asyncio.wait({task})
    return delays


def _measure(run: Callable[[str], list[int]], url: str, pipe: Pipe) -> dict[str, float]:
    """Run once; processor time of this process, all threads."""
    pipe.send(True)
    cpu_s, wall_s = time.process_time(), time.monotonic()
    delays = sorted(run(url))
    cpu_s, wall_s = time.process_time() - cpu_s, time.monotonic() - wall_s
    return {
        "cpu_us_per_frame": cpu_s / len(delays) * 1e6,
        "frames_per_second": len(delays) / wall_s,
        "delay_p50_us": delays[len(delays) // 2] / 1e3,
        "delay_p99_us": delays[len(delays) * 99 // 100] / 1e3,
    }


def main() -> None:
    """Measure and print one JSON object a contender."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    options = parser.parse_args()
    factory = uvloop.new_event_loop if options.loop == "uvloop" else asyncio.new_event_loop

    def on_loop(kind: str, library: str) -> Callable[[str], list[int]]:
        work = _stream if kind == "stream" else _supervised

        def run(url: str) -> list[int]:
            with asyncio.Runner(loop_factory=factory) as runner:
                return runner.run(work(library, url))

        return run

    contenders: dict[str, Callable[[str], list[int]]] = {"bare": _bare}
    for library in LIBRARIES:
        contenders[library] = on_loop("stream", library)
        contenders[f"{library}+epoch"] = on_loop("epoch", library)
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=_serve, args=(theirs, options.rate, options.seconds))
    server.start()
    url = f"ws://127.0.0.1:{ours.recv()}"
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    for _ in range(options.rounds):
        for name, run in contenders.items():
            rounds[name].append(_measure(run, url, ours))
    ours.send(False)
    server.join()
    for name, results in rounds.items():
        line: dict[str, str | float] = {"contender": name}
        for key in results[0]:
            values = [result[key] for result in results]
            line[key] = round(statistics.median(values), 2)
        spread = [result["cpu_us_per_frame"] for result in results]
        line["cpu_least"], line["cpu_most"] = round(min(spread), 2), round(max(spread), 2)
        print(json.dumps(line))


if __name__ == "__main__":
    main()
