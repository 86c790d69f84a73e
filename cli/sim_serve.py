"""Serving the simulated venues until interrupted: what is printed, and the control door."""

import asyncio
import contextlib
import json
import signal
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from api.errors import DoorError
from api.world_door import WorldDoor
from cli.settings.model import SimAccount
from sim.market.scenario import ACTIVE_FEES
from sim.server.control import WorldControl
from sim.server.demo import CDP_KEY, demo_keys, demo_private_pem
from sim.server.keys import ApiKey
from sim.server.tls import CERTIFICATE, server_context
from sim.server.world import SimulatedWorld


@dataclass(frozen=True, slots=True)
class Serving:
    """What is served, and how; `speed` is decimal text, or `max` for recordings."""

    seed: int
    scenario: str
    speed: str
    ports: dict[str, int]
    accounts: tuple[SimAccount, ...]
    tls: Path | None
    socket: Path
    socket_needed: bool
    seconds: float | None
    recordings: tuple[str, ...]
    symbols: int
    as_json: bool


async def serve(serving: Serving) -> int:
    """Serve until a signal or the time is up; returns 0, 1 when it failed, 2 for wrong usage."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    if serving.seconds is not None:
        loop.call_later(serving.seconds, stopped.set)
    try:
        tls = server_context(serving.tls) if serving.tls else None
    except (OSError, ValueError) as error:
        return _refuse(f"--tls: {serving.tls}: {error}")
    keys = _keys(serving.accounts)
    try:
        world = SimulatedWorld(
            serving.seed,
            ports=(serving.ports["binance"], serving.ports["coinbase"]),
            scenario=serving.scenario,
            symbols=serving.symbols,
            speed=Fraction(serving.speed),
            tls=tls,
            keys=keys,
            fees=ACTIVE_FEES,
        )
        await world.start()
    except ValueError as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"--binance-port, --coinbase-port: {error.strerror or error}")
    control = WorldControl(world)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(world.stop)
        socket = str(serving.socket.absolute())
        try:
            door = WorldDoor(control, serving.socket)
            await door.start()
            stack.push_async_callback(door.stop)
        except DoorError as error:
            if serving.socket_needed:
                print(f"crossquote sim: --socket: {error}", file=sys.stderr)
                return 1
            print(f"crossquote sim: no control socket: {error}", file=sys.stderr)
            socket = ""
        _tell(serving, world, keys, socket)
        await stopped.wait()
        _tell_counts(serving.as_json, control)
    return 0


def _keys(accounts: tuple[SimAccount, ...]) -> list[ApiKey]:
    if not accounts:
        return demo_keys()
    return [
        ApiKey(
            venue=one.venue.upper(),
            key=one.key,
            account=one.account,
            secret=one.secret,
            public_key=one.public_key,
            passphrase=one.passphrase,
            balances=one.balances,
        )
        for one in accounts
    ]


def urls_of(world: SimulatedWorld) -> dict[str, dict[str, str]]:
    """Return where the venues are, as base addresses that clients take."""
    return {
        "binance": {
            "rest": f"{world.binance.http_url}/api/v3",
            "ws": f"{world.binance.ws_url}/stream",
            "ws_api": f"{world.binance.ws_url}/ws-api/v3",
        },
        "coinbase": {
            "rest": f"{world.coinbase.http_url}/api/v3/brokerage",
            "ws": world.coinbase.ws_url,
            "exchange_rest": world.coinbase.http_url,
        },
    }


def _tell(serving: Serving, world: SimulatedWorld, keys: list[ApiKey], socket: str) -> None:
    urls = urls_of(world)
    certificate = str((serving.tls / CERTIFICATE).absolute()) if serving.tls else ""
    if serving.as_json:
        told: dict[str, Any] = {**urls, "scenario": serving.scenario, "seed": serving.seed}
        told |= {"socket": socket, "certificate": certificate}
        told["accounts"] = [_key_row(key, demo=not serving.accounts) for key in keys]
        print(json.dumps(told), flush=True)
        return
    for venue, url in urls.items():
        print(f"{venue}: " + ", ".join(f"{name} {at}" for name, at in url.items()))
    print(f"scenario {serving.scenario}, seed {serving.seed}, control socket {socket or 'none'}")
    if certificate:
        print(
            f"certificate: {certificate}\n  to trust it: SSL_CERT_FILE={certificate}"
            f" REQUESTS_CA_BUNDLE={certificate} NODE_EXTRA_CA_CERTS={certificate}"
        )
    for key in keys:
        row = _key_row(key, demo=not serving.accounts)
        print("account " + ", ".join(f"{name} {value}" for name, value in row.items() if value))
    sys.stdout.flush()


def _key_row(key: ApiKey, *, demo: bool) -> dict[str, Any]:
    """Return a key as it is printed; that of the demo accounts with all that it takes to sign."""
    row: dict[str, Any] = {"venue": key.venue, "account": key.account, "key": key.key}
    if demo:
        row |= {"secret": key.secret, "passphrase": key.passphrase}
        row["private_key"] = demo_private_pem() if key.key == CDP_KEY else ""
    row["balances"] = dict(key.balances)
    return row


def _tell_counts(as_json: bool, control: WorldControl) -> None:
    venues = control.status()["venues"]
    if as_json:
        print(json.dumps({"counts": venues}), flush=True)
        return
    for name, row in venues.items():
        counts = (f"{row[key]} {key}" for key in ("connections", "requests", "frames", "faulted"))
        violations = ", ".join(f"{n} {rule}" for rule, n in row["violations"].items()) or "none"
        print(f"{name}: {', '.join(counts)}; rules broken: {violations}", flush=True)


def _refuse(message: str) -> int:
    print(f"crossquote sim: {message}", file=sys.stderr)
    return 2
