"""Serving recordings until interrupted: what is printed, and for how long."""

import asyncio
import contextlib
import json
import signal
import sys
from fractions import Fraction
from typing import Any

from cli.sim_serve import Serving
from sim.serve.player import Player
from sim.serve.server import RecordedServer
from sim.serve.source import ServeError, parse_sources
from sim.server.tls import CERTIFICATE, server_context


async def serve_recordings(serving: Serving) -> int:
    """Serve until a signal or the time is up; returns 0, 2 for what cannot be served."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        tls = server_context(serving.tls) if serving.tls else None
        sources = parse_sources(list(serving.recordings))
        player = Player(sources, None if serving.speed == "max" else Fraction(serving.speed))
        player.scan()
    except (ServeError, OSError, ValueError) as error:
        return _refuse(str(error))
    for server in player.servers.values():
        server.tls = tls
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(player.stop)
        try:
            await player.start(serving.ports)
        except OSError as error:
            return _refuse(f"--binance-port, --coinbase-port: {error.strerror or error}")
        _tell(serving, player)
        if serving.seconds is not None:
            loop.call_later(serving.seconds, stopped.set)
        playing = asyncio.create_task(player.run())
        stack.callback(playing.cancel)
        stopping = asyncio.create_task(stopped.wait())
        stack.callback(stopping.cancel)
        await asyncio.wait([playing, stopping], return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            playing.result()
            _tell_end(serving, player)
            # Whoever follows may look at the books for as long as it likes.
            await stopping
    return 0


def urls_of(venue: str, server: RecordedServer) -> dict[str, str]:
    """Return where a recorded venue is, as base addresses that clients take."""
    if venue.startswith("binance"):
        return {"rest": f"{server.http_url}/api/v3", "ws": f"{server.ws_url}/stream"}
    path = "/api/v3/brokerage" if venue == "coinbase" else ""
    return {"rest": f"{server.http_url}{path}", "ws": server.ws_url}


def _tell(serving: Serving, player: Player) -> None:
    urls = {venue: urls_of(venue, server) for venue, server in player.servers.items()}
    certificate = str((serving.tls / CERTIFICATE).absolute()) if serving.tls else ""
    if serving.as_json:
        told: dict[str, Any] = dict(urls)
        told |= {"inputs": {v: s.inputs for v, s in player.servers.items()}}
        print(json.dumps(told | {"certificate": certificate}), flush=True)
        return
    for venue, url in urls.items():
        server = player.servers[venue]
        length_s = (server.last_ns - server.first_ns) / 1e9
        print(
            f"{venue}: REST {url['rest']}, WebSocket {url['ws']}:"
            f" {server.inputs} inputs of {length_s:.1f} s"
        )
    if certificate:
        print(f"certificate: {certificate} (SSL_CERT_FILE={certificate})")
    print("playing begins when a client has subscribed", flush=True)


def _tell_end(serving: Serving, player: Player) -> None:
    if serving.as_json:
        print(json.dumps({"played": player.played}), flush=True)
    else:
        print(f"played {player.played} inputs; books stay as they are until Ctrl-C", flush=True)


def _refuse(message: str) -> int:
    print(f"crossquote sim: {message}", file=sys.stderr)
    return 2
