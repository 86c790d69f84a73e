"""Imports point down only: Python's imports and Cython's cimports alike."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

#: Floor of each room; `cli` and `daemon` are the process itself.
FLOORS = {
    "market": 0,
    "books": 0,
    "connectors": 1,
    "cache": 1,
    "engine": 1,
    "arb": 2,
    "replay": 2,
    "node": 3,
    "sim": 4,
    "api": 4,
    "lab": 4,
    "cli": 5,
    "daemon": 5,
    "bench": 5,
}
#: On one floor, books speak the vocabulary of the market, a verb runs the daemon or a benchmark,
#: and the daemon takes its settings.
SAME_FLOOR = {("books", "market"), ("cli", "bench"), ("cli", "daemon"), ("daemon", "cli")}
_CIMPORT = re.compile(r"^\s*(?:from\s+([\w.]+)\s+c?import\b|c?import\s+([\w.]+))", re.MULTILINE)


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def sources() -> list[Path]:
    found = [ROOT / f"{name}.py" for name in ("node", "daemon")]
    for room in FLOORS:
        for pattern in ("*.py", "*.pyx", "*.pxd", "*.pyi"):
            found += sorted((ROOT / room).rglob(pattern))
    return [path for path in found if path.is_file()]


def imported(path: Path) -> set[str]:
    """Return the first names of all absolute imports of a file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix in (".py", ".pyi"):
        names = set()
        for one in ast.walk(ast.parse(text)):
            if isinstance(one, ast.Import):
                names |= {alias.name for alias in one.names}
            elif isinstance(one, ast.ImportFrom) and one.level == 0 and one.module:
                names.add(one.module)
    else:
        names = {first or second for first, second in _CIMPORT.findall(text)}
    return {name.partition(".")[0] for name in names if not name.startswith(".")}


def points_up(room: str, other: str) -> bool:
    """Whether an import from `room` of `other` breaks the plan."""
    if other not in FLOORS or other == room or (room, other) in SAME_FLOOR:
        return False
    return FLOORS[other] >= FLOORS[room]


@pytest.mark.parametrize("room", FLOORS)
def test_a_room_imports_only_from_floors_below(room):
    wrong = [
        f"{path.relative_to(ROOT)} imports {other}"
        for path in sources()
        if room_of(path) == room
        for other in sorted(imported(path))
        if points_up(room, other)
    ]
    assert wrong == []


def test_market_imports_nothing_of_ours():
    ours = {other for path in sources() if room_of(path) == "market" for other in imported(path)}
    assert ours & set(FLOORS) <= {"market"}


def test_every_room_that_exists_has_a_floor():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {
        "tests",
        "examples",
        "fuzz",
    }
    assert packages <= set(FLOORS)


def test_the_reader_of_imports_sees_cimports():
    """A cimport counts like an import, also inside a function."""
    text = (
        "from libc.stdint cimport int64_t\n  cimport market.frame\nfrom books.book cimport Book\n"
    )
    names = {first or second for first, second in _CIMPORT.findall(text)}
    assert {"libc.stdint", "market.frame", "books.book"} == names
    assert points_up("books", "connectors")
    assert points_up("market", "books")
    assert points_up("cache", "connectors")
    assert not points_up("books", "market")
    assert not points_up("node", "arb")
