"""Whether the compiled core is there and was built from the sources that lie beside it."""

import importlib
from collections.abc import Callable, Sequence
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from .doctor_machine import Finding

ROOT = Path(__file__).parent.parent
ROOMS = ("market", "books", "connectors", "cache", "engine", "arb", "replay", "sim")
_REBUILD = "run `make build`"


def compiled_modules(root: Path = ROOT) -> list[str]:
    """Return the names of all modules that should be compiled, by their sources or binaries."""
    found: set[str] = set()
    for room in ROOMS:
        folder = root / room
        found |= {_name(path, root) for path in folder.rglob("*.pyx")}
        # An installed package has no sources beside it.
        for suffix in EXTENSION_SUFFIXES:
            found |= {_name(path, root) for path in folder.rglob(f"*{suffix}")}
    return sorted(found)


def check_core(
    names: Sequence[str] | None = None,
    root: Path = ROOT,
    load: Callable[[str], object] = importlib.import_module,
) -> Finding:
    """Every compiled module can be imported and is newer than its source and its rooms' headers."""
    name = "compiled core"
    modules = compiled_modules(root) if names is None else names
    broken: list[str] = []
    stale: list[str] = []
    for module in modules:
        try:
            load(module)
        except ImportError as error:
            broken.append(f"{module} ({error})")
            continue
        if _is_stale(module, root):
            stale.append(module)
    if not modules:
        return Finding(name, "fail", "no compiled module at all", _REBUILD)
    if broken:
        return Finding(name, "fail", f"cannot import {_listed(broken)}", _REBUILD)
    if stale:
        return Finding(name, "fail", f"older than its sources: {_listed(stale)}", _REBUILD)
    return Finding(name, "ok", f"{len(modules)} modules, built from these sources")


def _name(path: Path, root: Path) -> str:
    inside = path.relative_to(root)
    return ".".join([*inside.parent.parts, inside.name.partition(".")[0]])


def _is_stale(module: str, root: Path) -> bool:
    base = root.joinpath(*module.split("."))
    sources = [
        path for path in (base.with_suffix(".pyx"), base.with_suffix(".pxd")) if path.exists()
    ]
    binaries = [base.parent / f"{base.name}{suffix}" for suffix in EXTENSION_SUFFIXES]
    built = next((path for path in binaries if path.exists()), None)
    if built is None or not sources:
        return False
    built_ns = built.stat().st_mtime_ns
    return any(path.stat().st_mtime_ns > built_ns for path in sources)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
