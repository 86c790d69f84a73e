"""The verb that serves both venues."""

import asyncio
import json
import signal
import sys

import aiohttp
import pytest

from cli.main import main

from .helpers import dial, read, within


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_verb_serves_both_venues_until_a_signal(number):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "sim", "--serve", "--json"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with within():
            urls = json.loads(await process.stdout.readline())
            url = f"{urls['binance']['rest']}/ping"
            async with aiohttp.ClientSession() as session, session.get(url) as reply:
                assert reply.status == 200
            async with dial(f"{urls['binance']['ws']}?streams=btcusdt@depth@100ms") as socket:
                assert (await read(socket))["data"]["s"] == "BTCUSDT"
            async with dial(urls["coinbase"]["ws"]) as socket:
                await socket.send('{"type":"subscribe","channel":"heartbeats"}')
                assert (await read(socket))["channel"] == "subscriptions"
                process.send_signal(number)
                assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_taken_port_is_named_and_ends_with_2(world, capsys):
    ports = f"{world.binance.port},0"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "sim", "--serve", "--ports", ports),
        stderr=asyncio.subprocess.PIPE,
    )
    async with within():
        _, told = await process.communicate()
    assert process.returncode == 2
    assert b"--ports" in told


@pytest.mark.parametrize("ports", ["1", "x,y", "1,2,3", "70000,0"])
def test_ports_that_are_none_are_refused(ports, capsys):
    with pytest.raises(SystemExit) as refusal:
        main(["sim", "--serve", "--ports", ports])
    assert refusal.value.code == 2
    assert "--ports" in capsys.readouterr().err


def test_one_of_write_and_serve_is_needed(capsys):
    with pytest.raises(SystemExit) as refusal:
        main(["sim"])
    assert refusal.value.code == 2
