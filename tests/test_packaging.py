"""The rooms are ours alone, load from one folder and travel whole."""

import ast
import importlib
import sys
import tomllib
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

import pytest
from setuptools import Distribution
from setuptools.config.pyprojecttoml import apply_configuration

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MODULES = PYPROJECT["tool"]["setuptools"]["py-modules"]
LISTED = [
    name
    for name in PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    if "." not in name
]
OURS = [*LISTED, *MODULES]


def rooms() -> set[str]:
    """Return the rooms there are: top-level packages that are no tests or examples."""
    return {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "examples", "fuzz"}


def test_every_room_is_listed_for_packaging_checking_and_sorting():
    assert rooms() == set(LISTED)
    include = PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {f"{room}.*" for room in LISTED} == {name for name in include if "." in name}
    checked = PYPROJECT["tool"]["mypy"]["files"]
    assert rooms() <= {name.removesuffix(".py") for name in checked}
    assert rooms() <= set(PYPROJECT["tool"]["ruff"]["lint"]["isort"]["known-first-party"])
    assert all((ROOT / f"{module}.py").is_file() for module in MODULES)


def test_every_room_with_compiled_sources_is_built():
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    built = next(
        ast.literal_eval(line.value)
        for line in tree.body
        if isinstance(line, ast.Assign) and getattr(line.targets[0], "id", "") == "ROOMS"
    )
    compiled = {path.relative_to(ROOT).parts[0] for path in ROOT.glob("[a-z]*/**/*.pyx")}
    assert compiled - {"build", "tests"} <= set(built) <= rooms()


def test_every_compiled_module_has_its_stub_beside_it():
    missing = [
        str(path.relative_to(ROOT))
        for room in LISTED
        for path in (ROOT / room).rglob("*.pyx")
        if not path.with_suffix(".pyi").is_file()
    ]
    assert missing == []


def test_every_room_says_that_it_is_typed():
    assert [room for room in LISTED if not (ROOT / room / "py.typed").is_file()] == []


@pytest.mark.parametrize("name", OURS)
def test_a_top_level_name_is_no_other_distributions(name):
    """Installed beside a package of the same name, one of the two would hide the other."""
    owners = set(packages_distributions().get(name, [])) | {
        one.metadata["Name"]
        for one in distributions()
        if name in (one.read_text("top_level.txt") or "").split()
    }
    assert owners <= {PYPROJECT["project"]["name"]}


def test_all_top_level_names_load_from_one_folder():
    homes = set()
    for name in OURS:
        origin = Path(str(importlib.import_module(name).__file__)).resolve()
        homes.add(origin.parent if name in MODULES else origin.parent.parent)
    assert len(homes) == 1


def test_no_top_level_name_hides_the_standard_library():
    assert not set(OURS) & sys.stdlib_module_names


def test_a_wheel_carries_stubs_headers_tables_and_the_typing_mark(monkeypatch):
    """What setuptools itself lists for a build of the rooms."""
    monkeypatch.chdir(ROOT)
    distribution = Distribution({"script_name": "setup.py"})
    apply_configuration(distribution, "pyproject.toml")
    build = distribution.get_command_obj("build_py")
    build.ensure_finalized()
    carried = {
        (Path(folder) / name).as_posix()
        for _, folder, _, names in build._get_data_files()
        for name in names
    }
    wanted = {
        path.relative_to(ROOT).as_posix()
        for room in LISTED
        for pattern in ("*.pyi", "*.pxd", "*.json", "py.typed")
        for path in (ROOT / room).rglob(pattern)
    }
    assert wanted
    assert wanted <= carried
    modules = {
        Path(path).relative_to(ROOT).as_posix() if Path(path).is_absolute() else path
        for _, _, path in build.find_all_modules()
    }
    assert {f"{module}.py" for module in MODULES} <= modules
