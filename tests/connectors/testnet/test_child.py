"""The process serves its parent and nobody else, and ends with it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from asyncio.subprocess import PIPE

import orjson
import pytest

from connectors.testnet.child import EXIT_HOST, EXIT_KEYS, main, take_keys
from connectors.testnet.networks import network
from market.inputs import NOT_SENT
from tests.sim.server.binance_world import KEY, SECRET, serving

from .patience import DEADLINE_S

COMMAND = (sys.executable, "-m", "connectors.testnet.child", "binance", "testnet")
KEYS = {"BINANCE_API_KEY": KEY, "BINANCE_API_SECRET": SECRET}


async def lines_until(process, wanted):
    """Return the lines up to the first that is wanted."""
    found = []
    async with asyncio.timeout(DEADLINE_S):
        while True:
            found.append(orjson.loads(await process.stdout.readline()))
            if wanted(found[-1]):
                return found


async def test_it_ends_when_its_parent_is_killed_and_sends_nothing_late():
    """Another process holds the other end of its input, as a parent does, and is killed."""
    inner, outer = os.pipe()
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], pass_fds=(outer,), stdin=PIPE
    )
    try:
        async with serving() as venue:
            process = await asyncio.create_subprocess_exec(
                *COMMAND,
                *("--native", "BTCUSDT", "--base-url", venue.server.http_url),
                stdin=inner,
                stdout=PIPE,
                env={**os.environ, **KEYS},
            )
            os.close(inner)
            await lines_until(process, lambda row: row.get("event") == "ready")
            for tag, by in (("place1", time.time_ns() - 1), ("place2", 0)):
                row = {"tag": tag, "method": "place", "by": by, "params": {}}
                os.write(outer, orjson.dumps(row) + b"\n")
            said = await lines_until(process, lambda row: row.get("tag") == "place2")
            late = [row for row in said if "tag" in row]
            assert {row["status"] for row in late} == {NOT_SENT}
            assert {row["message"] for row in late} == {"too late to be sent"}
            os.close(outer)
            assert process.returncode is None
            holder.send_signal(signal.SIGKILL)
            async with asyncio.timeout(DEADLINE_S):
                assert await process.wait() == 0
                await process.communicate()
    finally:
        holder.kill()
        holder.communicate()


def test_without_keys_it_says_which_are_needed(monkeypatch, capfd):
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    done = subprocess.run([*COMMAND, "--native", "BTCUSDT"], capture_output=True, check=False)
    assert done.returncode == EXIT_KEYS
    assert done.stderr.splitlines()[-1] == b"BINANCE_API_KEY, BINANCE_API_SECRET are needed"


def test_a_host_off_the_list_ends_it_before_anything_is_sent():
    done = subprocess.run(
        [*COMMAND, "--native", "BTCUSDT", "--base-url", "http://api.binance.com"],
        env={**os.environ, **KEYS},
        capture_output=True,
        check=False,
    )
    assert done.returncode == EXIT_HOST
    assert done.stderr.splitlines()[-1].startswith(b"ForbiddenHostError")


def test_keys_are_taken_out_of_the_environment():
    environment = {**KEYS, "PATH": "/bin"}
    assert take_keys(network("binance"), environment) == (KEY, SECRET)
    assert environment == {"PATH": "/bin"}
    assert take_keys(network("coinbase-exchange"), {"COINBASE_EXCHANGE_API_KEY": "k"}) == ("k",)


@pytest.mark.parametrize("arguments", [[], ["kraken", "testnet"], ["binance", "production"]])
def test_wrong_usage_is_refused(arguments):
    with pytest.raises(SystemExit) as end:
        main([*arguments, "--native", "X"])
    assert end.value.code == 2
