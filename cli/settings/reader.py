"""From nodes to settings: every key checked, every problem collected, every origin kept."""

import contextlib
import re
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct, inspect

from .kinds import BadValueError, expectation, parse_scalar
from .node import Items, Node, Scalar, Table, described
from .problem import Origin, Problem, join, suggestion

#: Keys that hold credentials in other programs' files.
_SECRET_KEY = re.compile(
    r"(^|[_-])(secret|api[_-]?key|apikey|password|passphrase|private[_-]?key|token)s?($|[_-])",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(r"-----BEGIN (?!PUBLIC KEY)|://[^/\s]*@")
NOT_IN_FILES = (
    "secrets are never read from a file; delete it here, change the secret if this file was"
    " shared, and set it in the environment (BINANCE_API_KEY, BINANCE_API_SECRET,"
    " COINBASE_API_KEY, ... or the same name with _FILE)"
)


@cache
def field_types(section: type[Struct]) -> dict[str, tuple[str, inspect.Type]]:
    """Return (attribute, type) of each key of a section, by the key's spelling in the file."""
    info = inspect.type_info(section)
    assert isinstance(info, inspect.StructType)
    return {one.encode_name: (one.name, one.type) for one in info.fields}


def bare(kind: inspect.Type) -> inspect.Type:
    """Return a type without its description."""
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def is_secret_key(key: str) -> bool:
    """Tell whether a key's name says that it holds a credential."""
    return _SECRET_KEY.search(key) is not None


class _Refused(Exception):  # noqa: N818 - carries nothing; the problem is already noted
    """A value was refused and stays out of its section."""


class Reader:
    """Reads nodes into sections; collects problems, and origins by the path of each leaf."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.origins: dict[str, Origin] = {}

    def section(
        self, cls: type[Struct], table: Table, path: str, base: Struct | None
    ) -> dict[str, Any]:
        """Return the values that `table` gives for attributes of `cls`; bad ones are left out.

        `base` holds the defaults, None for a section that has none.
        """
        types = field_types(cls)
        values: dict[str, Any] = {}
        for key, node in table.entries.items():
            at = join(path, key)
            if key not in types:
                self._unknown(key, at, list(types), table.places.get(key, node.origin))
                continue
            name, kind = types[key]
            default = getattr(base, name) if base is not None else None
            try:
                values[name] = self._value(kind, node, at, default)
            except _Refused:
                continue
        return values

    def _unknown(self, key: str, path: str, known: list[str], origin: Origin) -> None:
        if is_secret_key(key):
            self.problems.append(Problem(path, NOT_IN_FILES, origin))
        else:
            self.problems.append(Problem(path, f"unknown key, {suggestion(key, known)}", origin))

    def _refuse(self, node: Node, path: str, expected: str) -> _Refused:
        if isinstance(node, Scalar) and _SECRET_VALUE.search(node.text):
            message = NOT_IN_FILES
        else:
            message = f"got {described(node)}, expected {expected}"
        self.problems.append(Problem(path, message, node.origin))
        return _Refused()

    def _value(self, kind: inspect.Type, node: Node, path: str, default: object) -> Any:
        inner = bare(kind)
        if isinstance(inner, inspect.UnionType):
            wanted = inspect.LiteralType if isinstance(node, Scalar) else inspect.VarTupleType
            inner = next(one for one in inner.types if isinstance(one, wanted))
            if isinstance(node, Scalar) and node.text not in inner.values:  # type: ignore[union-attr]
                raise self._refuse(node, path, expectation(kind))
        if isinstance(inner, inspect.StructType):
            return self._struct(inner, kind, node, path, default)
        if isinstance(inner, inspect.VarTupleType):
            return self._list(inner, kind, node, path)
        if isinstance(inner, inspect.DictType):
            return self._dict(inner, kind, node, path)
        if not isinstance(node, Scalar) or node.null:
            raise self._refuse(node, path, expectation(kind))
        if _SECRET_VALUE.search(node.text):
            raise self._refuse(node, path, expectation(kind))
        self.origins[path] = node.origin
        try:
            return parse_scalar(kind if inner is bare(kind) else inner, node.text, node.quoted)
        except BadValueError as error:
            raise self._refuse(node, path, str(error)) from None

    def _struct(
        self,
        inner: inspect.StructType,
        kind: inspect.Type,
        node: Node,
        path: str,
        default: object,
    ) -> Struct:
        if isinstance(node, Scalar) and node.null:
            node = Table(node.origin)  # every key of the section is commented out
        if not isinstance(node, Table):
            raise self._refuse(node, path, expectation(kind))
        before = len(self.problems)
        base = default if isinstance(default, Struct) else None
        values = self.section(inner.cls, node, path, base)
        if base is not None:
            return msgspec.structs.replace(base, **values)
        for one in inner.fields:
            if one.required and one.encode_name not in node.entries:
                message = f"missing, expected {expectation(one.type)}"
                self.problems.append(Problem(join(path, one.encode_name), message, node.origin))
        if len(self.problems) > before:
            raise _Refused
        section: Struct = inner.cls(**values)
        return section

    def _dict(
        self, inner: inspect.DictType, kind: inspect.Type, node: Node, path: str
    ) -> dict[str, Any]:
        if not isinstance(node, Table):
            raise self._refuse(node, path, expectation(kind))
        self.origins[path] = node.origin
        found: dict[str, Any] = {}
        for key, item in node.entries.items():
            with contextlib.suppress(_Refused):
                found[key] = self._value(inner.value_type, item, join(path, key), None)
        if len(found) < len(node.entries):
            raise _Refused
        return found

    def _list(
        self, inner: inspect.VarTupleType, kind: inspect.Type, node: Node, path: str
    ) -> tuple[Any, ...]:
        if isinstance(node, Scalar) and node.origin.kind != "file":
            words = [word.strip() for word in node.text.split(",")] if node.text.strip() else []
            node = Items(tuple(Scalar(word, node.origin) for word in words), node.origin)
        if not isinstance(node, Items):
            raise self._refuse(node, path, expectation(kind))
        if inner.max_length is not None and len(node.items) > inner.max_length:
            raise self._refuse(node, path, f"a list of at most {inner.max_length}")
        self.origins[path] = node.origin
        found: list[Any] = []
        whole = True
        for index, item in enumerate(node.items):
            try:
                found.append(self._value(inner.item_type, item, f"{path}[{index}]", None))
            except _Refused:
                whole = False
        if not whole:
            raise _Refused
        return tuple(found)
