"""The unit: valid for systemd, watched, and hardened."""

import configparser
import shutil
import sys
from pathlib import Path

import pytest

from .places import DEPLOY, run

UNIT = DEPLOY / "systemd" / "crossquote.service"
_INSTALLED = "/opt/crossquote/bin/crossquote"
#: Exposure by systemd's own count, in tenths: 14 as it stands, of 100.
EXPOSURE_MAX = 20


@pytest.fixture
def analyze():
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    return found


@pytest.fixture
def unit(tmp_path):
    """The unit with the command of this installation, for systemd looks whether there is one."""
    command = Path(sys.executable).with_name("crossquote")
    if not command.exists():
        pytest.skip("crossquote is not installed beside this Python")
    found = tmp_path / UNIT.name
    found.write_text(UNIT.read_text(encoding="utf-8").replace(_INSTALLED, str(command)))
    return found


def test_systemd_accepts_the_unit(analyze, unit):
    assert run(analyze, "verify", "--man=no", unit) == (0, "")


def test_systemd_would_refuse_another(analyze, unit):
    unit.write_text(unit.read_text().replace("WatchdogSec=30", "WatchdogSec=often"))
    assert "often" in run(analyze, "verify", "--man=no", unit)[1]


def test_little_is_exposed(analyze, unit):
    code, told = run(
        analyze, "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager", unit
    )
    assert code == 0, told.splitlines()[-1]


def test_the_manager_is_notified_and_watches():
    text = configparser.RawConfigParser(strict=False)
    text.optionxform = str
    text.read(UNIT)
    service = text["Service"]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) == 30
    assert service["Restart"] == "on-failure"
    assert service["User"] == "crossquote"
