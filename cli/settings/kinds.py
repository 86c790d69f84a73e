"""Kinds of values: how a key is declared, and how its text becomes a value."""

import re
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec import Meta, inspect

TextFormat: TypeAlias = Literal[
    "text", "ws_url", "rest_url", "local_url", "path", "file", "socket_path", "public_key"
]

#: The kernel's bound on the address of a Unix socket, without the closing zero.
SOCKET_PATH_BYTES_MAX = 107
TEXT_MAX = 1024
PUBLIC_KEY_MAX = 4096

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?|-[0-9]{1,12}(\.[0-9]{1,12})?")
_PUBLIC_KEY = re.compile(
    r"-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\n]+\n-----END PUBLIC KEY-----\n?"
)
_LOCAL_URL = re.compile(r"http://(127\.0\.0\.1|\[::1\]):[0-9]{1,5}/?")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SCHEMES = {"ws_url": ("wss", "ws"), "rest_url": ("https", "http")}
_BOOLEANS = {"true": True, "True": True, "TRUE": True}
_BOOLEANS |= {"false": False, "False": False, "FALSE": False}


class BadValueError(ValueError):
    """The text is no value of its kind; the message says what was expected."""


def whole(description: str, least: int, most: int, unit: str = "") -> Meta:
    """Declare a whole number from `least` to `most`."""
    return Meta(description=description, ge=least, le=most, extra={"unit": unit})


def decimal(description: str, least: str, most: str, unit: str = "") -> Meta:
    """Declare exact decimal text from `least` to `most`."""
    bounds = {"least": least, "most": most, "unit": unit}
    # In the file it may stand without quotes, where other programs take it for a number.
    schema = {"type": ["string", "number"], "format": "decimal"}
    return Meta(
        description=description, extra={"format": "decimal", **bounds}, extra_json_schema=schema
    )


def text(description: str, form: TextFormat = "text", hints: dict[str, str] | None = None) -> Meta:
    """Declare text of a form; `hints` explain values that are refused on purpose."""
    return Meta(description=description, extra={"format": form, "hints": hints or {}})


def parse_scalar(kind: inspect.Type, given: str, quoted: bool) -> Any:
    """Return the value of `given`; raises BadValueError."""
    extra: dict[str, Any] = {}
    if isinstance(kind, inspect.Metadata):
        extra, kind = kind.extra or {}, kind.type
    if isinstance(kind, inspect.IntType):
        return _whole(kind, given, quoted, extra)
    if isinstance(kind, inspect.BoolType):
        return _boolean(given, quoted)
    if isinstance(kind, inspect.LiteralType):
        return _choice(kind, given, extra.get("hints", {}))
    assert isinstance(kind, inspect.StrType), kind
    return _text(given, extra)


def expectation(kind: inspect.Type) -> str:
    """Return what a key expects, for people."""
    extra: dict[str, Any] = {}
    if isinstance(kind, inspect.Metadata):
        extra, kind = kind.extra or {}, kind.type
    words = _FORMS[extra.get("format", "text")]
    if isinstance(kind, inspect.IntType):
        words = _whole_words(kind, extra)
    elif isinstance(kind, inspect.LiteralType):
        words = " or ".join(str(value) for value in kind.values)
    elif isinstance(kind, inspect.UnionType):
        words = " or ".join(expectation(one) for one in kind.types)
    elif extra.get("format") == "decimal":
        words = _decimal_words(extra)
    elif type(kind) in _WORDS:
        words = _WORDS[type(kind)]
    return words


_WORDS: dict[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.StructType: "a section of `key: value` lines",
    inspect.VarTupleType: "a list",
    inspect.DictType: "a section of `key: value` lines",
}
_FORMS = {
    "text": "text",
    "decimal": "a decimal number",
    "ws_url": "an address like wss://host:port/path (ws:// only to this machine)",
    "rest_url": "an address like https://host:port/path (http:// only to this machine)",
    "local_url": "an address like http://127.0.0.1:port, or empty text",
    "path": "a path",
    "file": "a path, or empty text for no file",
    "public_key": "a public key in PEM form (-----BEGIN PUBLIC KEY----- …), or empty text",
    "socket_path": f"a path of at most {SOCKET_PATH_BYTES_MAX} bytes",
}


def _whole_words(kind: inspect.IntType, extra: dict[str, Any]) -> str:
    return f"a whole number{_unit(extra)} from {kind.ge} to {kind.le}"


def _decimal_words(extra: dict[str, Any]) -> str:
    return f"a decimal number{_unit(extra)} from {extra['least']} to {extra['most']}"


def _unit(extra: dict[str, Any]) -> str:
    return f" of {extra['unit']}" if extra.get("unit") else ""


def _whole(kind: inspect.IntType, given: str, quoted: bool, extra: dict[str, Any]) -> int:
    words = _whole_words(kind, extra)
    if quoted:
        raise BadValueError(f"{words}, without quotes")
    value = int(given) if _WHOLE.fullmatch(given) else None
    if value is None or not (kind.ge or 0) <= value <= (kind.le or 0):
        raise BadValueError(words)
    return value


def _boolean(given: str, quoted: bool) -> bool:
    if quoted or given not in _BOOLEANS:
        raise BadValueError("true or false" + (", without quotes" if quoted else ""))
    return _BOOLEANS[given]


def _choice(kind: inspect.LiteralType, given: str, hints: dict[str, str]) -> object:
    for value in kind.values:
        if given == str(value):
            return value
    hint = hints.get(given)
    choices = " or ".join(str(value) for value in kind.values)
    raise BadValueError(f"{choices}; {hint}" if hint else choices)


def _text(given: str, extra: dict[str, Any]) -> str:
    form = extra.get("format", "text")
    if form == "public_key":
        return _public_key(given)
    if len(given) > TEXT_MAX or not given.isprintable():
        raise BadValueError(f"printable text of at most {TEXT_MAX} characters")
    if form == "decimal":
        return _decimal(given, extra)
    if form in _SCHEMES and not _is_url(given, _SCHEMES[form]):
        raise BadValueError(_FORMS[form])
    if form == "local_url" and given and not _LOCAL_URL.fullmatch(given):
        raise BadValueError(_FORMS[form])
    if form == "file" and not given:
        return given
    if form in ("path", "file", "socket_path"):
        return _path(given, form)
    return given


def _decimal(given: str, extra: dict[str, Any]) -> str:
    if not _DECIMAL.fullmatch(given):
        raise BadValueError(_decimal_words(extra))
    if not Decimal(extra["least"]) <= Decimal(given) <= Decimal(extra["most"]):
        raise BadValueError(_decimal_words(extra))
    return given


def _public_key(given: str) -> str:
    if given and (len(given) > PUBLIC_KEY_MAX or not _PUBLIC_KEY.fullmatch(given)):
        raise BadValueError(_FORMS["public_key"])
    return given


def _is_url(given: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(given)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme not in schemes or not host or port == 0:
        return False
    if parts.username or parts.password or parts.query or parts.fragment or " " in given:
        return False
    return parts.scheme == schemes[0] or host in _LOOPBACK


def _path(given: str, form: str) -> str:
    if given.startswith("~"):
        raise BadValueError("a path without ~, which is not expanded here")
    if not PurePosixPath(given).name:
        raise BadValueError("a path that names a file or folder")
    if form == "socket_path" and len(given.encode()) > SOCKET_PATH_BYTES_MAX:
        raise BadValueError(_FORMS[form])
    return given
