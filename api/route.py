"""A route of the API: the one source of what is served, checked, permitted and described."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, TypeAlias

import msgspec
import orjson

from .host import Host


class Scope(StrEnum):
    """What a caller may do: look, or change something."""

    READ = "read"
    TRADE = "trade"


class RefusedError(Exception):
    """The request is refused with an HTTP status; the message says why, for people."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})


class BadRequestError(RefusedError):
    """The request is wrong; the message says how."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(status, message)


#: Digits of a whole number in a path or a query: ids are 64 bits.
_DIGITS = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value in the path or the query: a whole number in bounds, a choice, or text."""

    name: str
    kind: Literal["integer", "text"]
    description: str
    default: int | str | None = None
    least: int = 0
    most: int = 10**18 - 1
    choices: tuple[str, ...] = ()
    pattern: str = ""
    length_max: int = 128

    def parse(self, given: str) -> int | str:
        """Return the value; BadRequestError says what was expected."""
        if self.kind == "integer":
            if not _DIGITS.fullmatch(given):
                raise BadRequestError(f"{self.name}: {given[:20]!r} is not a whole number")
            value = int(given)
            if not self.least <= value <= self.most:
                raise BadRequestError(
                    f"{self.name}: {value} is not within {self.least} and {self.most}"
                )
            return value
        if self.choices and given not in self.choices:
            raise BadRequestError(f"{self.name}: expected one of {', '.join(self.choices)}")
        if len(given) > self.length_max:
            raise BadRequestError(f"{self.name}: longer than {self.length_max} characters")
        if self.pattern and not re.fullmatch(self.pattern, given):
            raise BadRequestError(f"{self.name}: {given[:40]!r} is none")
        return given

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value."""
        if self.kind == "integer":
            found: dict[str, Any] = {
                "type": "integer",
                "minimum": self.least,
                "maximum": self.most,
            }
        else:
            found = {"type": "string", "maxLength": self.length_max}
            if self.choices:
                found["enum"] = list(self.choices)
            if self.pattern:
                found["pattern"] = f"^{self.pattern}$"
        if self.default is not None:
            found["default"] = self.default
        return found


@dataclass(slots=True)
class Call:
    """One request that was checked: who asks, the values of path and query, and the body."""

    host: Host
    caller: str
    values: dict[str, Any]
    body: Any = None
    now_ns: int = 0

    def number(self, name: str) -> int:
        """Return a whole number of path or query."""
        value: int = self.values[name]
        return value

    def text(self, name: str) -> str:
        """Return a text of path or query, '' where it was left out."""
        return self.values.get(name) or ""


Handler: TypeAlias = Callable[[Call], Any] | Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """What is answered at a method and path. `name` is its own among all routes.

    `changes` says that it changes something: it needs the scope `trade` and is put on record.
    `refusals` are the statuses by which it may refuse, beside those that every route has.
    """

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    name: str
    summary: str
    answer: Any
    handle: Handler
    tag: str
    parameters: tuple[Parameter, ...] = ()
    body: type[msgspec.Struct] | None = None
    refusals: tuple[int, ...] = ()
    changes: bool = field(default=False)

    @property
    def scope(self) -> Scope:
        """What a caller's token must allow."""
        return Scope.TRADE if self.changes else Scope.READ

    @property
    def in_path(self) -> tuple[Parameter, ...]:
        """The parameters that stand in the path."""
        return tuple(one for one in self.parameters if f"{{{one.name}}}" in self.path)

    @property
    def in_query(self) -> tuple[Parameter, ...]:
        """The parameters that stand in the query."""
        return tuple(one for one in self.parameters if f"{{{one.name}}}" not in self.path)

    @property
    def body_needed(self) -> bool:
        """Whether a request must have a body: some of its keys have no default."""
        if self.body is None:
            return False
        return any(one.required for one in msgspec.structs.fields(self.body))

    def values(self, path: Mapping[str, str], query: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Return the values of a request's path and query; raises BadRequestError."""
        found: dict[str, Any] = {one.name: one.default for one in self.parameters}
        for one in self.in_path:
            found[one.name] = one.parse(path[one.name])
        known = {one.name: one for one in self.in_query}
        seen: set[str] = set()
        for key, given in query:
            parameter = known.get(key)
            if parameter is None:
                names = ", ".join(known) or "none"
                raise BadRequestError(f"unknown parameter {key[:40]!r}; there are: {names}")
            if key in seen:
                raise BadRequestError(f"{key}: given more than once")
            seen.add(key)
            found[key] = parameter.parse(given)
        return found

    def decode(self, body: bytes) -> Any:
        """Return a request's body; raises BadRequestError."""
        if self.body is None:
            if body:
                raise BadRequestError("this request takes no body")
            return None
        try:
            return msgspec.convert(_whole(orjson.loads(body or b"{}")), self.body)
        except orjson.JSONDecodeError as error:
            raise BadRequestError(f"body: not JSON: {error}") from None
        except msgspec.ValidationError as error:
            raise BadRequestError(f"body: {error}") from None


def _whole(given: Any) -> Any:
    """Return an object whose numbers like 5.0 are whole: to JSON Schema they are integers."""
    if not isinstance(given, dict):
        return given
    return {
        key: int(one) if isinstance(one, float) and one.is_integer() and abs(one) < 2**53 else one
        for key, one in given.items()
    }
