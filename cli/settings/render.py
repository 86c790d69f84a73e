"""The configuration in force as YAML that can be read back, with the origin of each value."""

import json
import re
from typing import Any

from .load import Loaded
from .secrets import MASK

_PLAIN = re.compile(r"[A-Za-z./][A-Za-z0-9_./:-]*")
_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
_COLUMN = 56


def render(loaded: Loaded) -> str:
    """Return the settings as the text of a configuration file, secrets masked."""
    source = f"{loaded.file} over the defaults" if loaded.file else "the defaults: no file was read"
    out = [f"# The configuration in force, from {source}. Each line says where it comes from."]
    inside: tuple[str, ...] = ()
    for path, value, origin in loaded.leaves():
        *sections, key = path.split(".")
        common = _common(inside, tuple(sections))
        out += [f"{'  ' * at}{sections[at]}:" for at in range(common, len(sections))]
        inside = tuple(sections)
        line = f"{'  ' * len(sections)}{key}: {_value(value)}"
        out.append(f"{line:<{_COLUMN}}  # {origin}")
    out += _secrets(loaded)
    return "\n".join(out) + "\n"


def scalar(value: object) -> str:
    """Return one value as YAML; text that YAML could take for something else is quoted."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and not text.endswith(":"):
        return text
    return json.dumps(text, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return scalar(value)


def _common(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count


def _secrets(loaded: Loaded) -> list[str]:
    if not loaded.secrets:
        return ["# No credentials are set; public data needs none."]
    return ["# Credentials:"] + [
        f"#   {name}: {MASK}  ({loaded.secrets.origins[name]})" for name in loaded.secrets
    ]
