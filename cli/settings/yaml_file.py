"""Reading a configuration file: a small, strict part of YAML, into nodes that know their line.

Refused with the line: duplicate keys, anchors, aliases, tags, several documents, keys that are not
plain text, and nesting deeper than DEPTH_MAX.
"""

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import yaml

from .node import Items, Node, Scalar, Table
from .problem import Origin, Problem, SettingsError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE_BYTES_MAX = 256 * 1024
DEPTH_MAX = 12


def read_file(path: Path) -> Table:
    """Return the file's top section. Raises SettingsError with what is wrong with it."""
    origin = Origin("file", str(path))
    try:
        with path.open("rb") as stream:
            data = stream.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        _refuse(origin, "there is no such file; give its path with --config")
    except IsADirectoryError:
        _refuse(origin, "is a folder, expected a YAML file")
    except PermissionError:
        _refuse(origin, "may not be read by this user; check its owner and mode")
    except OSError as error:
        _refuse(origin, f"cannot be read: {error.strerror or error}")
    except ValueError as error:
        _refuse(Origin("file", shown(str(path))), f"is not a path: {error}")
    if len(data) > FILE_BYTES_MAX:
        _refuse(origin, f"is larger than {FILE_BYTES_MAX // 1024} KiB, no configuration is")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        _refuse(Origin("file", f"{path}:{line}"), f"is not UTF-8 text: byte {error.start}")
    return read_text(text, str(path))


def read_text(text: str, name: str) -> Table:
    """Return the top section of YAML text; `name` stands for it in messages."""
    try:
        return _Reader(text, name).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        column = f" (column {mark.column + 1})" if mark else ""
        words = error.problem or error.context or "unreadable"
        _refuse(Origin("file", name + line), f"is not YAML: {words}{column}")
    except yaml.reader.ReaderError as error:
        line = str(text.count("\n", 0, error.position) + 1)
        what = f"character U+{int(error.character):04X} is not allowed"
        _refuse(Origin("file", f"{name}:{line}"), f"is not YAML: {what}")


def _refuse(origin: Origin, message: str, path: str = "") -> NoReturn:
    raise SettingsError([Problem(path, message, origin)]) from None


class _Reader:
    """Turns the parser's events into nodes; recursion is bounded by DEPTH_MAX."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._duplicates: list[Problem] = []

    def document(self) -> Table:
        next(self._events)
        start = next(self._events)
        if isinstance(start, yaml.StreamEndEvent):
            _refuse(Origin("file", self._name), "is empty; expected at least `version: 1`")
        first = next(self._events)
        node = self._node(first, 0)
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            _refuse(self._place(after), "starts a second document, expected one")
        if self._duplicates:
            raise SettingsError(self._duplicates)
        if isinstance(node, Scalar) and node.null:
            _refuse(Origin("file", self._name), "is empty; expected at least `version: 1`")
        if not isinstance(node, Table):
            _refuse(node.origin, "holds no `key: value` lines; expected at least `version: 1`")
        return node

    def _place(self, event: yaml.Event) -> Origin:
        mark = event.start_mark
        return Origin("file", f"{self._name}:{mark.line + 1}" if mark else self._name)

    def _node(self, event: yaml.Event, depth: int) -> Node:
        origin = self._place(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            _refuse(origin, "anchors (&name) and aliases (*name) are not supported; write it out")
        if tag := getattr(event, "tag", None):
            _refuse(origin, f"tags ({shown(str(tag))}) are not supported")
        if depth > DEPTH_MAX:
            _refuse(origin, f"is nested deeper than {DEPTH_MAX} levels")
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, origin, quoted=event.style is not None)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(origin, depth)
        return self._table(origin, depth)

    def _items(self, origin: Origin, depth: int) -> Items:
        found: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._node(event, depth + 1))
        return Items(tuple(found), origin)

    def _table(self, origin: Origin, depth: int) -> Table:
        table = Table(origin)
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            place = self._place(event)
            if not isinstance(key, Scalar):
                _refuse(place, "a key must be plain text")
            value = self._node(next(self._events), depth + 1)
            if key.text in table.entries:
                first = table.places[key.text].name.rpartition(":")[2]
                message = f"key {shown(key.text)} stands twice, first on line {first}; keep one"
                self._duplicates.append(Problem("", message, place))
                continue
            table.entries[key.text] = value
            table.places[key.text] = place
        return table
