"""The doctor at a running daemon: each check with each thing it can find."""

import asyncio
import json
import time
from types import SimpleNamespace

import pytest

from cache.client import open_reader
from cache.l2_writer import L2Writer
from cache.publisher import GRADE_FORBIDS
from checkpoint import Build
from cli import doctor_daemon as daemon
from cli.main import main
from tests.api.fake_view import FakeView, serving
from tests.daemon.process import DaemonProcess

OURS = Build("0.1.0", "0123456789abcdef")


def verdict(finding):
    assert finding.found
    assert bool(finding.advice) is (finding.verdict != "ok")
    return finding.verdict


def status(**changes):
    return FakeView().status() | changes


def test_where_no_daemon_runs_nothing_is_found(tmp_path):
    assert list(daemon.examine_daemon(tmp_path / "s", None, 10)) == []


async def test_a_door_that_does_not_answer_as_a_daemon_fails(tmp_path):
    async def other(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0\r\n")
        writer.close()

    server = await asyncio.start_unix_server(other, tmp_path / "s")
    async with server:
        found = await asyncio.to_thread(
            lambda: list(daemon.examine_daemon(tmp_path / "s", None, 10))
        )
    (only,) = found
    assert verdict(only) == "fail"


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ({"version": "0.1.0", "code": "0123456789abcdef"}, "ok"),
        ({"version": "0.1.0", "code": "other"}, "warn"),
        ({"version": "0.2.0", "code": "0123456789abcdef"}, "warn"),
        ({}, "warn"),
    ],
)
def test_another_build_than_the_installed_one_is_told(theirs, expected):
    assert verdict(daemon.check_version(theirs, OURS)) == expected


def test_books_that_cannot_be_used_are_named():
    good = {"instrument": "A", "state": "live", "grade": ["reference"]}
    doubtful = {"instrument": "B", "state": "live", "grade": ["silent", "reference"]}
    lost = {"instrument": "C", "state": "buffering", "grade": ["not live"]}
    assert verdict(daemon.check_books([good])) == "ok"
    some = daemon.check_books([good, doubtful, lost])
    assert verdict(some) == "warn"
    assert "2 of 3" in some.found
    assert "B silent; C buffering" in some.found
    assert verdict(daemon.check_books([lost])) == "fail"
    assert verdict(daemon.check_books([])) == "warn"


@pytest.mark.parametrize(("late", "expected"), [(3.0, "ok"), (80.0, "warn"), (None, "ok")])
def test_a_loop_that_is_late_is_told(late, expected):
    assert verdict(daemon.check_loop({"loop_lag_ms": {"p99": late}})) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"state": "open", "offset_ns": 3_000_000}, "ok"),
        ({"state": "open", "offset_ns": -900_000_000}, "warn"),
        ({"state": "open", "offset_ns": None}, "warn"),
        ({"state": "down", "offset_ns": 0}, "fail"),
    ],
)
def test_a_venue_must_be_connected_and_its_clock_near(row, expected):
    (found,) = daemon.check_offsets({"venues": {"binance": row}})
    assert found.name == "binance"
    assert verdict(found) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"state": "on", "segments": 3, "dir": "r", "missed": 0}, "ok"),
        ({"state": "on", "segments": 3, "dir": "r", "missed": 17}, "warn"),
        ({"state": "off", "dir": "r"}, "warn"),
        ({"state": "stopped: no space", "dir": "r"}, "fail"),
    ],
)
def test_a_recording_must_go_on_without_a_hole(row, expected):
    assert verdict(daemon.check_recording({"recording": row})) == expected


@pytest.mark.parametrize(
    ("free_mb", "held_mb", "up_s", "expected"),
    [
        (5_000, 100, 3_600, "ok"),  # there is room for all that is kept
        (500, 100, 3_600, "fail"),  # 5 hours
        (500, 1, 3_600, "ok"),  # 500 hours
        (500, 5, 3_600, "warn"),  # 100 hours
        (500, 5, 10, "warn"),  # too early to say
    ],
)
def test_the_disk_must_last(monkeypatch, free_mb, held_mb, up_s, expected):
    usage = SimpleNamespace(free=free_mb << 20)
    monkeypatch.setattr(daemon.shutil, "disk_usage", lambda _: usage)
    row = {"dir": "recordings", "bytes": held_mb << 20}
    given = {"recording": row, "uptime_seconds": up_s, "pid": 1 << 30}
    assert verdict(daemon.check_disk_left(given, 4_096)) == expected


def test_a_folder_that_cannot_be_looked_at_is_told(tmp_path):
    row = {"dir": str(tmp_path / "gone"), "bytes": 1}
    assert verdict(daemon.check_disk_left({"recording": row}, 10)) == "warn"


def test_shared_quotes_must_be_readable(tmp_path):
    path = tmp_path / "table"
    assert verdict(daemon.check_table(path, ["A"])) == "fail"
    writer = L2Writer(path, 4, 2, time.time_ns(), grade_forbids=GRADE_FORBIDS)
    try:
        none = daemon.check_table(path, ["A", "B"])
        assert verdict(none) == "fail"
        assert "0 of 2" in none.found
        assert "A: unknown" in none.found
        assert open_reader(path).instruments() == ()
    finally:
        writer.close()


def test_a_world_that_does_not_trade_is_told_with_its_causes():
    active = {"state": "ACTIVE", "violations": 0}
    halted = {"state": "HALT", "causes": {"user": {}}}
    assert verdict(daemon.check_trading({"worlds": {"a": active}})) == "ok"
    found = daemon.check_trading({"worlds": {"a": active, "b": halted}})
    assert (verdict(found), found.found) == ("warn", "b HALT (user)")
    broken = {"state": "ACTIVE", "violations": 2}
    assert verdict(daemon.check_trading({"worlds": {"a": broken}})) == "fail"


async def test_every_check_of_an_answer_that_lacks_everything_still_says_something(tmp_path):
    class Empty(FakeView):
        def status(self):
            return {}

        def books(self, levels):
            return []

    async with serving(tmp_path / "s", Empty()):
        found = await asyncio.to_thread(
            lambda: list(daemon.examine_daemon(tmp_path / "s", tmp_path / "none", 10))
        )
    assert [one.name for one in found] == [
        "daemon",
        "daemon's version",
        "books",
        "daemon's loop",
        "recording",
        "shared quotes",
    ]
    assert all(verdict(one) for one in found)


async def test_a_daemon_that_is_well_passes_every_check(tmp_path, monkeypatch, capsys):
    with DaemonProcess(tmp_path / "home") as process:
        await process.live()
        monkeypatch.chdir(process.folder)
        await asyncio.to_thread(main, ["doctor", "--json"])
        found = {row["check"]: row for row in json.loads(capsys.readouterr().out)["checks"]}
        for name in ("daemon", "daemon's version", "books", "recording", "disk left"):
            assert found[name]["verdict"] == "ok", found[name]
        assert found["shared quotes"]["found"].startswith("5 of 5")
        assert found["binance"]["verdict"] in ("ok", "warn")  # its clock may not be measured yet
        assert "control socket" not in found
