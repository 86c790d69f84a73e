"""A bar on the terminal for the bytes that a conversion has read."""

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn


class Heard:
    """Called with the number of bytes read since the last call."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar
        self._task = bar.add_task("reading", total=None) if bar is not None else None

    def total(self, size: int) -> None:
        """Say how many bytes there are."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, total=size)

    def __call__(self, count: int) -> None:
        """Take the number of bytes just read."""
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, count)


@contextlib.contextmanager
def progress(*, quiet: bool) -> Iterator[Heard]:
    """Show a bar on standard error while the block runs, nothing where `quiet`."""
    if quiet:
        yield Heard(None)
        return
    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Heard(bar)
