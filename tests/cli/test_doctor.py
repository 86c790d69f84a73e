"""The doctor: each check with each thing it can find."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cli import doctor, doctor_core
from cli import doctor_machine as machine
from cli.main import main

ROOT = Path(__file__).parents[2]


def verdict(finding):
    assert finding.found
    assert bool(finding.advice) is (finding.verdict != "ok")
    return finding.verdict


def test_an_old_python_fails():
    assert verdict(machine.check_python((3, 10, 1))) == "fail"
    assert verdict(machine.check_python((3, 12, 0))) == "ok"


def test_shared_memory_is_judged_by_folder_right_room_and_kind(tmp_path, monkeypatch):
    assert verdict(machine.check_shared_memory(tmp_path / "no" / "x", 8, 4)) == "fail"
    monkeypatch.setattr(machine, "filesystem", lambda _: "tmpfs")
    assert verdict(machine.check_shared_memory(tmp_path / "x", 8, 4)) == "ok"
    monkeypatch.setattr(machine, "filesystem", lambda _: "ext4")
    assert verdict(machine.check_shared_memory(tmp_path / "x", 8, 4)) == "warn"
    usage = type("Usage", (), {"free": 100})()
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage)
    assert verdict(machine.check_shared_memory(tmp_path / "x", 8, 4)) == "fail"
    monkeypatch.setattr(machine.os, "access", lambda *_: False)
    assert "not writable" in machine.check_shared_memory(tmp_path / "x", 8, 4).found


def test_the_file_system_is_that_of_the_longest_and_last_mount(tmp_path):
    mounts = tmp_path / "mounts"
    inner = tmp_path / "a b"
    point = str(inner).replace(" ", "\\040")
    mounts.write_text(f"d / ext4 rw 0 0\nbad\nd {point} xfs rw 0 0\nd {point} tmpfs rw 0 0\n")
    assert machine.filesystem(inner / "deep", mounts) == "tmpfs"
    assert machine.filesystem(tmp_path, mounts) == "ext4"
    assert machine.filesystem(tmp_path, tmp_path / "none") == "unknown"


def test_a_clock_that_goes_back_stands_in_the_past_or_is_coarse_is_found():
    now = machine.YEAR_2026_NS + 1
    backwards = iter([5, 4] * 500)
    assert "went back" in machine.check_clock(lambda: now, lambda: next(backwards)).found
    steps = iter(range(2_000))
    past = machine.check_clock(lambda: 0, lambda: next(steps))
    assert (verdict(past), past.found) == ("fail", "1970-01-01 00:00:00 UTC")
    assert verdict(machine.check_clock(lambda: now, lambda: 7)) == "warn"
    assert verdict(machine.check_clock(lambda: now, lambda: next(steps))) == "ok"


@pytest.mark.parametrize(
    ("state", "expected"),
    [(None, "warn"), ((5, 0), "warn"), ((0, 0x40), "warn"), ((0, 1), "ok")],
)
def test_the_kernels_word_on_ntp_is_told(state, expected):
    assert verdict(machine.check_ntp(state)) == expected


def test_the_kernels_clock_state_has_sane_bits():
    state = machine.kernel_clock_state()
    assert state is None or (0 <= state[0] <= 5 and 0 <= state[1] <= 0xFFFF)


@pytest.mark.parametrize(
    ("limit", "expected"), [(64, "fail"), (512, "warn"), (1_024, "ok"), (-1, "ok")]
)
def test_the_limit_of_open_files_is_judged(limit, expected):
    assert verdict(machine.check_files(limit)) == expected


def test_the_recording_folder_is_judged_by_kind_right_and_room(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    assert verdict(machine.check_disk(tmp_path / "file" / "x", 1, 2)) == "fail"
    usage = type("Usage", (), {"free": 0})()
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage)
    for free_mb, expected in ((127, "fail"), (4_000, "warn"), (5_000, "ok")):
        usage.free = free_mb * 1024 * 1024
        assert verdict(machine.check_disk(tmp_path / "new" / "x", 64, 4_096)) == expected
    monkeypatch.setattr(machine.os, "access", lambda _, mode: mode == os.F_OK)
    assert "not writable" in machine.check_disk(tmp_path, 64, 4_096).found


def test_a_late_event_loop_is_found():
    assert verdict(machine.check_lag([100_000] * 19 + [60_000_000])) == "warn"
    assert verdict(machine.check_lag([100_000] * 20)) == "ok"
    assert len(machine.measure_lag_ns()) == machine.LAG_ROUNDS


def test_a_missing_package_fails_only_where_it_is_asked_for():
    assert verdict(machine.check_module("json", "json", needed=True)) == "ok"
    assert verdict(machine.check_module("no_such_thing", "x", needed=False)) == "warn"
    assert verdict(machine.check_module("no_such_thing", "x", needed=True)) == "fail"


def test_a_port_in_use_fails():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert verdict(machine.check_port("binance", port)) == "fail"
    assert verdict(machine.check_port("binance", 0)) == "ok"


def test_the_control_socket_is_free_left_behind_taken_or_no_socket(tmp_path):
    path = tmp_path / "s"
    assert verdict(machine.check_socket(tmp_path / "none" / "s")) == "fail"
    assert verdict(machine.check_socket(path)) == "ok"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert verdict(machine.check_socket(path)) == "warn"
    assert "left behind" in machine.check_socket(path).found
    path.unlink()
    path.write_text("")
    assert verdict(machine.check_socket(path)) == "fail"


def test_the_core_is_there_and_newer_than_its_sources():
    finding = doctor_core.check_core()
    assert finding.name == "compiled core"
    assert "books.ladder" in doctor_core.compiled_modules()


def test_a_missing_a_stale_and_an_absent_core_fail(tmp_path):
    def missing(name):
        raise ImportError("no such file")

    room = tmp_path / "market"
    room.mkdir()
    assert doctor_core.check_core(root=tmp_path).found == "no compiled module at all"
    source, binary = room / "core.pyx", room / f"core{doctor_core.EXTENSION_SUFFIXES[0]}"
    for path, at in ((source, 10), (binary, 20)):
        path.write_text("")
        os.utime(path, (at, at))
    assert doctor_core.compiled_modules(tmp_path) == ["market.core"]
    assert verdict(doctor_core.check_core(root=tmp_path, load=len)) == "ok"
    broken = doctor_core.check_core(root=tmp_path, load=missing)
    assert broken.found == "cannot import market.core (no such file)"
    os.utime(source, (30, 30))
    assert doctor_core.check_core(root=tmp_path, load=len).found.startswith("older than")


def test_a_refused_configuration_is_a_finding_and_the_rest_is_still_looked_at(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("version: 1\nmode: simm\nlog: {lvel: info}\n")
    findings = list(doctor.examine(file, {}))
    found = next(one for one in findings if one.name == "configuration")
    assert verdict(found) == "fail"
    expected = "expected paper or sim or testnet (and 1 more)"
    assert found.found == f"{file}:2: mode: got 'simm', {expected}"
    assert findings[-1].name == "control socket"


def test_a_credential_file_that_others_may_read_is_a_warning(tmp_path):
    secret = tmp_path / "key"
    secret.write_text("abcdefgh")
    secret.chmod(0o644)
    environment = {"BINANCE_API_KEY_FILE": str(secret)}
    names = [one.name for one in doctor.examine(None, environment) if one.verdict == "warn"]
    assert "BINANCE_API_KEY_FILE" in names
    secret.chmod(0o600)
    assert "BINANCE_API_KEY_FILE" not in [one.name for one in doctor.examine(None, environment)]


@pytest.mark.parametrize(("verdicts", "code"), [(["ok", "warn"], 0), (["ok", "fail"], 1)])
def test_the_exit_code_says_whether_a_check_failed(verdicts, code, monkeypatch, capsys):
    findings = [
        machine.Finding(f"c{at}", one, "found", "" if one == "ok" else "do")
        for at, one in enumerate(verdicts)
    ]
    monkeypatch.setattr(doctor, "examine", lambda *_: iter(findings))
    assert main(["doctor"]) == code
    assert "-> do" in capsys.readouterr().out
    assert main(["doctor", "--json"]) == code
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is (code == 0)
    assert [row["verdict"] for row in told["checks"]] == verdicts


def test_the_verb_runs_by_itself():
    command = [sys.executable, "-m", "cli.main", "doctor", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode in (0, 1)
    assert len(json.loads(done.stdout)["checks"]) > 10
