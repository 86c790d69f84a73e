"""The verb that serves both venues."""

import asyncio
import json
import signal
import ssl
import stat
import sys
from typing import get_args

import aiohttp
import pytest

from cli.main import main
from cli.settings.model import Scenario
from sim.market.scenarios import SCENARIOS

from .helpers import dial, read, within


async def started(folder, *arguments):
    """Return the verb as a process, and what it told first."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "sim", "--json", "--socket", str(folder / "s.sock")),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
    )
    async with within():
        return process, json.loads(await process.stdout.readline())


async def ended(process):
    if process.returncode is None:
        process.kill()
    await process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_verb_serves_both_venues_until_a_signal_and_tells_what_it_counted(
    number, tmp_path
):
    process, told = await started(tmp_path)
    try:
        async with within():
            url = f"{told['binance']['rest']}/ping"
            async with aiohttp.ClientSession() as session, session.get(url) as reply:
                assert reply.status == 200
            async with dial(f"{told['binance']['ws']}?streams=btcusdt@depth@100ms") as socket:
                assert (await read(socket))["data"]["s"] == "BTCUSDT"
            async with dial(told["coinbase"]["ws"]) as socket:
                await socket.send('{"type":"subscribe","channel":"heartbeats"}')
                assert (await read(socket))["channel"] == "subscriptions"
                process.send_signal(number)
                last = (await process.stdout.read()).splitlines()[-1]
                assert await process.wait() == 0
        counts = json.loads(last)["counts"]
        assert counts["binance"]["connections"] == 1
        assert counts["coinbase"]["violations"] == {}
    finally:
        await ended(process)


async def test_the_demo_accounts_are_told_with_all_that_it_takes_to_sign(tmp_path):
    process, told = await started(tmp_path, "--for", "0.2")
    try:
        keys = [
            (row["venue"], bool(row["secret"] or row["private_key"])) for row in told["accounts"]
        ]
        assert keys == [("BINANCE", True), ("COINBASE", True), ("COINBASE", True)]
        async with within():
            assert await process.wait() == 0
    finally:
        await ended(process)


async def test_with_tls_the_certificate_alone_is_what_a_client_needs(tmp_path):
    folder = tmp_path / "certs"
    process, told = await started(tmp_path, "--tls", str(folder))
    try:
        assert stat.S_IMODE((folder / "localhost.key").stat().st_mode) == 0o600
        trust = ssl.create_default_context(cafile=told["certificate"])
        async with within():
            for host in ("127.0.0.1", "localhost"):
                url = told["binance"]["rest"].replace("127.0.0.1", host)
                assert url.startswith("https://")
                session = aiohttp.ClientSession()
                async with session, session.get(f"{url}/ping", ssl=trust) as reply:
                    assert reply.status == 200
            stream = f"{told['binance']['ws']}?streams=btcusdt@depth@100ms"
            async with dial(stream, ssl=trust) as socket:
                assert (await read(socket))["data"]["s"] == "BTCUSDT"
    finally:
        await ended(process)


async def test_a_certificate_that_is_there_is_taken_again(tmp_path):
    made = []
    for _ in range(2):
        process, _ = await started(tmp_path, "--tls", str(tmp_path), "--for", "0.1")
        async with within():
            assert await process.wait() == 0
        made.append((tmp_path / "localhost.crt").read_bytes())
    assert made[0] == made[1]


async def test_a_taken_port_is_named_and_ends_with_2(world, capsys, tmp_path):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "sim", "--socket", str(tmp_path / "s.sock")),
        *("--binance-port", str(world.binance.port)),
        stderr=asyncio.subprocess.PIPE,
    )
    async with within():
        _, told = await process.communicate()
    assert process.returncode == 2
    assert b"--binance-port" in told


@pytest.mark.parametrize("port", ["x", "70000", "-1", ""])
def test_ports_that_are_none_are_refused(port, capsys):
    with pytest.raises(SystemExit) as refusal:
        main(["sim", "--binance-port", port])
    assert refusal.value.code == 2
    assert "--binance-port" in capsys.readouterr().err


def test_the_configuration_names_the_scenarios_there_are():
    assert list(get_args(Scenario)) == list(SCENARIOS)


@pytest.mark.parametrize("speed", ["0", "max", "fast", "1001"])
def test_a_speed_that_a_market_cannot_run_at_is_refused(speed, capsys):
    assert main(["sim", "--speed", speed]) == 2
    assert "--speed" in capsys.readouterr().err


def test_accounts_are_checked_with_their_paths(tmp_path, capsys):
    config = tmp_path / "c.yaml"
    config.write_text(
        "version: 1\nsim:\n  accounts:\n"
        "    - {venue: binance, key: a, secret: s, balances: {USDT: '10', BTC: many}}\n"
    )
    assert main(["sim", "--config", str(config)]) == 2
    assert "sim.accounts[0].balances.BTC" in capsys.readouterr().err
    config.write_text(
        "version: 1\nsim:\n  accounts:\n"
        "    - {venue: binance, key: a, secret: s}\n"
        "    - {venue: binance, key: a, secret: t, passphrase: p}\n"
        "    - {venue: coinbase, key: b}\n"
    )
    assert main(["sim", "--config", str(config)]) == 2
    told = capsys.readouterr().err
    for path in ("[1].key", "[1].passphrase", "[2].secret"):
        assert f"sim.accounts{path}" in told


def test_funds_that_a_venue_does_not_list_are_refused_by_name(tmp_path, capsys):
    config = tmp_path / "c.yaml"
    config.write_text(
        "version: 1\nsim: {accounts: [{venue: binance, key: a, secret: s, balances: {DOGE: 1}}]}\n"
    )
    assert main(["sim", "--config", str(config)]) == 2
    assert "BINANCE lists no DOGE" in capsys.readouterr().err


def test_more_symbols_than_a_venue_can_hold_are_refused(capsys):
    assert main(["sim", "--symbols", "100000"]) == 2
    assert "symbols" in capsys.readouterr().err


async def test_a_crowd_of_symbols_is_served_for_load(tmp_path):
    process, told = await started(tmp_path, "--symbols", "60")
    try:
        async with within():
            url = f"{told['binance']['rest']}/exchangeInfo"
            async with aiohttp.ClientSession() as session, session.get(url) as reply:
                assert len((await reply.json())["symbols"]) == 60
    finally:
        await ended(process)
