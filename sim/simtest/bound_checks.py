"""Whether everything that could grow stays small."""

from collections.abc import Callable

from market.effects import Effect
from node import Node

#: Far below the limits that the parts have by themselves: these are for four venues' books.
TIMERS_MAX = 600
BUFFERED_MAX = 4_000
LINKS_MAX = 12
EFFECTS_MAX = 200
ERRORS_MAX = 64


class BoundChecker:
    """Compares sizes with bounds; `peaks` are the largest sizes seen, by name."""

    def __init__(self, report: Callable[[str, str], None]) -> None:
        self._report = report
        self.peaks: dict[str, int] = {}

    def after(self, effects: list[Effect]) -> None:
        """An input was handled."""
        if len(effects) > 8:
            self._note("effects of one input", len(effects), EFFECTS_MAX)

    def look(self, node: Node) -> None:
        """Look at the node's own queues."""
        self._note("timers", len(node.timers), TIMERS_MAX)
        self._note("connections", len(node.links), LINKS_MAX)
        self._note("buffered diffs", max(book.buffered for book in node.books), BUFFERED_MAX)
        errors = max(len(link.errors) for link in node.links.values())
        self._note("error names", errors, ERRORS_MAX)

    def _note(self, name: str, size: int, most: int) -> None:
        if size > self.peaks.get(name, 0):
            self.peaks[name] = size
            if size > most:
                self._report("bound", f"{size} {name}, more than {most}")
