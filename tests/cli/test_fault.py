"""The verb that lays faults, against a running `crossquote run` in mode sim."""

import asyncio
import json

import pytest

from api.world_door import WorldDoor
from cli.main import main
from sim.server.control import WorldControl
from tests.daemon.process import DaemonProcess, paper
from tests.daemon.running import world

#: A busy machine may be late; what is wrong beyond that is wrong anywhere.
DROP = ["fault", "drop", "--for", "0.6", "--rate", "0.5", "--json", "--allowance-ms", "2000"]


async def test_a_fault_on_the_world_of_a_running_daemon_is_scored(tmp_path, capsys):
    with DaemonProcess(tmp_path / "home", "sim: {seed: 3}\n") as daemon:
        await daemon.live()
        sockets = ["--socket", str(daemon.socket)]
        drop = [*DROP, "--venue", "binance", "--channel", "@depth", *sockets]
        assert await asyncio.to_thread(main, drop) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["fault"] == "drop"
        assert report["acted"] > 0
        assert report["wrong_ms"] == 0
        assert report["recovered"]
        assert set(report["tiers"]) == {"shared_memory", "door"}
        kraken = ["fault", "drop", "--for", "1", "--venue", "kraken", *sockets]
        assert await asyncio.to_thread(main, kraken) == 1
        assert "no venue 'kraken'" in capsys.readouterr().err


async def test_a_fault_on_venues_that_were_started_apart_is_scored(tmp_path, capsys):
    async with world() as served:
        door = WorldDoor(WorldControl(served), tmp_path / "w.sock")
        await door.start()
        with DaemonProcess(tmp_path / "home", paper(served)) as daemon:
            await daemon.live()
            sockets = ["--socket", str(daemon.socket), "--sim-socket", str(door.path)]
            assert await asyncio.to_thread(main, [*DROP, "--venue", "coinbase", *sockets]) == 0
            report = json.loads(capsys.readouterr().out)
            assert (report["venue"], report["wrong_ms"]) == ("coinbase", 0)
        await door.stop()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stall", "--venue", "binance", "--for", "1", "--rate", "0.5"], "stall has none"),
        (["drop", "--venue", "binance", "--for", "0"], "seconds"),
        (["drop", "--venue", "binance", "--for", "1", "--rate", "2"], "rate"),
        (["drop", "--venue", "binance", "--for", "1", "--allowance-ms", "-1"], "--allowance-ms"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(arguments, said, capsys):
    assert main(["fault", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_without_a_daemon_there_is_nothing_to_score(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["fault", "drop", "--venue", "binance", "--for", "1"]) == 1
    assert "no daemon" in capsys.readouterr().err
    assert main(["fault", "drop", "--venue", "binance", "--for", "1", "--apply-only"]) == 1
