"""Credentials: read from the environment only, and masked wherever they might be printed."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from market.instrument import VENUES

from .problem import Origin, Problem

MASK = "********"
SECRET_BYTES_MAX = 16 * 1024

_PARTS = ("API_KEY", "API_SECRET", "API_PASSPHRASE")
#: Every name that is looked for: BINANCE_API_KEY, BINANCE_US_API_KEY, COINBASE_API_SECRET, ...
SECRET_NAMES = tuple(
    f"{suffix.replace('-', '_')}_{part}" for suffix in VENUES.values() for part in _PARTS
)


class Secret:
    """A credential that prints as asterisks; `reveal()` is the only way to its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the credential itself."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


class Secrets(Mapping[str, Secret]):
    """The credentials found, by name; `origins` tells the variable or the file of each."""

    def __init__(self, found: Mapping[str, Secret], origins: Mapping[str, Origin]) -> None:
        self._found = dict(found)
        self.origins = dict(origins)

    def __getitem__(self, name: str) -> Secret:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self._found)})"

    def texts(self) -> tuple[str, ...]:
        """Return every credential's text, for the log's mask."""
        return tuple(secret.reveal() for secret in self._found.values())


def read_secrets(environment: Mapping[str, str]) -> tuple[Secrets, list[Problem]]:
    """Return the credentials of `environment` and what is wrong with them, never their text."""
    found: dict[str, Secret] = {}
    origins: dict[str, Origin] = {}
    problems: list[Problem] = []
    for name in SECRET_NAMES:
        direct, file = environment.get(name, ""), environment.get(f"{name}_FILE", "")
        variable = f"{name}_FILE" if file else name
        if not direct and not file:
            continue
        try:
            if direct and file:
                raise ValueError(f"{name} is set too, expected one of the two")
            text = _from_file(Path(file)) if file else direct
            found[name] = Secret(_checked(text))
            origins[name] = Origin("environment", variable)
        except ValueError as error:
            problems.append(Problem("", str(error), Origin("environment", variable)))
    return Secrets(found, origins), problems


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(SECRET_BYTES_MAX + 1)
    except OSError as error:
        raise ValueError(f"cannot read {str(path)!r}: {error.strerror or error}") from None
    if len(data) > SECRET_BYTES_MAX:
        raise ValueError(f"{str(path)!r} is larger than {SECRET_BYTES_MAX // 1024} KiB")
    try:
        return data.decode("ascii").strip()
    except UnicodeDecodeError:
        raise ValueError(f"{str(path)!r} is not plain text") from None


def _checked(text: str) -> str:
    # A PEM key has lines; one that was squeezed into a variable has the two characters \n instead.
    text = text.strip().replace("\\n", "\n")
    if not text:
        raise ValueError("is empty, expected a credential")
    if not re.fullmatch(r"[\x20-\x7e\n]+", text):
        raise ValueError("holds characters that no credential has")
    return text
