"""The source distribution builds a wheel, and the wheel runs where nothing of the sources is."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv

import pytest

from .places import ROOT, run

_LEFT_OUT = shutil.ignore_patterns(
    ".*", "build", "dist", "*.so", "*.c", "__pycache__", "*.egg-info", "recordings", "logs"
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder of a fresh environment with the wheel; dependencies are those of this one."""
    home = tmp_path_factory.mktemp("wheel")
    source, out = home / "source", home / "dist"
    shutil.copytree(ROOT, source, ignore=_LEFT_OUT)
    code, told = run(sys.executable, "setup.py", "-q", "sdist", "--dist-dir", out, cwd=source)
    assert code == 0, told[-2000:]
    (archive,) = out.glob("crossquote-*.tar.gz")
    pip = [sys.executable, "-m", "pip"]
    options = ["--no-build-isolation", "--no-deps", "--no-index"]
    code, told = run(*pip, "wheel", *options, "--wheel-dir", out, archive)
    assert code == 0, told[-2000:]
    (wheel,) = out.glob("crossquote-*.whl")
    fresh = home / "fresh"
    venv.create(fresh, with_pip=False)
    site = next(fresh.glob("lib/python*/site-packages"))
    code, told = run(*pip, "--python", fresh / "bin" / "python", "install", *options, wheel)
    assert code == 0, told[-2000:]
    # A path alone brings no editable installation with it: those are hooks of their own folder.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return fresh


@pytest.mark.slow
def test_the_installed_command_tells_its_version_and_runs(installed, tmp_path):
    command = installed / "bin" / "crossquote"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["CROSSQUOTE__L2__PATH"] = str(tmp_path / "quotes.l2")
    code, told = run(command, "--version", cwd=tmp_path, env=environment)
    assert code == 0, told
    assert told.startswith("crossquote 0.")
    done = subprocess.run(
        [command, "run", "--for", "5", "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["inputs"] > 100
    assert all(book["state"] == "live" for book in found["books"])
    code, told = run(
        command, "replay", "recordings", "--verify", "--json", cwd=tmp_path, env=environment
    )
    assert code == 0, told


@pytest.mark.slow
def test_nothing_of_the_sources_is_used(installed, tmp_path):
    code, told = run(
        installed / "bin" / "python", "-c", "import node; print(node.__file__)", cwd=tmp_path
    )
    assert code == 0
    assert str(installed) in told
