"""The reference of the configuration as a page of Markdown, made from the schema alone."""

from collections.abc import Iterator

from msgspec import NODEFAULT, Struct, inspect

from .kinds import expectation
from .model import Settings, Venues, VenueSettings
from .reader import bare
from .render import scalar
from .secrets import SECRET_NAMES

_HEAD = """# Configuration reference

This page is made by `crossquote config reference`; do not edit it. One YAML file, `config.yaml` in
the folder in which the command is started or the one that `--config` names, says how the daemon
runs. Every key has a default: a file with `version: 1` alone is complete. `crossquote config check`
says what is wrong with a file, `crossquote config show` what is in force and where each value
comes from.

- An unknown key or a value out of its bounds is refused at the start, with its place and what was
  expected.
- Any single value can be set in the environment: CROSSQUOTE and the names of the path, in capitals,
  with two underscores between them: `CROSSQUOTE__LOG__LEVEL=debug` sets `log.level`. Dashes are
  underscores, lists take commas.
- Paths are relative to the folder in which the command is started.
- Fees, margins and amounts are exact decimal text: `"0.001"`.
"""
_SECRETS = """
## Credentials

Credentials never stand in the file: a key that looks like one is refused. They are read from the
environment, or from the file that the same name with `_FILE` behind it names, and are masked
wherever they might be printed. Public market data needs none.
"""


def reference() -> str:
    """Return the page."""
    out = [_HEAD]
    out += _table("", Settings(version=1), Settings)
    for name, kind in _sections(Settings):
        if kind.cls is Venues:
            out += _venues(name)
        else:
            default = getattr(Settings(version=1), name)
            out += ["", f"## `{name}`", "", _text(kind.cls), "", *_table(name, default, kind.cls)]
    out += [_SECRETS, *(f"- `{name}`" for name in SECRET_NAMES)]
    return "\n".join(out) + "\n"


def _sections(cls: type[Struct]) -> Iterator[tuple[str, inspect.StructType]]:
    """Yield the keys of a section that are sections themselves."""
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    for one in info.fields:
        kind = bare(one.type)
        if isinstance(kind, inspect.StructType):
            yield one.encode_name, kind


def _rows(
    path: str, default: Struct | None, cls: type[Struct]
) -> Iterator[tuple[str, str, str, str]]:
    """Yield path, default, what is accepted and description of each value, sections opened."""
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    for one in info.fields:
        name = f"{path}.{one.encode_name}" if path else one.encode_name
        kind = bare(one.type)
        if isinstance(kind, inspect.StructType):
            if path:
                yield from _rows(name, getattr(default, one.name, None), kind.cls)
            continue
        value = getattr(default, one.name) if default is not None else one.default
        if default is None and one.default is NODEFAULT:
            value = one.default_factory() if one.default_factory is not NODEFAULT else NODEFAULT
        yield f"`{name}`", _default(value), _accepted(one.type), described(one.type)
        item = _item(kind)
        if item is not None:
            yield from _rows(f"{name}[]", None, item)


def _table(path: str, default: Struct | None, cls: type[Struct]) -> list[str]:
    head = ["| key | default | accepts | what it is |", "|---|---|---|---|"]
    rows = _rows(path, default, cls)
    return head + [f"| {' | '.join(_cell(word) for word in row)} |" for row in rows]


def _venues(name: str) -> list[str]:
    """Return the section of the venues: what each has, and the defaults in which they differ."""
    venues = dict(Venues())
    info = inspect.type_info(Venues)
    assert isinstance(info, inspect.StructType)
    out = ["", f"## `{name}`", "", "Every venue has these keys; VENUE is one of:", ""]
    out += [f"- `{one.encode_name}`: {described(one.type)}" for one in info.fields]
    out += ["", "| key | default | accepts | what it is |", "|---|---|---|---|"]
    differ = [f"| key | {' | '.join(f'`{venue}`' for venue in venues)} |"]
    differ.append("|---" * (1 + len(venues)) + "|")
    listed = [_rows(f"{name}.VENUE", one, VenueSettings) for one in venues.values()]
    for rows in zip(*listed, strict=True):
        key, first, accepted, text = rows[0]
        defaults = [row[1] for row in rows]
        same = len(set(defaults)) == 1
        shown = first if same else "see below"
        out.append(f"| {key} | {_cell(shown)} | {_cell(accepted)} | {_cell(text)} |")
        if not same:
            differ.append(f"| {key} | {' | '.join(_cell(one) for one in defaults)} |")
    return [*out, "", "Where the defaults differ:", "", *differ]


def _item(kind: inspect.Type) -> type[Struct] | None:
    """Return the section that a list holds, be it one of several kinds; None for plain values."""
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    for one in kinds:
        if isinstance(one, inspect.VarTupleType):
            item = bare(one.item_type)
            if isinstance(item, inspect.StructType):
                return item.cls
    return None


def described(kind: inspect.Type) -> str:
    """Return the description of a key."""
    found = kind.extra_json_schema if isinstance(kind, inspect.Metadata) else None
    return str((found or {}).get("description", ""))


def _accepted(kind: inspect.Type) -> str:
    words = expectation(kind)
    inner = bare(kind)
    if isinstance(inner, inspect.VarTupleType) and inner.max_length is not None:
        words += f" of at most {inner.max_length}"
    return words


def _default(value: object) -> str:
    if value is NODEFAULT:
        return "must be given"
    if isinstance(value, list | tuple):
        words = "[" + ", ".join(scalar(one) for one in value) + "]"
    elif isinstance(value, dict):
        words = "{}"
        assert not value, "defaults of mappings are empty"
    elif value == "":
        words = '""'
    else:
        words = scalar(value)
    return f"`{words}`"


def _text(cls: type[Struct]) -> str:
    return (cls.__doc__ or "").partition("\n")[0]


def _cell(word: str) -> str:
    return word.replace("|", "\\|")
