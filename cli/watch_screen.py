"""The whole screen of `crossquote watch`, fitted to a terminal of any size."""

from dataclasses import dataclass
from typing import Any

from rich.text import Text

from .fields import printable, rows, seconds, text
from .watch_books import WIDTH_MIN, book, one_line
from .watch_edges import base_of, edge_line, edges_of, ledger
from .watch_feed import LEVELS, Seen, Waiting
from .watch_head import connections, head
from .watch_text import Lines, beside, fit, packed, rule, shares
from .watch_trading import orders, schedules, worlds

#: A group of books is set beside another one where each has so many cells.
_GROUP_WIDTH = 80

#: Tables come onto the screen as soon as they leave so many levels.
_LEVELS_BEFORE_TABLES = 8


@dataclass(frozen=True, slots=True)
class _Group:
    """The books of one currency, and the edges between them."""

    base: str
    books: list[dict[str, Any]]
    edges: list[dict[str, Any]]

    def chrome(self, per_row: int) -> int:
        """Lines it takes without any level."""
        return 1 + 2 * self.stacks(per_row) + len(self.edges)

    def stacks(self, per_row: int) -> int:
        """Rows of books that stand above each other."""
        return -(-len(self.books) // per_row)


def screen(
    shown: Seen | Waiting, width: int, height: int, place: str, note: Text | None = None
) -> Lines:
    """Return exactly `height` lines of `width` cells; `place` names the daemon's door.

    A `note` takes the last line.
    """
    body: Lines = []
    hidden = 0
    if isinstance(shown, Waiting):
        top = _waiting(shown)
    else:
        top = [*head(shown, width), *worlds(shown, width)]
        body, hidden = _body(shown, width, height - len(top) - 1)
    lines = [*top, *body][: max(height - 1, 0)]
    lines += [Text()] * (height - 1 - len(lines))
    foot = note if note is not None else _foot(shown, width, place, hidden)
    return [fit(line, width) for line in [*lines, foot]]


def _waiting(shown: Waiting) -> Lines:
    return [
        Text("crossquote", "bold"),
        Text(),
        Text(f"waiting for the daemon, {seconds(shown.seconds)} by now", "bold yellow"),
        Text(printable(shown.reason)),
    ]


def _foot(shown: Seen | Waiting, width: int, place: str, hidden: int) -> Text:
    parts = [Text("q leaves", "reverse")]
    if isinstance(shown, Seen) and shown.pnl:
        parts.append(Text("h halts", "reverse"))
    if hidden:
        parts.append(Text(f"{hidden} more not shown: enlarge the terminal", "yellow"))
    if isinstance(shown, Seen):
        status = shown.status
        parts.append(Text.assemble(("pid ", "dim"), text(status, "pid")))
        parts.append(Text.assemble(("digest ", "dim"), text(status, "digest")))
    parts.append(Text(printable(place), "dim"))
    return packed(parts, width, "   ")


def _body(seen: Seen, width: int, height: int) -> tuple[Lines, int]:
    """Return the books, edges and tables that fit, and how many books do not."""
    groups, singles = _groups(seen)
    if not groups and not singles:
        return [Text(), Text("no books yet", "dim")], 0
    columns = max(min(width // _GROUP_WIDTH, len(groups)), 1)
    widths = shares(width, columns)
    per_row = max((min(widths) + 3) // (WIDTH_MIN + 3), 1)
    lines = [groups[at : at + columns] for at in range(0, len(groups), columns)]
    room = height - len(singles)
    while lines and _levels(lines, per_row, room) < 1:
        lines.pop()
    drawn = sum(len(line) for line in lines)
    hidden = sum(len(group.books) for group in groups[drawn:])
    tables: Lines = []
    trading = (schedules(seen, width), orders(seen, width))
    for table in (*trading, connections(seen, width), ledger(seen, width)):
        left = _levels(lines, per_row, room - len(tables) - len(table))
        if not hidden and left >= _LEVELS_BEFORE_TABLES:
            tables += table
    depth = min(_levels(lines, per_row, room - len(tables)), LEVELS)
    body: Lines = []
    for line in lines:
        blocks = [
            _drawn(group, at, per_row, depth) for group, at in zip(line, widths, strict=False)
        ]
        body += beside(blocks, widths[: len(blocks)], "   ")
    body += [one_line(row, width) for row in singles]
    kept = max(height - len(tables), 0)
    hidden += max(len(singles) - max(kept - (len(body) - len(singles)), 0), 0)
    return [*body[:kept], *tables], hidden


def _groups(seen: Seen) -> tuple[list[_Group], list[dict[str, Any]]]:
    """Return the books that have others to be compared with, by currency, and those that do not."""
    by_base: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows(seen.books), key=lambda row: text(row, "instrument")):
        by_base.setdefault(base_of(text(row, "instrument")), []).append(row)
    groups = [
        _Group(base, books, edges_of(seen, base))
        for base, books in by_base.items()
        if len(books) > 1
    ]
    return groups, [books[0] for books in by_base.values() if len(books) == 1]


def _levels(lines: list[list[_Group]], per_row: int, height: int) -> int:
    """Return the levels each book may show so that all lines of groups fit; LEVELS for none."""
    if not lines:
        return LEVELS
    chrome = sum(max(group.chrome(per_row) for group in line) for line in lines)
    stacks = sum(max(group.stacks(per_row) for group in line) for line in lines)
    return (height - chrome) // stacks


def _drawn(group: _Group, width: int, per_row: int, depth: int) -> Lines:
    """Return a group as lines: a rule, its books, its edges."""
    out = [rule(group.base, width)]
    for start in range(0, len(group.books), per_row):
        row = group.books[start : start + per_row]
        widths = shares(width, min(per_row, len(group.books)))[: len(row)]
        out += beside([book(one, at, depth) for one, at in zip(row, widths, strict=True)], widths)
    return [*out, *(edge_line(row, width) for row in group.edges)]
