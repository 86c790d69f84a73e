"""Overrides from the environment: `CROSSQUOTE__VENUES__BINANCE__SILENCE_MS=3000`.

Two underscores stand between the parts, `-` in a key is `_`, case does not matter, and a list is
written with commas. A variable that names no key is refused like an unknown key in the file.
"""

from collections.abc import Mapping

from msgspec import Struct, inspect

from .model import Settings
from .node import Node, Scalar, Table
from .problem import Origin, Problem, shown, suggestion
from .reader import NOT_IN_FILES, bare, field_types, is_secret_key

PREFIX = "CROSSQUOTE__"


def overlay_environment(table: Table, environment: Mapping[str, str]) -> list[Problem]:
    """Lay the overrides of `environment` over `table`; returns the problems of their names."""
    problems: list[Problem] = []
    taken: dict[tuple[str, ...], str] = {}
    for name in sorted(environment):
        if not name.upper().startswith(PREFIX):
            continue
        origin = Origin("environment", shown(name) if not name.isprintable() else name)
        try:
            path = _resolve(name[len(PREFIX) :])
        except ValueError as error:
            problems.append(Problem("", str(error), origin))
            continue
        if path in taken:
            problems.append(Problem("", f"sets the same key as {taken[path]}; keep one", origin))
            continue
        taken[path] = name
        put(table, path, Scalar(environment[name], origin))
    return problems


def overlay_flags(table: Table, flags: Mapping[str, str]) -> None:
    """Lay values of the command line over `table`; keys are paths like `recording.dir`."""
    for path, text in flags.items():
        put(table, tuple(path.split(".")), Scalar(text, Origin("command line", path)))


def put(table: Table, path: tuple[str, ...], node: Node) -> None:
    """Set the value at a path, making sections on the way.

    Where the file has something else in a section's place, that stays, to be refused later.
    """
    for key in path[:-1]:
        inner = table.entries.get(key)
        if inner is None or (isinstance(inner, Scalar) and inner.null):
            inner = table.entries[key] = Table(node.origin)
            table.places.setdefault(key, node.origin)
        if not isinstance(inner, Table):
            return
        table = inner
    table.entries[path[-1]] = node
    table.places[path[-1]] = node.origin


def _resolve(rest: str) -> tuple[str, ...]:
    """Return the path of keys that a variable names; ValueError says what is wrong with it."""
    section: type[Struct] | None = Settings
    path: list[str] = []
    for part in rest.lower().split("__"):
        if section is None:
            raise ValueError(f"{'.'.join(path)} is one value and has no keys below it")
        keys = field_types(section).items()
        types = {key.replace("-", "_"): (key, kind) for key, (_, kind) in keys}
        if part not in types:
            if is_secret_key(part):
                raise ValueError(NOT_IN_FILES)
            where = f" in {'.'.join(path)}" if path else ""
            raise ValueError(f"unknown key {shown(part)}{where}, {suggestion(part, types)}")
        key, kind = types[part]
        path.append(key)
        inner = bare(kind)
        section = inner.cls if isinstance(inner, inspect.StructType) else None
    if section is not None:
        raise ValueError(f"{'.'.join(path)} is a section, name one of its keys")
    return tuple(path)
