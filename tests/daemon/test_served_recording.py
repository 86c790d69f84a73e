"""A paper run of a served recording is proved by its own, and its books go the backtest's way."""

import asyncio
import gzip
import json
import signal
import sys
from contextlib import asynccontextmanager
from itertools import islice

import pytest

from cli.main import main
from tests.recorded_payloads import FEEDS

from .process import DaemonProcess
from .running import DEADLINE_S, until

RECORDED = FEEDS / "binance-spot-2024-08" / "btcusdt_20240808.gz"
#: Inputs of it: some 25 s, in which no fresh snapshot is needed.
INPUTS = 3_000
#: Recorded seconds in a second.
SPEED = "10"

TRADING = """
trading:
  strategies:
    - {name: symmetric, instruments: [BTC-USDT.BINANCE], keys: {half_bps: "0.5"}}
"""


@pytest.fixture
def recording(tmp_path):
    """Return the beginning of a public recording."""
    if not RECORDED.exists():
        pytest.skip("needs the public recordings in ../shared/feeds beside the checkout")
    path = tmp_path / "short.gz"
    with gzip.open(RECORDED, "rb") as whole, gzip.open(path, "wb", compresslevel=1) as short:
        short.writelines(islice(whole, INPUTS))
    return path


@asynccontextmanager
async def served(folder, recording):
    """Run `crossquote sim --serve`; yields the process and what it printed first."""
    words = ("sim", "--serve", f"binance={recording}", "--speed", SPEED, "--json")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", *words),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process, await line_of(process)
    finally:
        process.terminate()
        await process.wait()


async def line_of(process):
    """Return the next line that the process prints."""
    async with asyncio.timeout(2 * DEADLINE_S):
        return json.loads(await process.stdout.readline())


def settings_of(urls):
    """Return the settings of a paper run of the one served instrument."""
    rest, ws = (urls[name].partition(tail)[0] for name, tail in (("rest", "/api"), ("ws", "/str")))
    return (
        "mode: paper\n"
        "venues:\n"
        f"  binance: {{instruments: [BTC-USDT.BINANCE], urls: {{ws: '{ws}', rest: '{rest}'}}}}\n"
        "  coinbase: {enabled: false}\n" + TRADING
    )


def lines_of(path):
    return path.read_text().splitlines()


async def test_the_books_of_a_paper_run_go_the_way_of_the_backtest(tmp_path, recording, capsys):
    """Instrument, last sequence and hash of all levels are the same, diff by diff."""
    expected, found = tmp_path / "backtest.txt", tmp_path / "paper.txt"
    words = ("--source", f"binance={recording}", "--strategy", "symmetric")
    assert main(["backtest", *words, "--set", "half_bps=0.5", "--hashes", str(expected)]) == 0
    async with served(tmp_path, recording) as (sim, told):
        settings = settings_of(told["binance"])
        with DaemonProcess(tmp_path / "paper", settings, "--mode", "paper") as daemon:
            await daemon.up()
            assert await line_of(sim) == {"played": INPUTS}
            last = int(lines_of(expected)[-1].split(" ")[1])
            await until(
                lambda: any(row["last_sequence"] == last for row in daemon.books()),
                "the last diff of the recording",
            )
            status = daemon.status()
            daemon.signal(signal.SIGTERM)
            code, _ = await daemon.ended()
    assert code == 0
    for world in status["trading"]["worlds"].values():
        assert world["open_orders"] or world["fills"], "it traded"
    capsys.readouterr()
    assert main(["replay", str(daemon.recordings), "--verify", "--hashes", str(found)]) == 0
    assert "verified" in capsys.readouterr().out
    assert len(lines_of(expected)) > 200
    assert lines_of(found) == lines_of(expected)
