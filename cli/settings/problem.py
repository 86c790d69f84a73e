"""Problems of a configuration: each names the exact path, the value and what was expected."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

#: Problems listed at once; the rest is counted.
PROBLEMS_MAX = 50
#: Characters of a value repeated in a message.
SHOWN_MAX = 60

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: `kind` is default, file, environment or command line.

    `name` is the file and line, or the variable, or the option; empty for a default.
    """

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.kind


DEFAULT = Origin("default")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: `path` is like `venues.binance.instruments[2]`, empty for the whole file."""

    path: str
    message: str
    origin: Origin = DEFAULT

    def __str__(self) -> str:
        where = f"{self.origin.name}: " if self.origin.name else ""
        return f"{where}{self.path}: {self.message}" if self.path else f"{where}{self.message}"

    def as_dict(self) -> dict[str, str]:
        """Return the problem as plain data."""
        return {
            "path": self.path,
            "message": self.message,
            "source": self.origin.kind,
            "where": self.origin.name,
        }


class SettingsError(Exception):
    """A configuration was refused; `problems` holds everything found, in order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(lines(self.problems)))


def lines(problems: tuple[Problem, ...]) -> list[str]:
    """Return a line for each problem, at most PROBLEMS_MAX and a line that counts the rest."""
    shown = [str(problem) for problem in problems[:PROBLEMS_MAX]]
    left_out = len(problems) - len(shown)
    return [*shown, f"... and {left_out} more"] if left_out else shown


def shown(text: str) -> str:
    """Return a value for a message: quoted, control characters escaped, cut to SHOWN_MAX."""
    return repr(text) if len(text) <= SHOWN_MAX else repr(text[:SHOWN_MAX]) + "..."


def join(path: str, key: str) -> str:
    """Return the path of `key` below `path`; a key that is no plain word is quoted."""
    name = key if _PLAIN_KEY.fullmatch(key) else shown(key)
    return f"{path}.{name}" if path else name


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ", did you mean X?" for the nearest known word, or the list of them."""
    names = list(known)
    near = difflib.get_close_matches(word.lower(), names, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"expected one of {', '.join(names)}"
