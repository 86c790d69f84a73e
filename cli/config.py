"""`crossquote config`: check the configuration, show it as it is in force, describe its keys."""

import argparse
import os
from pathlib import Path
from typing import Any

import msgspec

from .output import emit, emit_json, report_refusal
from .settings import MASK, Loaded, Settings, SettingsError, load
from .settings.reference import reference
from .settings.render import render

_EXAMPLES = """examples:
  crossquote config check
  crossquote config check --config trading.yaml --json
  crossquote config show
  crossquote config schema > schema.json
  crossquote config reference > docs/configuration.md

exit codes: 0 fine, 2 the configuration is refused, or wrong usage
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    actions = {
        "check": "say whether the configuration is valid, and everything that is wrong with it",
        "show": "print the configuration in force, and where each value comes from",
        "schema": "print the JSON Schema of the file, with every key's description",
        "reference": "print the page that describes every key, in Markdown",
    }
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "action",
        choices=actions,
        metavar="ACTION",
        help="; ".join(f"{name}: {text}" for name, text in actions.items()),
    )
    add_config_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_config_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--config FILE`, the same for every verb that reads the configuration."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the configuration file (default: config.yaml here, else the built-in defaults)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the verb; returns 0, or 2 for a configuration that is refused."""
    if args.action == "schema":
        emit_json(schema())
        return 0
    if args.action == "reference":
        emit(reference())
        return 0
    try:
        loaded = load(args.config, os.environ)
    except SettingsError as error:
        return report_refusal(error, as_json=args.json)
    if args.action == "show":
        if args.json:
            emit_json(shown(loaded))
        else:
            emit(render(loaded))
        return 0
    if args.json:
        emit_json({"ok": True, "file": _name(loaded), "mode": loaded.settings.mode, "problems": []})
    else:
        emit(_summary(loaded))
    return 0


def schema() -> dict[str, object]:
    """Return the JSON Schema of the file."""
    found = msgspec.json.schema(Settings)
    for section in found["$defs"].values():
        # A section whose keys are all commented out is nothing, which means its defaults.
        section["type"] = ["object", "null"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def _name(loaded: Loaded) -> str | None:
    return str(loaded.file) if loaded.file else None


def _summary(loaded: Loaded) -> str:
    settings = loaded.settings
    venues = ", ".join(
        f"{name} ({len(venue.instruments)})" for name, venue in settings.venues.enabled().items()
    )
    name = _name(loaded) or "No config.yaml here, the built-in defaults"
    changed = [path for path, _, origin in loaded.leaves() if origin.kind == "environment"]
    overrides = f"\n  from the environment: {', '.join(changed)}" if changed else ""
    return f"{name}: valid\n  mode: {settings.mode}\n  venues (instruments): {venues}{overrides}"


def shown(loaded: Loaded) -> dict[str, Any]:
    """Return the configuration in force with the origin of each value; secrets are masked."""
    origins = {
        path: {"source": origin.kind, "where": origin.name} for path, _, origin in loaded.leaves()
    }
    secrets = {
        name: {"value": MASK, "where": loaded.secrets.origins[name].name} for name in loaded.secrets
    }
    return {
        "file": _name(loaded),
        "settings": msgspec.to_builtins(loaded.settings),
        "origins": origins,
        "secrets": secrets,
    }
