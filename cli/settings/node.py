"""The values of a configuration before they have types: text with the place it stands at.

The type of a key decides how its text is read, never the look of the text: `0.10` stays exact
where a decimal is expected, and an instrument named NO is not a boolean.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from .problem import Origin, shown

NULLS = ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Scalar:
    """One piece of text; `quoted` tells that the file had it in quotes."""

    text: str
    origin: Origin
    quoted: bool = False

    @property
    def null(self) -> bool:
        """Whether the file holds nothing here."""
        return not self.quoted and self.origin.kind == "file" and self.text in NULLS


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple["Node", ...]
    origin: Origin


@dataclass(slots=True)
class Table:
    """Keys with their values; `places` says where each key stands."""

    origin: Origin
    entries: dict[str, "Node"] = field(default_factory=dict)
    places: dict[str, Origin] = field(default_factory=dict)


Node: TypeAlias = Scalar | Items | Table


def described(node: Node) -> str:
    """Return what a node holds, in words for a message."""
    if isinstance(node, Items):
        return f"a list of {len(node.items)}"
    if isinstance(node, Table):
        return "a section"
    return "nothing" if node.null else shown(node.text)
