"""The API of a whole daemon: what becomes of its port, its clients and its end."""

import asyncio
import socket

import aiohttp
import orjson

from bench.api_clients import handshake, subscription

from .process import DaemonProcess
from .running import until, verify

MANUAL = "trading: {manual: true, limits: {volume_permille: 0}}\n"


def serving(folder, settings=""):
    """Return a daemon that has no limit on requests."""
    return DaemonProcess(folder / "d", settings)


async def test_a_daemon_whose_port_is_taken_runs_on_without_it_and_says_so(tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("CROSSQUOTE__API__PORT", str(other.getsockname()[1]))
        with serving(tmp_path) as daemon:
            await daemon.live()
            assert daemon.status()["api"] == ""
            assert "the API is not served" in daemon.told
            assert "api.port chooses another one" in daemon.told


async def test_a_daemon_does_not_open_to_others_without_a_token(tmp_path, monkeypatch):
    monkeypatch.setenv("CROSSQUOTE__API__HOST", "0.0.0.0")
    with serving(tmp_path) as daemon:
        code, _ = await daemon.ended()
        assert code == 1
        assert "crossquote token add" in daemon.told


async def test_orders_by_hand_trade_and_the_recording_proves_them(tmp_path):
    with serving(tmp_path, MANUAL) as daemon:
        await daemon.live()
        told = await place(daemon.status()["api"])
        assert {one["reason"] for one in told["worlds"]} == {"ok"}
        worlds = len(told["worlds"])
        await until(lambda: positions(daemon) == worlds > 0, "a position in each world")
        assert daemon.door.stop()
        assert (await daemon.ended())[0] == 0
    verify(daemon.recordings)


async def place(address):
    async with aiohttp.ClientSession(headers={"X-Crossquote": "1"}) as session:
        async with session.get(f"{address}/v1/quotes/BTC-USDT.BINANCE") as reply:
            ask = orjson.loads(await reply.read())["ask"]
        body = {"instrument": "BTC-USDT.BINANCE", "side": "buy", "size": "0.01", "tif": "ioc"}
        price = str(int(ask.partition(".")[0]) + 100)
        async with session.post(f"{address}/v1/orders", json=body | {"price": price}) as reply:
            return orjson.loads(await reply.read())


def positions(daemon):
    worlds = daemon.door.positions().values()
    return sum(bool(one["positions"]) for one in worlds)


async def test_a_daemon_ends_in_time_although_clients_are_connected(tmp_path):
    """One that reads and one that never does."""
    with serving(tmp_path) as daemon:
        await daemon.live()
        host, port = daemon.status()["api"].removeprefix("http://").split(":")
        ends = []
        for _ in range(2):
            reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 16)
            writer.write(handshake() + subscription("quotes", "books"))
            await reader.readuntil(b"subscribed")
            ends.append((reader, writer))
        draining = asyncio.ensure_future(ends[0][0].read())
        daemon.door.stop()
        async with asyncio.timeout(20):
            code, _ = await daemon.ended()
        assert code == 0
        await draining
        for _, writer in ends:
            writer.close()
