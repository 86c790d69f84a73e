"""The shipped configuration file."""

import re
from pathlib import Path

import msgspec

from cli.settings import Settings, load
from cli.settings.load import build
from cli.settings.yaml_file import read_file, read_text

SHIPPED = Path(__file__).parents[2] / "config.yaml"


def test_the_shipped_file_is_the_default_world():
    assert load(SHIPPED, {}).settings == Settings(version=1)


def test_the_commented_keys_are_all_keys_at_their_defaults():
    text = re.sub(r"^(\s*)#(?=\S)", r"\1", SHIPPED.read_text(), flags=re.MULTILINE)
    settings, origins, problems = build(read_text(text, "uncommented"))
    assert problems == []
    assert settings == Settings(version=1)
    assert set(origins) >= {path for path, _, _ in load(None, {}).leaves()}


def test_the_shipped_file_changes_nothing_but_version_and_mode():
    _, origins, _ = build(read_file(SHIPPED))
    assert list(origins) == ["version", "mode"]


def test_the_defaults_pass_their_own_declared_bounds():
    defaults = Settings(version=1)
    assert msgspec.convert(msgspec.to_builtins(defaults), Settings) == defaults
