"""The configuration in force: file, environment and command line over the defaults."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from .environment import overlay_environment, overlay_flags
from .model import Settings
from .node import Table
from .problem import DEFAULT, Origin, Problem, SettingsError
from .reader import Reader
from .rules import broken_rules
from .secrets import Secrets, read_secrets
from .testnet_rules import missing_keys
from .yaml_file import read_file

DEFAULT_FILE = Path("config.yaml")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings with where they come from; `file` is None when there was none to read."""

    settings: Settings
    secrets: Secrets
    file: Path | None
    origins: Mapping[str, Origin]

    def origin(self, path: str) -> Origin:
        """Return where the value at `path` comes from."""
        return self.origins.get(path, DEFAULT)

    def leaves(self) -> list[tuple[str, Any, Origin]]:
        """Return (path, value, origin) of every key, in the order of the file."""
        found: list[tuple[str, Any, Origin]] = []
        _walk(msgspec.to_builtins(self.settings), "", found)
        return [(path, value, self.origin(path)) for path, value, _ in found]


def _walk(value: Any, path: str, found: list[tuple[str, Any, Origin]]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _walk(inner, f"{path}.{key}" if path else key, found)
    else:
        found.append((path, value, DEFAULT))


def load(
    file: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, str] | None = None,
) -> Loaded:
    """Return the configuration in force; raises SettingsError with every problem at once.

    `file` None means `config.yaml` in the present folder, or the defaults where there is none.
    `flags` are values of the command line by path, `{"mode": "paper"}`; they win over the
    environment, which wins over the file.
    """
    path = file or (DEFAULT_FILE if os.access(DEFAULT_FILE, os.F_OK) else None)
    table, problems = _read(path)
    problems += overlay_environment(table, environment)
    overlay_flags(table, flags or {})
    secrets, secret_problems = read_secrets(environment)
    settings, origins, found = build(table)
    problems += [*found, *secret_problems, *missing_keys(settings, secrets)]
    if problems:
        raise SettingsError(problems)
    return Loaded(settings, secrets, path, origins)


def _read(path: Path | None) -> tuple[Table, list[Problem]]:
    """Return what the file holds; a file that cannot be read is a problem beside the others."""
    if path is None:
        return Table(DEFAULT), []
    try:
        table = read_file(path)
    except SettingsError as error:
        return Table(DEFAULT), list(error.problems)
    if "version" not in table.entries:
        origin = Origin("file", str(path))
        return table, [Problem("version", "missing, expected `version: 1`", origin)]
    return table, []


def build(table: Table) -> tuple[Settings, dict[str, Origin], list[Problem]]:
    """Return settings from nodes over the defaults, the leaves' origins and the problems."""
    reader = Reader()
    base = Settings(version=1)
    settings = msgspec.structs.replace(base, **reader.section(Settings, table, "", base))
    bad = [problem.path for problem in reader.problems]
    for path, message in broken_rules(settings):
        # A key that was refused stands at its default: what follows from that is no finding.
        if any(one.startswith(path) or path.startswith(one) for one in bad):
            continue
        reader.problems.append(Problem(path, message, _nearest(reader.origins, path)))
    return settings, reader.origins, reader.problems


def _nearest(origins: Mapping[str, Origin], path: str) -> Origin:
    """Return the origin of a path or of the list that holds it."""
    return origins.get(path) or origins.get(path.partition("[")[0], DEFAULT)
