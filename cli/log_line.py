"""One line of the log: its fields made plain and free of secrets, then JSON or text for people."""

import json
import traceback
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import TracebackType
from typing import Any, TypeAlias
from urllib.parse import quote

import orjson

from .settings import MASK, Secret

TEXT_MAX = 8_192
ITEMS_MAX = 64
DEPTH_MAX = 4
#: Shorter texts are no credentials, and masking them would make lines unreadable.
SECRET_MIN = 6

Fields: TypeAlias = dict[str, Any]
ExceptionInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]

_COLORS = {"debug": "\x1b[2m", "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31;1m"}
_RESET = "\x1b[0m"
#: What the text of a foreign object may raise; a line is never worth more than its caller.
_TEXT_ERRORS = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError),
    *(OSError, RuntimeError, TypeError, ValueError),
)


class Mask:
    """Replaces known secrets in text, also where they were escaped, quoted or broken in lines."""

    def __init__(self, secrets: Sequence[str]) -> None:
        forms: set[str] = set()
        for secret in secrets:
            for part in (secret, *secret.splitlines()):
                forms |= {part, json.dumps(part)[1:-1], repr(part)[1:-1], quote(part, safe="")}
        # Longest first: a part must not break up the whole before it is found.
        self._forms = sorted((one for one in forms if len(one) >= SECRET_MIN), key=len)[::-1]

    def __call__(self, text: str) -> str:
        """Return `text` with every known secret replaced."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text


def plain(value: Any, mask: Mask, depth: int = 0) -> Any:
    """Return a value as plain data: text masked and cut, containers bounded, no foreign object."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return float(value)  # a subclass is nothing that JSON knows
    if isinstance(value, int) and not isinstance(value, Enum):
        # Beyond 64 bits JSON readers disagree; as text it stays exact.
        return value if -(2**63) <= value < 2**64 else str(value) if abs(value) < 10**100 else "int"
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _container(value, mask, depth + 1)
    return _text(value, mask)


def _container(value: Any, mask: Mask, depth: int) -> Any:
    if depth > DEPTH_MAX:
        return "..."
    if isinstance(value, Mapping):
        pairs = list(value.items())[:ITEMS_MAX]
        return {_text(key, mask): plain(one, mask, depth) for key, one in pairs}
    return [plain(one, mask, depth) for one in list(value)[:ITEMS_MAX]]


def exception_text(info: ExceptionInfo, mask: Mask) -> str:
    """Return the traceback of an exception, masked."""
    try:
        text = "".join(traceback.format_exception(*info, limit=-20)).rstrip()
    except _TEXT_ERRORS:
        text = info[0].__name__
    return mask(text)[-TEXT_MAX:]


def as_json(fields: Fields) -> str:
    """Return plain fields as one line of JSON."""
    return orjson.dumps(fields).decode()


def as_human(fields: Fields, *, colors: bool) -> str:
    """Return plain fields as a line for people: time, level, event, then the other fields."""
    rest = dict(fields)
    time, level, event = rest.pop("time"), rest.pop("level"), rest.pop("event")
    trace = rest.pop("exception", None)
    color = _COLORS.get(level, "") if colors else ""
    head = f"{time} {color}{level:<8}{_RESET if color else ''} {_shown(event)}"
    line = " ".join([head, *(f"{_shown(key)}={_value(value)}" for key, value in rest.items())])
    if trace is None:
        return line
    # Indented, so that no line of it can pass for a line of the log.
    return "\n".join([line, *(f"    {_shown(one)}" for one in trace.splitlines())])


def _text(value: object, mask: Mask) -> str:
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    if isinstance(value, Enum):
        text = str(value.value)
    elif isinstance(value, str | PurePath | Decimal):
        text = str(value)
    else:
        try:
            text = str(value)
        except _TEXT_ERRORS:
            text = f"<{type(value).__name__}>"
        if isinstance(value, BaseException):
            text = f"{type(value).__name__}: {text}"
    # Masked before it is cut: half a secret is not found any more.
    text = mask(text).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= TEXT_MAX else text[:TEXT_MAX] + "..."


def _shown(text: str) -> str:
    """Return text with control characters escaped: a terminal must not obey a venue."""
    return text if text.isprintable() else repr(text)[1:-1]


def _value(value: Any) -> str:
    if not isinstance(value, str):
        text = orjson.dumps(value).decode()
        return text if text.isprintable() else json.dumps(value)
    if value and value.isprintable() and not set(value) & set(" =\"'"):
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())
