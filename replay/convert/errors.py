"""Why a conversion ends.

ConvertError
├── DirectionError   the target cannot hold this source, or would have to invent what it lacks
└── DamageError      the source is damaged; file and record are named
"""

from dataclasses import dataclass, field

from replay.forms import Problems


class ConvertError(Exception):
    """A conversion cannot go on; the message is for the user."""


class DirectionError(ConvertError):
    """The target cannot hold what the source has, or needs what the source does not have."""


class DamageError(ConvertError):
    """The source is damaged; the message names the file and the line or record."""


@dataclass(slots=True)
class Tolerance:
    """What happens at damage: the conversion ends, or goes on behind it and tells at the end."""

    keep_going: bool = False
    problems: Problems = field(default_factory=Problems)

    def damage(self, text: str) -> None:
        """Take note of damage; raises DamageError unless the conversion is to go on."""
        if not self.keep_going:
            raise DamageError(text)
        self.problems.add(text)

    def of_file(self, name: str) -> Problems:
        """Return where the reader of a public form tells the damage of one file."""
        return _FileProblems(self, name)


class _FileProblems(Problems):
    def __init__(self, tolerance: Tolerance, name: str) -> None:
        super().__init__()
        self._tolerance = tolerance
        self._name = name

    def add(self, text: str) -> None:
        super().add(text)
        self._tolerance.damage(f"{self._name}: {text}")
