"""The option `--hashes FILE`: the way of every book, to be compared with that of another run."""

import argparse
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from node import Node
from replay.book_log import BookLog

#: Called with the node behind each input.
After = Callable[[Node], None]


class HashesError(Exception):
    """The file cannot be written; the message says why."""


def add_hashes_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.add_argument(
        "--hashes",
        type=Path,
        metavar="FILE",
        help="write a line for each book that an input brought on: instrument, last sequence,"
        " hash of all levels; runs over the same market data write the same",
    )


@contextlib.contextmanager
def hashes(path: Path | None) -> Iterator[After | None]:
    """Yield what writes a node's books down, None without a path; HashesError."""
    if path is None:
        yield None
        return
    with _told(path):
        out = path.open("w", encoding="utf-8")
    log = BookLog(out)

    def after(node: Node) -> None:
        with _told(path):
            log.after(node.books, node.instruments)

    try:
        yield after
    finally:
        with _told(path):
            out.close()


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HashesError(f"--hashes {path}: {error.strerror}") from None
