"""A daemon that trades on paper: its worlds, what halts them, and a recording that verifies."""

import signal
from pathlib import Path

import pytest
from msgspec.structs import replace

import checkpoint
from arb.risk.reason import Cause, RiskState
from arb.schedule.report import schedules
from cli.node_config import node_config
from cli.restore import restored
from cli.settings.model import Settings
from cli.settings.trading import LimitSettings, StrategySettings
from tests.cli.door_verbs import run_beside

from .process import DaemonProcess, paper
from .running import Running, settings_for, until, verify

_XEMM = {"size": "0.01", "margin_bps": "-20"}
_SKEW = {"size": "0.01", "half_bps": "0.1"}
#: At work for as long as a test goes.
_SLOW = {"size": "1", "end_s": "600"}


def trading_settings(folder, served, **changes) -> Settings:
    given = settings_for(folder, served.binance, served.coinbase)
    venues = replace(
        given.venues,
        binance=replace(given.venues.binance, taker_fee="0", maker_fee="0"),
        coinbase=replace(given.venues.coinbase, taker_fee="0", maker_fee="0"),
    )
    trading = replace(
        given.trading,
        strategies=(
            StrategySettings(name="xemm", keys=_XEMM),
            StrategySettings(name="skew", keys=_SKEW),
            StrategySettings(name="slow", strategy="twap", keys=_SLOW),
        ),
        halt_file=str(folder / "halt"),
        limits=LimitSettings(drawdown_max=0, loss_max=0),
    )
    recording = replace(given.recording, segment_mb=1, **changes)
    return replace(given, venues=venues, trading=trading, recording=recording)


@pytest.fixture
async def trading(served, tmp_path):
    """A daemon that has traded; what it leaves behind must verify from its first segment."""
    settings = trading_settings(tmp_path, served)
    async with Running(settings) as running:
        await until(lambda: all(fills(running)), "fills in every world")
        yield running
    verify(settings.recording.dir)


def traders(running):
    return [world.trader for world in running.daemon.node.desk.worlds.values()]


def fills(running):
    return [trader.store.totals.fills for trader in traders(running)]


def slow(running):
    """Return the schedule of each world."""
    return [schedules(trader)["slow"] for trader in traders(running)]


async def until_halted(running, cause=Cause.USER):
    await until(
        lambda: all(
            trader.switch.state is RiskState.HALT and not trader.store.open
            for trader in traders(running)
        ),
        "a confirmed halt",
    )
    return [trader.switch.causes[cause][1] for trader in traders(running)]


async def test_the_verbs_show_halt_flatten_and_resume_a_running_daemon(trading, capsys):
    socket = ("--socket", trading.settings.control.socket)
    for verb in ("orders", "positions", "pnl", "risk", "status"):
        assert await run_beside(verb, *socket) == 0
        assert "pessimistic" in capsys.readouterr().out
    await schedule_is_paused_goes_on_and_is_cancelled(trading, capsys)
    assert await run_beside("halt", "--reason", "test", *socket) == 0
    assert await until_halted(trading) == ["test"] * 3
    assert await run_beside("flatten", *socket) == 0
    assert not any(trader.violations for trader in traders(trading))
    before = fills(trading)
    assert await run_beside("resume", *socket) == 0
    await until(lambda: all(a > b for a, b in zip(fills(trading), before, strict=True)), "fills")
    assert await run_beside("cancel-all", *socket) == 0
    assert "every order that was open is gone" in capsys.readouterr().out


async def schedule_is_paused_goes_on_and_is_cancelled(trading, capsys):
    async def told(*words, code=0):
        socket = ("--socket", trading.settings.control.socket)
        assert await run_beside("schedule", *words, *socket) == code
        return "".join(capsys.readouterr())

    assert "working" in await told()
    assert "slow is paused" in await told("pause", "slow")
    assert "there are: slow" in await told("pause", "other", code=1)
    assert all(one.paused and not one.cancelled for one in slow(trading))
    assert "not paused any more" in await told("resume", "slow")
    assert not any(one.paused for one in slow(trading))
    await told("cancel", "slow", "--world", "optimistic")
    assert [one.cancelled for one in slow(trading)] == [False, False, True]
    gone = await told("resume", "slow", "--world", "optimistic", code=1)
    assert "is over: cancelled" in gone


async def test_the_halt_file_halts_and_only_an_explicit_resume_without_it_lifts_that(trading):
    path = Path(trading.settings.trading.halt_file)
    path.touch()
    assert (await until_halted(trading))[0] == f"the file {path} appeared"
    refused = trading.view.command("resume", "")
    assert not refused["accepted"]
    assert "remove it first" in refused["reason"]
    path.unlink()
    await until(lambda: not trading.daemon.halt_file_stands, "a look at the file")
    assert all(trader.switch.state is RiskState.HALT for trader in traders(trading))
    assert trading.view.command("resume", "")["accepted"]
    assert all(trader.switch.state is RiskState.ACTIVE for trader in traders(trading))


async def test_when_recording_stops_only_reducing_goes_on_until_somebody_resumes(served, tmp_path):
    settings = trading_settings(tmp_path, served)
    async with Running(settings) as running:
        await until(lambda: all(fills(running)), "fills in every world")
        recorder = running.daemon.recorder
        recorder._stop(OSError("no room"))
        reduced = (RiskState.REDUCE, "no room")
        await until(
            lambda: all(t.switch.causes == {Cause.RECORDING: reduced} for t in traders(running)),
            "reduced risk",
        )
        await until(lambda: recorder.recording, "a recording that goes on")
        assert all(t.switch.state is RiskState.REDUCE for t in traders(running))
        assert running.view.command("resume", "recording")["accepted"]
        assert all(t.switch.state is RiskState.ACTIVE for t in traders(running))
    verify(settings.recording.dir, open_ends=1)


async def test_a_recording_that_cannot_be_begun_reduces_risk(served, tmp_path):
    (tmp_path / "file").touch()
    settings = trading_settings(tmp_path, served, dir=str(tmp_path / "file"))
    async with Running(settings) as running:
        await until(
            lambda: all(Cause.RECORDING in t.switch.causes for t in traders(running)),
            "reduced risk",
        )


async def test_a_signal_halts_a_process_whose_recording_then_verifies(served, tmp_path):
    lines = "trading:\n  strategies: [{name: skew, keys: {size: 0.01, half_bps: 0.1}}]\n"
    with DaemonProcess(tmp_path / "run", paper(served) + lines) as daemon:
        await daemon.live()
        await until(lambda: worlds_of(daemon, "fills") != [0, 0, 0], "fills")
        daemon.signal(signal.SIGUSR1)
        await until(lambda: worlds_of(daemon, "state") == ["HALT"] * 3, "a halt")
        await until(lambda: worlds_of(daemon, "open_orders") == [0] * 3, "cancelled orders")
        causes = daemon.door.risk()["worlds"]["optimistic"]["causes"]
        assert causes["user"]["detail"] == "signal SIGUSR1"
        daemon.signal(signal.SIGINT)
        assert (await daemon.ended())[0] == 0, daemon.told
    verify(daemon.recordings)


async def test_a_daemon_restored_from_its_recording_has_the_state_in_which_it_ended(
    served, tmp_path
):
    settings = trading_settings(tmp_path, served)
    async with Running(settings) as running:
        await until(lambda: all(fills(running)), "fills in every world")
        assert running.view.command("schedule", "pause slow")["accepted"]
    ended = running.daemon.node
    found = restored(Path(settings.recording.dir), node_config(settings))
    assert found.why == ""
    worlds = found.node.desk.worlds.values()
    assert all(schedules(world.trader)["slow"].paused_by_user for world in worlds)
    assert checkpoint.state_hash(found.node) == checkpoint.state_hash(ended)
    other = node_config(replace(settings, pairs=()))
    assert "another configuration" in restored(Path(settings.recording.dir), other).why


async def test_after_a_kill_trading_goes_on_with_what_was_acknowledged(served, tmp_path):
    lines = (
        "trading:\n  strategies: [{name: skew, keys: {size: 0.01, half_bps: 0.1}}]\n"
        f"  halt_file: {tmp_path / 'halt'}\n"
    )
    with DaemonProcess(tmp_path / "run", paper(served) + lines) as daemon:
        await daemon.live()
        await until(lambda: all(worlds_of(daemon, "fills")), "fills")
        daemon.signal(signal.SIGUSR1)
        await until(lambda: worlds_of(daemon, "open_orders") == [0] * 3, "a halt")
        fills_before = worlds_of(daemon, "fills")
        held = positions_of(daemon)
        daemon.signal(signal.SIGKILL)
        await daemon.ended()
    with DaemonProcess(tmp_path / "run", paper(served) + lines) as daemon:
        await daemon.live()
        assert worlds_of(daemon, "fills") == fills_before
        assert worlds_of(daemon, "state") == ["HALT"] * 3
        assert positions_of(daemon) == held
        assert daemon.door.command("resume", "")["accepted"]
        await until(lambda: worlds_of(daemon, "fills") != fills_before, "further fills")
        daemon.signal(signal.SIGKILL)
        await daemon.ended()
    verify(daemon.recordings, open_ends=2)
    newest = max(daemon.recordings.glob("*.seg"))
    image = bytearray(newest.read_bytes())
    image[5_000] ^= 1
    newest.write_bytes(image)
    with DaemonProcess(tmp_path / "run", paper(served) + lines) as daemon:
        await daemon.live()
        assert worlds_of(daemon, "state") == ["HALT"] * 3
        assert "reconciliation" in daemon.door.risk()["worlds"]["optimistic"]["causes"]


def positions_of(daemon):
    """Return what each world holds, by instrument and strategy."""
    return {
        world: {(one["instrument"], one["strategy"]): one["position"] for one in row["positions"]}
        for world, row in daemon.door.positions().items()
    }


def worlds_of(daemon, key):
    """Return a field of each world from the daemon's status."""
    return [row[key] for row in daemon.status()["trading"]["worlds"].values()]
