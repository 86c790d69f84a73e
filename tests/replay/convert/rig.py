"""What the tests of conversion share: the verb, small public files, books of a node."""

import json
from pathlib import Path

from cli.main import main
from node import Node, NodeConfig
from replay.lines import chunks
from replay.source import Recorded, merged


def convert(capsys, *words) -> tuple[int, str, str]:
    """Run the verb; returns exit code, output, errors."""
    code = main(["convert", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def converted(capsys, *words) -> dict:
    """Run the verb, which must succeed; returns what it printed as JSON."""
    code, out, err = convert(capsys, *words, "--json")
    assert code == 0, err
    return json.loads(out)


def text_of(path: Path) -> bytes:
    """Return what a file holds, decompressed."""
    return b"".join(chunks(path))


def books_of(node: Node) -> dict:
    """Return state, and levels as exact text, of each book of a node."""
    return {
        instrument.id: (
            book.reason_label,
            *(
                [
                    (instrument.price.format(ticks), instrument.size.format(lots))
                    for ticks, lots in (book.levels(ask) if book.live else [])
                ]
                for ask in (False, True)
            ),
        )
        for instrument, book in zip(node.instruments, node.books, strict=True)
    }


def replayed(venue: str, *paths: Path) -> Node:
    """Return a node that has handled public files to their end."""
    node = Node(NodeConfig(discover=True))
    for item in merged([Recorded(venue, list(paths))]):
        node.handle(*item)
    return node
